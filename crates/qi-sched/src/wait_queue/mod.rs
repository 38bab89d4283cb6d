//! The waiters of a synchronisation primitive, the most urgent first: for authors of primitives.
//!
//! A [`WaitQueue`] says who is next; it does no locking and calls no code of the user's. A
//! primitive keeps one behind a mutex of its own, next to the state that is waited for:
//!
//! 1. A future that has to wait clones its waker, takes the mutex, looks at the state once more,
//!    and calls [`insert`](WaitQueue::insert) with its lane, which is
//!    [`context::lane`](crate::context::lane). It keeps the [`WaiterKey`].
//! 2. Polled again it asks [`is_waiting`](WaitQueue::is_waiting). If it still waits, it makes sure
//!    that its waker is the right one ([`wakes`](WaitQueue::wakes),
//!    [`set_waker`](WaitQueue::set_waker)) and that its lane is
//!    ([`set_lane`](WaitQueue::set_lane): a task can be raised while it waits).
//! 3. Whoever changes the state calls [`pop`](WaitQueue::pop), may leave a message in the payload,
//!    and wakes the waker it got *after* the mutex was released. The entry stays for its owner.
//! 4. In the end, and when it is dropped, the future calls [`remove`](WaitQueue::remove). If the
//!    answer says that it was popped and it gives up all the same, it passes on what it was given:
//!    usually by popping the next.
//!
//! Wakers are cloned and dropped outside of the mutex: both may be code of the user's. That is why
//! the methods take and give wakers by value.
//!
//! # Order
//! The next is the first of the most urgent lane that has waiters; inside a lane it is first come,
//! first served. No lane starves: once the waiters of other lanes have gone before those of
//! High (Normal, Low) 8 (16, 64) times in a row, one of that lane is next. Several lanes may be
//! owed at once, so a first waiter of its lane is popped after at most that many others, plus two.
//! The figures are those of a worker's picks. (I23)
//!
//! # States of an entry
//! ```text
//!            insert               pop
//!  (nothing) ──────► waiting ───────────────────► popped ── remove ──► (nothing)
//!                     │   │ dismiss_all            ▲
//!                     │   └─────────► dismissed ───┘ pop_dismissed
//!                     └── remove ──►  └── remove ──► (nothing)
//! ```
//!
//! # Examples
//! A door that opens once for everybody; the wakers are woken after the lock is gone.
//! ```
//! use qi_sched::{context, wait_queue::{WaitQueue, WaiterKey, WakeList}};
//! use std::sync::Mutex;
//! use std::task::{Context, Poll};
//!
//! struct Door(Mutex<(bool, WaitQueue<()>)>);
//!
//! impl Door {
//!     /// The body of a future that keeps `key`; its drop calls `remove`.
//!     fn poll_open(&self, key: &mut Option<WaiterKey>, cx: &mut Context<'_>) -> Poll<()> {
//!         let waker = cx.waker().clone();
//!         let mut door = self.0.lock().unwrap();
//!         let (open, waiters) = &mut *door;
//!         let replaced = match *key {
//!             None if *open => return Poll::Ready(()),
//!             None => {
//!                 *key = Some(waiters.insert(context::lane(), waker, ()));
//!                 None
//!             }
//!             Some(key) if waiters.is_waiting(key) => waiters.set_waker(key, waker),
//!             Some(_) => return Poll::Ready(()),
//!         };
//!         drop(door);
//!         drop(replaced);
//!         Poll::Pending
//!     }
//!
//!     fn open(&self) {
//!         let mut woken = WakeList::new();
//!         let mut door = self.0.lock().unwrap();
//!         door.0 = true;
//!         door.1.dismiss_all();
//!         while door.1.pop_dismissed(&mut woken) {
//!             drop(door);
//!             woken.wake_all();
//!             door = self.0.lock().unwrap();
//!         }
//!         drop(door);
//!         woken.wake_all();
//!     }
//! }
//! let door = Door(Mutex::new((false, WaitQueue::new())));
//! let mut cx = Context::from_waker(std::task::Waker::noop());
//! let mut key = None;
//! assert!(door.poll_open(&mut key, &mut cx).is_pending());
//! door.open();
//! assert!(door.poll_open(&mut key, &mut cx).is_ready());
//! ```
#![forbid(unsafe_code)]

mod entry;
mod slab;
#[cfg(all(test, not(loom)))]
mod tests;
mod wake_list;

pub use entry::{Popped, Removed, WaiterKey};
pub use wake_list::WakeList;

use crate::priority::TaskPriority;
use entry::{Entry, List};
use slab::Slab;
use std::fmt;
use std::task::Waker;

/// How often a lane with waiters may be passed over before it is next, Low first. A worker owes
/// its lanes the same (`Shares`), so neither of the two makes the other's promise worthless.
const PATIENCE: [u32; TaskPriority::COUNT] = [64, 16, 8, u32::MAX];

