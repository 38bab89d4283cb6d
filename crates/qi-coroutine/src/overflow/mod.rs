//! A stack overflow ends the process with a message that names the coroutine.
//!
//! Below each stack lies a guard. Code that runs into it faults; the handler of this module looks
//! whether the faulting address lies in a guard and the stack pointer in the same slot, says so in
//! English and Chinese, and aborts. Every other fault goes to the handler that was there before.
//!
//! It can be left out: [`StackPoolConfig::overflow_handler`](crate::StackPoolConfig::overflow_handler).
//! An overflow then is the fault that it is.

#[cfg(qi_fiber)]
mod message;

#[cfg_attr(all(qi_fiber, unix), path = "unix.rs")]
#[cfg_attr(all(qi_fiber, windows), path = "windows.rs")]
#[cfg_attr(not(qi_fiber), path = "system.rs")]
mod chosen;

pub use chosen::AltStack;

/// Installs the handler for the whole process, unless that was done. A [`StackPool`] does so when
/// it is made.
///
/// [`StackPool`]: crate::StackPool
pub fn install() {
    chosen::install();
}

/// Gives the calling thread a stack to handle faults on, for as long as the value lives. Threads
/// made by `std` have one already, and keep it if it is large enough; threads made by foreign code
/// have none, and without one an overflow there ends the process without a message.
///
/// # Examples
/// ```
/// let _alt_stack = qi_coroutine::overflow::install_for_thread();
/// ```
#[must_use]
pub fn install_for_thread() -> AltStack {
    AltStack::new()
}
