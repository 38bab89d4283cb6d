//! Reaping children that were dropped before their end was seen.
//!
//! # Protocol
//! A future that waits for the end is polled by its own waker, where the reactor's event is
//! delivered: it is a system call or two, and no task that a graceful shutdown would wait for. When
//! the reactor is closed, the event is an error, and a thread waits for the child instead. So whatever
//! happens to the runtime, the child is reaped when it ends.
//!
//! # Rejected alternatives
//! * A list of orphans, looked through whenever a child is started: the last ones stay zombies, and it
//!   would be a global.
//! * A task of the runtime: it would be counted, shown, and waited for.

use super::exit::ExitWatch;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::process::Child;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

/// A thread that waits in one system call needs little.
const STACK: usize = 64 * 1024;

/// Sees to it that the child is reaped.
pub(in crate::process) fn reap(mut child: Child, mut watch: ExitWatch) {
    let future = Box::pin(async move {
        if watch.exit(&mut child).await.is_err() {
            reap_on_thread(child);
        }
    });
    let reaper = Arc::new(Reaper(Mutex::new(Turn::Here(future))));
    reaper.poll();
}

fn reap_on_thread(mut child: Child) {
    let id = child.id();
    let thread = thread::Builder::new().name("qi-reaper".to_owned()).stack_size(STACK);
    // Its end is of interest to nobody; an error says that it was reaped by others.
    let started: io::Result<_> = thread.spawn(move || drop(child.wait()));
    if let Err(error) = started {
        tracing::warn!(%error, id, "a child that was dropped may become a zombie");
    }
}

type Reaping = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Polls the future whenever it is woken.
struct Reaper(Mutex<Turn>);

enum Turn {
    Here(Reaping),
    /// Somebody polls it; another poll was called for meanwhile, or not.
    Polled {
        again: bool,
    },
    Done,
}

impl Reaper {
    fn lock(&self) -> MutexGuard<'_, Turn> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll(self: &Arc<Self>) {
        let Some(mut future) = self.take() else { return };
        let waker = Waker::from(self.clone());
        loop {
            match future.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(()) => {
                    *self.lock() = Turn::Done;
                    return;
                }
                Poll::Pending => match self.put_back(future) {
                    Some(called_for) => future = called_for,
                    None => return,
                },
            }
        }
    }

    /// The future, unless somebody else has it, who is told to poll it again.
    fn take(&self) -> Option<Reaping> {
        let mut turn = self.lock();
        match std::mem::replace(&mut *turn, Turn::Polled { again: false }) {
            Turn::Here(future) => Some(future),
            Turn::Polled { .. } => {
                *turn = Turn::Polled { again: true };
                None
            }
            Turn::Done => {
                *turn = Turn::Done;
                None
            }
        }
    }

    /// Gives the future back, unless it must be polled again.
    fn put_back(&self, future: Reaping) -> Option<Reaping> {
        let mut turn = self.lock();
        if matches!(*turn, Turn::Polled { again: true }) {
            *turn = Turn::Polled { again: false };
            return Some(future);
        }
        *turn = Turn::Here(future);
        None
    }
}

impl Wake for Reaper {
    fn wake(self: Arc<Self>) {
        self.poll();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.poll();
    }
}
