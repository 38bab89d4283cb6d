//! Threads and seats: starting threads, and finding somebody for a seat.
#![forbid(unsafe_code)]

use super::shared::Shared;
use crate::sleep::Roused;
use crate::worker::{Context, Core, thread};
use std::cell::Cell;
use std::io;
use std::ptr;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};
use std::thread::Builder;

thread_local! {
    /// The scheduler that started this thread.
    static OWNER: Cell<*const Shared> = const { Cell::new(ptr::null()) };
}

/// The scheduler that started a thread, on the way to another thread that goes on in its place.
#[derive(Debug)]
pub(crate) struct Owner(*const Shared);

impl Owner {
    /// Takes it off the calling thread.
    pub(crate) fn take() -> Self {
        Self(OWNER.replace(ptr::null()))
    }

    /// Has the calling thread taken for one that the scheduler started.
    pub(crate) fn put_back(self) {
        OWNER.set(self.0);
    }
}

/// Ends the process if a thread of the scheduler unwinds: tasks' panics are caught, so this is a
/// broken invariant.
struct AbortOnUnwind;

impl Drop for AbortOnUnwind {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("qi-sched: a thread of the scheduler panicked outside of any task");
            std::process::abort();
        }
    }
}

impl Shared {
    /// Starts a thread of this scheduler, be it for a worker, for blocking calls or to monitor.
    pub(crate) fn start_thread(
        self: &Arc<Self>,
        name: String,
        body: impl FnOnce() + Send + 'static,
    ) -> io::Result<()> {
        self.threads.began();
        let shared = self.clone();
        let main = move || {
            let _abort = AbortOnUnwind;
            OWNER.set(Arc::as_ptr(&shared));
            let mut body = Some(body);
            let mut life = || {
                if let Some(body) = body.take() {
                    body();
                    if shared.threads.ended() {
                        shared.sweep();
                    } else {
                        shared.leave_if_idle();
                    }
                }
            };
            match &shared.config.around_thread {
                Some(around) => around(&mut life),
                None => life(),
            }
        };
        let size = self.config.thread_stack_size;
        match Builder::new().name(name).stack_size(size).spawn(main) {
            Ok(handle) => {
                self.threads.keep(handle);
                Ok(())
            }
            Err(error) => {
                self.threads.never_began();
                Err(error)
            }
        }
    }

    /// Whether the calling thread was started by this scheduler: it must not wait for its end.
    pub(crate) fn is_own_thread(self: &Arc<Self>) -> bool {
        OWNER.get() == Arc::as_ptr(self)
    }

    /// Finds a thread for a seat: a spare one, or a new one.
    pub(crate) fn seat_someone(
        self: &Arc<Self>,
        core: Box<Core>,
    ) -> Result<(), (io::Error, Box<Core>)> {
        match self.threads.spare.hand(core, |slot| &slot.offer) {
            Ok(slot) => {
                slot.unpark(self);
                Ok(())
            }
            Err(core) => {
                let name = format!("{}-{}", self.config.thread_name, core.seat);
                thread::start(self, core, name)
            }
        }
    }

    /// An extra worker that found nothing to do gives its seat back.
    pub(crate) fn return_extra_seat(&self, worker: &Context) {
        let Some(core) = worker.core() else { return };
        core.asleep.set(false);
        if self.sleep.rouse(core.seat) == Roused::Notified {
            // Meanwhile it was made a searcher: it goes on.
            core.searching.set(true);
            return;
        }
        // Nobody is asked for what lies on a seat without a thread.
        core.clear_store();
        self.pool.flush(&core.magazine);
        // It slept, and the monitor may have tidied up meanwhile: a pick, so that it does so again. (I11)
        core.picks.set(core.picks.get() + 1);
        // Relaxed: who sees by `remove_seat` that all sleep sees this, too.
        core.shown.heartbeat.store(core.picks.get(), Relaxed);
        if !self.is_closing() {
            worker.shared.monitor.rouse(&worker.shared);
        }
        self.sleep.remove_seat();
        if let Some(core) = worker.stand_up() {
            self.spare_cores.lock().unwrap_or_else(PoisonError::into_inner).push(core);
        }
    }

    /// Starts an extra worker, if one is left (`Ok(false)`: none is): all others are stuck.
    pub(crate) fn start_extra_worker(self: &Arc<Self>) -> io::Result<bool> {
        let core = self.spare_cores.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let Some(core) = core else { return Ok(false) };
        self.sleep.add_seat();
        match self.seat_someone(core) {
            Ok(()) => Ok(true),
            Err((error, core)) => {
                self.sleep.remove_seat();
                self.spare_cores.lock().unwrap_or_else(PoisonError::into_inner).push(core);
                Err(error)
            }
        }
    }
}
