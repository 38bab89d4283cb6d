//! From a signal handler to whoever waits: the one way into the library that is safe there.
//!
//! A handler may interrupt anything, so it only marks its number in a word, and writes a byte to a
//! socket. A thread that begins with the first wait reads the socket, takes the marks, and wakes. What
//! was marked before it began is found by its first look, which comes after the socket is known to
//! handlers. The socket does not block: if it is full the thread has bytes to read in any case.

use std::io::Read;
use std::os::fd::IntoRawFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::Ordering::AcqRel;
use std::sync::atomic::{AtomicI32, AtomicU64};
use std::sync::{Mutex, PoisonError};
use std::thread;

use qi_runtime::sync::Notify;

use crate::code::Code;
use crate::fork;
use crate::signal_number::{index, waiters_of};

/// Numbers that were notified and not yet told, a bit each.
static MARKS: AtomicU64 = AtomicU64::new(0);

/// Where handlers write; none before the thread began.
static BELL: AtomicI32 = AtomicI32::new(-1);

/// Called in signal handlers: two atomics and a write.
pub(crate) fn notify(number: i32) {
    let Some(index) = index(number) else { return };
    if fork::is_child() {
        return;
    }
    // Release and acquire: the mark is there before the socket is looked at, and the thread shows the
    // socket before it looks for marks; so one of the two sees the other. (An exchange of the word and
    // of the number of the socket, in this order on both sides.)
    MARKS.fetch_or(1 << index, AcqRel);
    let bell = BELL.fetch_or(0, AcqRel);
    if bell >= 0 {
        // SAFETY: the socket is never closed, and one byte lies there. That it is full, or the call was
        // interrupted by another handler that writes as well, does not matter.
        unsafe { libc::write(bell, [1_u8].as_ptr().cast(), 1) };
    }
}

/// The place where waiters for a number stand.
///
/// # Errors
/// [`Code::ERR_INVALID`] if there is no such number, [`Code::ERR_NO_MEMORY`] if the system refuses the
/// thread or the socket.
pub(crate) fn waiters(number: i32) -> Result<&'static Notify, Code> {
    let waiters = waiters_of(index(number).ok_or(Code::ERR_INVALID)?);
    static HAS_BEGUN: Mutex<bool> = Mutex::new(false);
    let mut has_begun = HAS_BEGUN.lock().unwrap_or_else(PoisonError::into_inner);
    if !*has_begun {
        begin().map_err(|_| Code::ERR_NO_MEMORY)?;
        *has_begun = true;
    }
    Ok(waiters)
}

fn begin() -> std::io::Result<()> {
    let (mut heard, bell) = UnixStream::pair()?;
    bell.set_nonblocking(true)?;
    let listen = move || {
        let mut bytes = [0; 64];
        loop {
            tell();
            // An error would be one for ever: nobody could be told any more.
            if heard.read(&mut bytes).is_err() {
                return;
            }
        }
    };
    // Before the thread's first look.
    BELL.swap(bell.into_raw_fd(), AcqRel);
    thread::Builder::new().name("qi-signals".into()).stack_size(64 << 10).spawn(listen)?;
    Ok(())
}

/// Wakes whoever waits for a number that was marked.
fn tell() {
    // Acquire: sees what the handler did before. Release: as in `notify`.
    let mut marks = MARKS.swap(0, AcqRel);
    while marks != 0 {
        waiters_of(marks.trailing_zeros() as usize).notify_one();
        marks &= marks - 1;
    }
}
