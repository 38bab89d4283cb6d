//! The lock with many readers or one writer.
#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use qi_runtime::sync::{self, OwnedRwLockReadGuard, OwnedRwLockWriteGuard};

use super::Holder;
use crate::code::Code;

/// What was handed out.
#[derive(Default)]
struct Held {
    writer: Option<(Holder, OwnedRwLockWriteGuard<()>)>,
    readers: HashMap<Holder, Vec<OwnedRwLockReadGuard<()>>>,
}

/// A lock behind a handle. What it protects is the other side's.
pub(crate) struct RwLock {
    lock: Arc<sync::RwLock<()>>,
    held: Box<Mutex<Held>>,
}

impl RwLock {
    pub(crate) fn new() -> Self {
        Self { lock: Arc::new(sync::RwLock::new(())), held: Box::default() }
    }

    fn with_held<R>(&self, code: impl FnOnce(&mut Held) -> R) -> R {
        code(&mut self.held.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn is_written_by_me(&self) -> bool {
        self.with_held(|held| held.writer.as_ref().is_some_and(|(who, _)| *who == Holder::here()))
    }

    fn is_read_by_me(&self) -> bool {
        self.with_held(|held| held.readers.contains_key(&Holder::here()))
    }

    /// # Errors
    /// [`Code::ERR_DEADLOCK`] if the caller writes.
    pub(crate) async fn read(&self) -> Result<Code, Code> {
        if self.is_written_by_me() {
            return Err(Code::ERR_DEADLOCK);
        }
        let guard = Arc::clone(&self.lock).read_owned().await;
        self.with_held(|held| held.readers.entry(Holder::here()).or_default().push(guard));
        Ok(Code::OK)
    }

    /// # Errors
    /// [`Code::ERR_DEADLOCK`] if the caller reads or writes.
    pub(crate) async fn write(&self) -> Result<Code, Code> {
        if self.is_written_by_me() || self.is_read_by_me() {
            return Err(Code::ERR_DEADLOCK);
        }
        let guard = Arc::clone(&self.lock).write_owned().await;
        self.with_held(|held| held.writer = Some((Holder::here(), guard)));
        Ok(Code::OK)
    }

    pub(crate) fn try_read(&self) -> bool {
        let guard = Arc::clone(&self.lock).try_read_owned();
        let was_free = guard.is_some();
        self.with_held(|held| {
            held.readers.entry(Holder::here()).or_default().extend(guard);
            held.readers.retain(|_, guards| !guards.is_empty());
        });
        was_free
    }

    pub(crate) fn try_write(&self) -> bool {
        let guard = Arc::clone(&self.lock).try_write_owned();
        let was_free = guard.is_some();
        if let Some(guard) = guard {
            self.with_held(|held| held.writer = Some((Holder::here(), guard)));
        }
        was_free
    }

    /// Gives back what the caller holds: its writing, or one of its readings.
    ///
    /// # Errors
    /// [`Code::ERR_NOT_OWNER`] if it holds nothing.
    pub(crate) fn unlock(&self) -> Result<Code, Code> {
        let me = Holder::here();
        let (writing, reading) = self.with_held(|held| {
            let is_mine = held.writer.as_ref().is_some_and(|(holder, _)| *holder == me);
            let writing = if is_mine { held.writer.take() } else { None };
            let reading = match writing {
                Some(_) => None,
                None => held.readers.get_mut(&me).and_then(Vec::pop),
            };
            held.readers.retain(|_, guards| !guards.is_empty());
            (writing, reading)
        });
        // The guards are dropped here, outside of our own lock: that wakes whoever waits.
        if writing.is_some() || reading.is_some() { Ok(Code::OK) } else { Err(Code::ERR_NOT_OWNER) }
    }
}
