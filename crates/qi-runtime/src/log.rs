//! What `debug: true` does: events reach standard error even if the program set nothing up.

use tracing::Dispatch;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::NoSubscriber;

/// A subscriber for Qi's own threads, unless the program has one. It is never set globally, so a
/// later `init()` of the program still succeeds.
pub(crate) fn dispatch_for_own_threads() -> Option<Dispatch> {
    let installed = tracing::dispatcher::get_default(|current| !current.is::<NoSubscriber>());
    if installed {
        return None;
    }
    let subscriber = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(LevelFilter::DEBUG)
        .with_ansi(false)
        .finish();
    Some(Dispatch::new(subscriber))
}
