//! Notifications without a value: one waiter at a time, or all.
#![forbid(unsafe_code)]

mod core;
mod notified;

pub use notified::{Notified, OwnedNotified};

use self::core::{Core, Order};
use crate::sync::const_unless_loom;
use std::fmt;
use std::sync::Arc;

/// Lets tasks wait until something happened, without saying what.
///
/// [`notify_one`](Self::notify_one) lets one waiter go, the most urgent first, in order of arrival
/// within a lane; without a waiter the notification is stored for the next one who comes. At most
/// one is stored. [`notify_waiters`](Self::notify_waiters) lets all go whose wait was made before,
/// and stores nothing.
///
/// Notifying without waiters, and taking a stored notification, is one atomic operation.
///
/// # Cancel safety
/// A future of its methods that is dropped loses its turn; a notification that was meant for it goes to
/// the next, or is stored.
///
/// # Examples
/// A queue of one's own, with one consumer:
/// ```
/// use qi_sync::Notify;
/// use std::collections::VecDeque;
/// use std::sync::{Arc, Mutex};
///
/// #[derive(Default)]
/// struct Queue {
///     items: Mutex<VecDeque<u32>>,
///     came: Notify,
/// }
///
/// impl Queue {
///     fn push(&self, item: u32) {
///         self.items.lock().unwrap().push_back(item);
///         self.came.notify_one();
///     }
///
///     async fn pop(&self) -> u32 {
///         loop {
///             let item = self.items.lock().unwrap().pop_front();
///             match item {
///                 Some(item) => return item,
///                 None => self.came.notified().await,
///             }
///         }
///     }
/// }
///
/// # let scheduler = qi_sched::Scheduler::builder().worker_threads(2).build()?;
/// let queue = Arc::new(Queue::default());
/// let consumer = queue.clone();
/// let task = scheduler.spawn(async move { consumer.pop().await + consumer.pop().await });
/// queue.push(1);
/// queue.push(2);
/// assert_eq!(scheduler.block_on(task)?, 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Notify {
    core: Core,
}

impl Notify {
    const_unless_loom! {
        /// Makes one with nothing stored.
        #[must_use]
        pub fn new() -> Self {
            Self { core: Core::new() }
        }
    }

    /// Waits for a notification. It is made now: it hears of each
    /// [`notify_waiters`](Self::notify_waiters) from now on, polled or not. For
    /// [`notify_one`](Self::notify_one) it stands in line from its first poll on, or from
    /// [`enable`](Notified::enable).
    ///
    /// # Cancel safety
    /// Dropped while it waits it loses its turn. A notification of `notify_one` that was meant for
    /// it goes to the next, or is stored.
    pub fn notified(&self) -> Notified<'_> {
        Notified::new(&self.core)
    }

    /// Waits for a notification, and keeps this alive; else as [`notified`](Self::notified).
    ///
    /// # Cancel safety
    /// As [`notified`](Self::notified).
    pub fn notified_owned(self: Arc<Self>) -> OwnedNotified {
        OwnedNotified::new(self)
    }

    /// Lets the waiter go who is next, or stores the notification.
    pub fn notify_one(&self) {
        self.core.notify(Order::First);
    }

    /// Lets the waiter go who came last to the lane that is next, or stores the notification.
    /// Of a pool of idle helpers it wakes the one whose caches are warmest; the first may wait for
    /// ever.
    pub fn notify_last(&self) {
        self.core.notify(Order::Last);
    }

    /// Lets all go whose wait was made before this call. Nothing is stored.
    ///
    /// # Examples
    /// ```
    /// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
    /// # scheduler.block_on(async {
    /// let notify = qi_sync::Notify::new();
    /// let (first, second) = (notify.notified(), notify.notified());
    /// notify.notify_waiters();
    /// first.await;
    /// second.await;
    /// # });
    /// ```
    pub fn notify_waiters(&self) {
        self.core.notify_all();
    }
}

impl Default for Notify {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notify").finish_non_exhaustive()
    }
}
