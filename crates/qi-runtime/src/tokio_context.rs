//! Life with Tokio: the context that the runtime was made in stays entered on its threads.

/// The Tokio runtime that the calling thread is inside of.
#[derive(Clone)]
pub(crate) struct Surrounding(Option<tokio::runtime::Handle>);

impl Surrounding {
    pub(crate) fn here() -> Self {
        Self(tokio::runtime::Handle::try_current().ok())
    }

    /// Runs `life` with that context entered.
    pub(crate) fn around(&self, life: &mut dyn FnMut()) {
        let _entered = self.0.as_ref().map(tokio::runtime::Handle::enter);
        life();
    }
}
