//! Places in a channel that are promised to somebody.
#![forbid(unsafe_code)]

use super::core::Chan;
use super::error::SendError;
use super::sender::Sender;
use std::fmt;

/// A place in a channel. Sending by it neither waits nor fails for want of room; dropping it gives
/// the place back.
///
/// A receiver that closes the channel still waits for the values of permits given before.
///
/// # Examples
/// ```
/// use qi_sync::channel::mpsc;
/// let (tx, mut rx) = mpsc::bounded(1);
/// let permit = tx.try_reserve()?;
/// assert!(tx.try_send(1).is_err(), "the place is promised");
/// permit.send(2)?;
/// assert_eq!(rx.try_recv(), Ok(2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "dropping it gives the place back"]
pub struct Permit<'a, T> {
    chan: &'a Chan<T>,
}

impl<'a, T> Permit<'a, T> {
    /// A place was reserved just now.
    pub(super) fn new(chan: &'a Chan<T>) -> Self {
        Self { chan }
    }

    /// Sends by this place.
    ///
    /// # Errors
    /// [`SendError`] with the value if the receivers are gone.
    pub fn send(self, value: T) -> Result<(), SendError<T>> {
        if self.chan.receivers() == 0 {
            return Err(SendError(value));
        }
        // The place is used up.
        let chan = self.chan;
        std::mem::forget(self);
        chan.send_reserved(value);
        Ok(())
    }
}

impl<T> Drop for Permit<'_, T> {
    fn drop(&mut self) {
        self.chan.release(1);
    }
}

impl<T> fmt::Debug for Permit<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").finish_non_exhaustive()
    }
}

/// Several places in a channel, given out one by one. Those left when it is dropped are given back.
///
/// # Examples
/// ```
/// use qi_sync::channel::mpsc;
/// let (tx, mut rx) = mpsc::bounded(3);
/// for (permit, number) in tx.try_reserve_many(2)?.zip(1..) {
///     permit.send(number)?;
/// }
/// assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(1), Ok(2)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "dropping it gives the places back"]
pub struct Permits<'a, T> {
    chan: &'a Chan<T>,
    left: usize,
}

impl<'a, T> Permits<'a, T> {
    /// So many places were reserved just now.
    pub(super) fn new(chan: &'a Chan<T>, left: usize) -> Self {
        Self { chan, left }
    }
}

impl<'a, T> Iterator for Permits<'a, T> {
    type Item = Permit<'a, T>;

    fn next(&mut self) -> Option<Permit<'a, T>> {
        self.left = self.left.checked_sub(1)?;
        Some(Permit::new(self.chan))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T> ExactSizeIterator for Permits<'_, T> {}
impl<T> std::iter::FusedIterator for Permits<'_, T> {}

impl<T> Drop for Permits<'_, T> {
    fn drop(&mut self) {
        if self.left > 0 {
            self.chan.release(self.left);
        }
    }
}

impl<T> fmt::Debug for Permits<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permits").field("left", &self.left).finish_non_exhaustive()
    }
}

/// A place in a channel together with the sender that it was reserved by, so that it borrows
/// nothing.
///
/// # Examples
/// ```
/// use qi_sync::channel::mpsc;
/// let (tx, mut rx) = mpsc::bounded(1);
/// let permit = tx.try_reserve_owned().map_err(|(why, _tx)| why)?;
/// let tx = permit.send(7)?; // The sender comes back.
/// assert_eq!(rx.try_recv(), Ok(7));
/// # drop(tx);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "dropping it gives the place back"]
pub struct OwnedPermit<T> {
    sender: Sender<T>,
    /// Cleared when the place was used.
    holds: bool,
}

impl<T> OwnedPermit<T> {
    /// A place was reserved just now by this sender.
    pub(super) fn new(sender: Sender<T>) -> Self {
        Self { sender, holds: true }
    }

    /// Sends by this place, and gives the sender back.
    ///
    /// # Errors
    /// [`SendError`] with the value if the receivers are gone.
    pub fn send(mut self, value: T) -> Result<Sender<T>, SendError<T>> {
        self.holds = false;
        let sender = self.sender.clone();
        Permit::new(sender.chan()).send(value)?;
        Ok(sender)
    }

    /// Gives the place back, and the sender to the caller.
    pub fn release(self) -> Sender<T> {
        self.sender.clone()
    }
}

impl<T> Drop for OwnedPermit<T> {
    fn drop(&mut self) {
        if self.holds {
            self.sender.chan().release(1);
        }
    }
}

impl<T> fmt::Debug for OwnedPermit<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedPermit").finish_non_exhaustive()
    }
}