/// The waiters of one primitive, each with a payload `T`, for instance what it wants.
///
/// All operations take constant time, and allocate only while there are more waiters than the queue
/// has had room for lately. Memory goes back as waiters leave.
pub struct WaitQueue<T> {
    entries: Slab<Entry<T>>,
    lanes: [List; TaskPriority::COUNT],
    /// How often each lane was passed over since it was served or had no waiter.
    passed: [u32; TaskPriority::COUNT],
    /// Those dismissed whose wakers were not taken yet.
    dismissed: List,
    /// Entries in a list with a stamp below this one are dismissed.
    dismissed_below: u64,
    /// Entries in `lanes`.
    waiting: usize,
    next_stamp: u64,
}

impl<T> WaitQueue<T> {
    /// A queue without waiters. It allocates nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            entries: Slab::new(),
            lanes: [List::EMPTY; TaskPriority::COUNT],
            passed: [0; TaskPriority::COUNT],
            dismissed: List::EMPTY,
            dismissed_below: 0,
            waiting: 0,
            next_stamp: 0,
        }
    }

    /// How many wait: those inserted and neither popped, dismissed nor removed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// The most urgent lane in which somebody waits.
    #[must_use]
    pub fn urgency(&self) -> Option<TaskPriority> {
        TaskPriority::DESCENDING.into_iter().find(|lane| !self.lanes[lane.index()].is_empty())
    }

    /// Adds a waiter at the end of its lane. `waker` is woken by whoever pops it.
    pub fn insert(&mut self, lane: TaskPriority, waker: Waker, payload: T) -> WaiterKey {
        self.add(lane, waker, payload, List::push_back)
    }

    /// Adds a waiter at the head of its lane: one that was popped, but came too late for what it
    /// was woken for, and waits again.
    pub fn insert_first(&mut self, lane: TaskPriority, waker: Waker, payload: T) -> WaiterKey {
        self.add(lane, waker, payload, List::push_front)
    }

    fn add(
        &mut self,
        lane: TaskPriority,
        waker: Waker,
        payload: T,
        push: fn(&mut List, u32, &mut Slab<Entry<T>>),
    ) -> WaiterKey {
        let stamp = self.next_stamp;
        self.next_stamp += 1;
        let index = self.entries.insert(Entry::new(stamp, lane, waker, payload));
        push(&mut self.lanes[lane.index()], index, &mut self.entries);
        self.waiting += 1;
        WaiterKey { index, stamp }
    }

    /// Who is next, without popping it. Inserting a more urgent waiter may change the answer.
    #[must_use]
    pub fn next(&self) -> Option<WaiterKey> {
        let index = self.lanes[self.next_lane()?.index()].first()?;
        let entry = self.entries.get(index)?;
        Some(WaiterKey { index, stamp: entry.stamp })
    }

    /// The lane that the next waiter is taken from: the lowest of those owed, else the highest.
    fn next_lane(&self) -> Option<TaskPriority> {
        let ascending = TaskPriority::DESCENDING.into_iter().rev();
        let owed = |lane: &TaskPriority| {
            let lane = lane.index();
            self.passed[lane] >= PATIENCE[lane] && !self.lanes[lane].is_empty()
        };
        if self.waiting == 0 { None } else { ascending.clone().find(owed).or(self.urgency()) }
    }

    /// Takes the next waiter out of its lane. Its entry, with the payload, stays until the owner
    /// removes it.
    pub fn pop(&mut self) -> Option<Popped> {
        self.take_out(List::first)
    }

    /// Takes the last waiter of the lane that is next: last in, first out, for waiters of which
    /// one that came lately has the warmest caches. The others of its lane may starve.
    ///
    /// # Examples
    /// ```
    /// use qi_sched::{TaskPriority, wait_queue::WaitQueue};
    /// let mut queue = WaitQueue::new();
    /// let keys = [(); 2].map(|()| {
    ///     queue.insert(TaskPriority::Normal, std::task::Waker::noop().clone(), ())
    /// });
    /// assert_eq!(queue.pop_last().map(|popped| popped.key), Some(keys[1]));
    /// ```
    pub fn pop_last(&mut self) -> Option<Popped> {
        self.take_out(List::last)
    }

    fn take_out(&mut self, end: fn(&List) -> Option<u32>) -> Option<Popped> {
        let lane = self.next_lane()?;
        for other in TaskPriority::DESCENDING {
            let passed = &mut self.passed[other.index()];
            let waits = other != lane && !self.lanes[other.index()].is_empty();
            *passed = if waits { passed.saturating_add(1) } else { 0 };
        }
        let index = end(&self.lanes[lane.index()])?;
        self.waiting -= 1;
        self.lanes[lane.index()].unlink(index, &mut self.entries);
        self.entries.get_mut(index)?.leave(index)
    }

    /// Pops waiters into `list` until it is full or nobody waits; `false` if nobody does.
    pub fn pop_into(&mut self, list: &mut WakeList) -> bool {
        while !list.is_full() {
            let Some(popped) = self.pop() else { return false };
            list.push(popped.waker);
        }
        self.waiting > 0
    }

    /// Lets all who wait now go: they do not count as waiting any more, and
    /// [`pop_dismissed`](Self::pop_dismissed) gives their wakers, however many come to wait
    /// meanwhile.
    pub fn dismiss_all(&mut self) {
        for lane in TaskPriority::DESCENDING {
            let leaving = std::mem::replace(&mut self.lanes[lane.index()], List::EMPTY);
            self.dismissed.append(leaving, &mut self.entries);
        }
        self.passed = [0; TaskPriority::COUNT];
        self.waiting = 0;
        self.dismissed_below = self.next_stamp;
    }

    /// Moves wakers of dismissed waiters to `list`; `true` if some are left because it is full.
    /// The most urgent come first.
    pub fn pop_dismissed(&mut self, list: &mut WakeList) -> bool {
        while let Some(index) = self.dismissed.first() {
            if list.is_full() {
                return true;
            }
            self.dismissed.unlink(index, &mut self.entries);
            if let Some(popped) = self.entries.get_mut(index).and_then(|entry| entry.leave(index)) {
                list.push(popped.waker);
            }
        }
        false
    }

    /// Takes a waiter's entry out, whatever its state. Its owner does so once, in the end.
    pub fn remove(&mut self, key: WaiterKey) -> Option<Removed<T>> {
        let was_waiting = self.is_waiting(key);
        let entry = self.entry(key)?;
        if entry.linked {
            let lane = entry.lane.index();
            if was_waiting {
                self.waiting -= 1;
                self.lanes[lane].unlink(key.index, &mut self.entries);
                if self.lanes[lane].is_empty() {
                    self.passed[lane] = 0;
                }
            } else {
                self.dismissed.unlink(key.index, &mut self.entries);
            }
        }
        let entry = self.entries.remove(key.index)?;
        Some(Removed { payload: entry.payload, waker: entry.waker, was_waiting })
    }

    fn entry(&self, key: WaiterKey) -> Option<&Entry<T>> {
        self.entries.get(key.index).filter(|entry| entry.stamp == key.stamp)
    }

    fn entry_mut(&mut self, key: WaiterKey) -> Option<&mut Entry<T>> {
        self.entries.get_mut(key.index).filter(|entry| entry.stamp == key.stamp)
    }

    /// Whether the waiter still waits: neither popped nor dismissed nor removed.
    #[must_use]
    pub fn is_waiting(&self, key: WaiterKey) -> bool {
        self.entry(key).is_some_and(|entry| entry.linked && entry.stamp >= self.dismissed_below)
    }

    /// The payload of an entry, waiting or popped.
    #[must_use]
    pub fn payload(&self, key: WaiterKey) -> Option<&T> {
        self.entry(key).map(|entry| &entry.payload)
    }

    /// The payload of an entry, waiting or popped.
    pub fn payload_mut(&mut self, key: WaiterKey) -> Option<&mut T> {
        self.entry_mut(key).map(|entry| &mut entry.payload)
    }

    /// Whether the entry's waker wakes the same task as `waker`, as far as one can tell.
    #[must_use]
    pub fn wakes(&self, key: WaiterKey, waker: &Waker) -> bool {
        let known = self.entry(key).and_then(|entry| entry.waker.as_ref());
        known.is_some_and(|known| known.will_wake(waker))
    }

    /// Replaces the waker of an entry. What comes back is dropped outside of the mutex: the old
    /// waker, or the given one if there is nothing left to wake.
    #[must_use = "a waker is dropped outside of the primitive's lock"]
    pub fn set_waker(&mut self, key: WaiterKey, waker: Waker) -> Option<Waker> {
        match self.entry_mut(key) {
            Some(entry) if entry.waker.is_some() => entry.waker.replace(waker),
            _ => Some(waker),
        }
    }

    /// Moves a waiter to the lane that its task has now: to the end of a more urgent one, behind
    /// those who were so urgent before; to the head of a less urgent one, before those whom it was
    /// ahead of. `true` if it moved.
    pub fn set_lane(&mut self, key: WaiterKey, lane: TaskPriority) -> bool {
        if !self.is_waiting(key) {
            return false;
        }
        let Some(entry) = self.entry_mut(key) else { return false };
        let old = std::mem::replace(&mut entry.lane, lane);
        if old == lane {
            return false;
        }
        self.lanes[old.index()].unlink(key.index, &mut self.entries);
        if self.lanes[old.index()].is_empty() {
            self.passed[old.index()] = 0;
        }
        let new = &mut self.lanes[lane.index()];
        if lane > old {
            new.push_back(key.index, &mut self.entries);
        } else {
            new.push_front(key.index, &mut self.entries);
        }
        true
    }

    /// The lane in which an entry waits, or waited last.
    #[must_use]
    pub fn lane(&self, key: WaiterKey) -> Option<TaskPriority> {
        self.entry(key).map(|entry| entry.lane)
    }
}

impl<T> Default for WaitQueue<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for WaitQueue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitQueue")
            .field("waiting", &self.waiting)
            .field("urgency", &self.urgency())
            .finish_non_exhaustive()
    }
}
