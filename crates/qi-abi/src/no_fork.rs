//! This system has no `fork`.
#![forbid(unsafe_code)]

pub(crate) fn watch() {}

pub(crate) fn is_child() -> bool {
    false
}
