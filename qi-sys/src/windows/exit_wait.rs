//! Hearing of the end of a process, by the system's pool of threads, each of which waits for 63.
#![allow(unsafe_code, reason = "hands a pointer to a callback of the system")]

use std::ffi::c_void;
use std::fmt;
use std::io;
use std::os::windows::io::{AsRawHandle, OwnedHandle, RawHandle};
use std::ptr;
use std::sync::Arc;

use super::ffi;

type Ended = dyn Fn() + Send + Sync;

/// A wait for the end of a process, until this is dropped.
///
/// # Examples
///
/// ```
/// use qi_sys::windows::ExitWait;
/// use std::os::windows::io::AsHandle;
/// use std::sync::mpsc;
///
/// let mut child = std::process::Command::new("cmd").args(["/c", "exit 3"]).spawn()?;
/// let (sender, ended) = mpsc::channel();
/// let handle = child.as_handle().try_clone_to_owned()?;
/// let wait = ExitWait::new(handle, move || sender.send(()).unwrap())?;
/// ended.recv().unwrap();
/// assert_eq!(child.try_wait()?.unwrap().code(), Some(3));
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct ExitWait {
    /// The system's handle of the wait, as a number: it is used by one call.
    wait: usize,
    /// Open as long as the wait lasts.
    _process: OwnedHandle,
}

impl ExitWait {
    /// Has `ended` called, by a thread of the system's, when the process has ended; once.
    ///
    /// After a drop it may still be called by a thread that was about to.
    ///
    /// # Errors
    ///
    /// The system's error.
    pub fn new(process: OwnedHandle, ended: impl Fn() + Send + Sync + 'static) -> io::Result<Self> {
        let ended: Box<Arc<Ended>> = Box::new(Arc::new(ended));
        let context = Box::into_raw(ended);
        let mut wait: RawHandle = ptr::null_mut();
        // SAFETY: the handle is open, and outlives the wait, which `drop` ends first. The context is a
        // box that only the callback takes back, which is called once at most.
        let registered = unsafe {
            ffi::RegisterWaitForSingleObject(
                &raw mut wait,
                process.as_raw_handle(),
                on_exit,
                context.cast(),
                ffi::INFINITE,
                ffi::WT_EXECUTEONLYONCE,
            )
        };
        if registered == 0 {
            let error = io::Error::last_os_error();
            // SAFETY: the system has not taken the callback, so the box is still ours.
            drop(unsafe { Box::from_raw(context) });
            return Err(error);
        }
        Ok(Self { wait: wait as usize, _process: process })
    }
}

impl Drop for ExitWait {
    fn drop(&mut self) {
        // The callback may be on its way, or be what drops this: so nobody waits for it here, and the
        // box is left to it. If it is never called, a few bytes are lost: nothing says so for sure.
        // SAFETY: the wait was registered, and this is the only place that ends it.
        let _ = unsafe { ffi::UnregisterWaitEx(self.wait as RawHandle, ptr::null_mut()) };
    }
}

impl fmt::Debug for ExitWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExitWait").finish_non_exhaustive()
    }
}

unsafe extern "system" fn on_exit(context: *mut c_void, _timed_out: u8) {
    // SAFETY: the box of `new`; the system calls once at most, and nobody else takes it back.
    let ended = unsafe { Box::from_raw(context.cast::<Arc<Ended>>()) };
    ended();
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::windows::io::AsHandle;
    use std::process::{Command, Stdio};
    use std::sync::mpsc;

    #[test]
    fn the_end_of_a_process_is_told_once_and_one_that_was_before_as_well() {
        let mut command = Command::new("cmd");
        let command = command.args(["/c", "pause"]).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut child = command.spawn().expect("it starts");
        let wait = |child: &std::process::Child| {
            let (sender, ended) = mpsc::channel();
            let handle = child.as_handle().try_clone_to_owned().expect("there are handles");
            let tell = move || sender.send(()).expect("the test waits");
            let wait = ExitWait::new(handle, tell).expect("it is waited");
            (wait, ended)
        };
        let (_first, ended) = wait(&child);
        assert_eq!(ended.try_recv(), Err(mpsc::TryRecvError::Empty));
        child.kill().expect("it is ours");
        ended.recv().expect("it is told");
        let (_second, ended) = wait(&child);
        ended.recv().expect("it is told of a process that has ended");
        child.wait().expect("its end is known");
    }
}
