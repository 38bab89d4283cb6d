//! Events of the console: Ctrl-C, Ctrl-Break, the end of the window, the session, the machine.
#![forbid(unsafe_code)]

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::ffi;

/// What the console tells its processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConsoleEvent {
    /// Ctrl-C.
    CtrlC,
    /// Ctrl-Break.
    CtrlBreak,
    /// The console's window is closed. The process has some five seconds.
    Close,
    /// The user logs off: told to services.
    Logoff,
    /// The machine is shut down: told to services.
    Shutdown,
}

impl ConsoleEvent {
    /// The system's numbers; there are no others.
    fn of_number(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::CtrlC),
            1 => Some(Self::CtrlBreak),
            2 => Some(Self::Close),
            5 => Some(Self::Logoff),
            6 => Some(Self::Shutdown),
            _ => None,
        }
    }

    /// Whether the process is ended as soon as its handler returns.
    fn ends_process(self) -> bool {
        matches!(self, Self::Close | Self::Logoff | Self::Shutdown)
    }
}

type Heard = Arc<dyn Fn() + Send + Sync>;

struct Listeners {
    installed: bool,
    next_id: u64,
    all: Vec<(u64, ConsoleEvent, Heard)>,
}

static LISTENERS: Mutex<Listeners> =
    Mutex::new(Listeners { installed: false, next_id: 0, all: Vec::new() });

fn lock() -> MutexGuard<'static, Listeners> {
    // Nothing under it can panic half-way.
    LISTENERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has `heard` called, by a thread of the system's, whenever the event comes, until the listener is
/// dropped. It should return soon.
///
/// An event that somebody listens for does not have its usual effect. One that ends the process
/// (closing, logging off, shutting down) does so when the time is up that the system grants.
///
/// # Errors
///
/// The system's error if it refuses the handler.
pub fn listen(
    event: ConsoleEvent,
    heard: impl Fn() + Send + Sync + 'static,
) -> io::Result<ConsoleListener> {
    let mut listeners = lock();
    if !listeners.installed {
        if ffi::SetConsoleCtrlHandler(on_event, 1) == 0 {
            return Err(io::Error::last_os_error());
        }
        listeners.installed = true;
    }
    let id = listeners.next_id;
    listeners.next_id += 1;
    listeners.all.push((id, event, Arc::new(heard)));
    Ok(ConsoleListener { id })
}

/// Somebody who listens. Made by [`listen`].
pub struct ConsoleListener {
    id: u64,
}

impl Drop for ConsoleListener {
    fn drop(&mut self) {
        let mut listeners = lock();
        let index = listeners.all.iter().position(|(id, ..)| *id == self.id);
        let gone = index.map(|index| listeners.all.swap_remove(index));
        drop(listeners);
        // The closure is foreign code: not under the lock.
        drop(gone);
    }
}

impl fmt::Debug for ConsoleListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsoleListener").finish_non_exhaustive()
    }
}

extern "system" fn on_event(number: u32) -> i32 {
    let Some(event) = ConsoleEvent::of_number(number) else { return 0 };
    if !tell(event) {
        return 0;
    }
    while event.ends_process() {
        // Whoever has heard it has as long as the system waits for this thread.
        thread::park();
    }
    1
}

/// Tells all who listen; whether there were any.
fn tell(event: ConsoleEvent) -> bool {
    let listeners = lock();
    let concerned = listeners.all.iter().filter(|(_, wanted, _)| *wanted == event);
    let heard: Vec<Heard> = concerned.map(|(.., heard)| heard.clone()).collect();
    drop(listeners);
    for heard in &heard {
        heard();
    }
    !heard.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    #[test]
    fn an_event_reaches_those_who_listen_for_it_and_no_others() {
        let counts: [Arc<AtomicUsize>; 2] = Default::default();
        let listener = |event, index: usize| {
            let count = counts[index].clone();
            listen(event, move || {
                count.fetch_add(1, SeqCst);
            })
            .expect("the system takes the handler")
        };
        let (one, other) = (listener(ConsoleEvent::CtrlC, 0), listener(ConsoleEvent::CtrlBreak, 1));
        assert_eq!(on_event(0), 1);
        assert_eq!((counts[0].load(SeqCst), counts[1].load(SeqCst)), (1, 0));
        assert_eq!(on_event(1), 1);
        assert_eq!((counts[0].load(SeqCst), counts[1].load(SeqCst)), (1, 1));
        drop(one);
        assert_eq!(on_event(0), 0, "nobody listens any more");
        assert_eq!(on_event(2), 0, "nobody listens");
        assert_eq!(on_event(77), 0, "there is no such event");
        drop(other);
        assert_eq!(counts[1].load(SeqCst), 1);
    }
}
