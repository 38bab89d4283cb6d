//! By what a coroutine is called: a number and a name.
#![forbid(unsafe_code)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// By what a coroutine is called in messages.
///
/// # Examples
/// ```
/// use qi_coroutine::Label;
/// let label = Label::new("reader").with_id(12);
/// assert_eq!((label.id(), label.name()), (12, Some("reader")));
/// ```
#[derive(Clone, Debug)]
pub struct Label {
    id: u64,
    name: Option<Arc<str>>,
}

static NEXT: AtomicU64 = AtomicU64::new(1);

impl Label {
    /// A name, with the next number of the process.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self { name: Some(name.into()), ..Self::unnamed() }
    }

    /// The next number of the process, without a name.
    #[must_use]
    pub fn unnamed() -> Self {
        // Relaxed: only the number itself counts, nothing is published by it.
        Self::numbered(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// A number that the caller counts, without a name; costs nothing.
    #[inline]
    #[must_use]
    pub fn numbered(id: u64) -> Self {
        Self { id, name: None }
    }

    /// The same name with another number.
    #[must_use]
    pub fn with_id(self, id: u64) -> Self {
        Self { id, ..self }
    }

    /// The same number with another name.
    #[must_use]
    pub fn named(self, name: Option<Arc<str>>) -> Self {
        Self { name, ..self }
    }

    /// The number.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The name, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}
