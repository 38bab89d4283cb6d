//! The stand-in for [`tokio_context`] without the feature `tokio`: there is nothing around.

/// No context.
#[derive(Clone)]
pub(crate) struct Surrounding;

impl Surrounding {
    pub(crate) fn here() -> Self {
        Self
    }

    /// Runs `life`.
    #[allow(clippy::unused_self, reason = "the same interface as with the feature")]
    pub(crate) fn around(&self, life: &mut dyn FnMut()) {
        life();
    }
}
