//! No sanitizer: nothing to tell.
#![forbid(unsafe_code)]

pub(crate) struct Fiber;

impl Fiber {
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Self
    }
}

pub(crate) struct Parent;

#[inline(always)]
pub(crate) fn enter(_fiber: &mut Fiber) -> Parent {
    Parent
}

#[inline(always)]
pub(crate) fn leave(_parent: Parent) {}
