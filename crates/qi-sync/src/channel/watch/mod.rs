//! A channel that keeps the newest value only, for all who look.
//!
//! Receivers see a value or a newer one; what was replaced before they looked they never see. There
//! is always a value.
#![forbid(unsafe_code)]

mod receiver;
mod sender;
mod shared;

pub use super::error::{RecvTimeoutError, SendError};
pub use receiver::{Changed, Receiver};
pub use sender::{Sender, UntilClosed};
use shared::Shared;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, RwLockReadGuard};
use thiserror::Error;

/// The senders are gone, and there is no value that was not seen.
///
/// # Examples
/// ```
/// use qi_sync::channel::watch::{RecvError, channel};
/// let (tx, mut rx) = channel("starting");
/// tx.send("done")?;
/// drop(tx);
/// assert_eq!(rx.blocking_changed(), Ok(()), "the last value comes first");
/// assert_eq!(rx.blocking_changed(), Err(RecvError));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the senders are gone")]
pub struct RecvError;

impl RecvError {
    /// The message in Chinese.
    #[must_use]
    pub fn message_zh(&self) -> String {
        "发送方已全部离开".to_owned()
    }
}

/// Makes a channel with a first value, which the receiver counts as seen.
///
/// # Examples
/// ```
/// let (tx, mut rx) = qi_sync::channel::watch::channel("starting");
/// assert_eq!(*rx.borrow(), "starting");
/// tx.send("running")?;
/// assert!(rx.has_changed()?);
/// assert_eq!(*rx.borrow_and_update(), "running");
/// assert!(!rx.has_changed()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn channel<T>(first: T) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared::new(first));
    let receiver = Receiver::new(shared.clone());
    (Sender::new(shared), receiver)
}

/// A look at the value. While it lives no sender can replace the value: keep it short, and do not
/// hold it across an `.await`.
///
/// # Examples
/// ```
/// let (_tx, rx) = qi_sync::channel::watch::channel(String::from("first"));
/// let seen = rx.borrow();
/// assert_eq!(seen.len(), 5);
/// assert!(!seen.is_new(), "it was there from the start");
/// ```
pub struct Ref<'a, T> {
    value: RwLockReadGuard<'a, T>,
    is_new: bool,
}

impl<T> Ref<'_, T> {
    /// Whether the receiver had not marked this value as seen before.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.is_new
    }
}

impl<T> Deref for Ref<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Ref<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
