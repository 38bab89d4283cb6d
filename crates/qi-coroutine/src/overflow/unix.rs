//! Overflows on Unix: SIGSEGV and SIGBUS, handled on an alternate stack.
//!
//! Nothing here allocates, locks or panics once a signal has come: the arena's table is read, one
//! text is written, the process aborts or another handler goes on.

use super::message::Text;
use crate::arena;
use crate::engine;
use crate::memory;
use std::marker::PhantomData;
use std::mem;
use std::ptr;
use std::sync::OnceLock;

#[cfg_attr(any(target_os = "linux", target_os = "android"), path = "unix/linux.rs")]
#[cfg_attr(target_vendor = "apple", path = "unix/apple.rs")]
#[cfg_attr(
    not(any(target_os = "linux", target_os = "android", target_vendor = "apple")),
    path = "unix/other.rs"
)]
mod system;

const SIGNALS: [libc::c_int; 2] = [libc::SIGSEGV, libc::SIGBUS];

/// What was there before, for each of [`SIGNALS`].
static PREVIOUS: [OnceLock<libc::sigaction>; 2] = [OnceLock::new(), OnceLock::new()];

/// What this handler does on its stack, at most; instrumented code takes several times as much.
const HANDLER_BYTES: usize = 32 * 1024;

pub(super) fn install() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| SIGNALS.iter().zip(&PREVIOUS).for_each(|(s, p)| install_for(*s, p)));
}

fn install_for(signal: libc::c_int, place: &OnceLock<libc::sigaction>) {
    // SAFETY: all zeroes is a value of this type.
    let mut previous: libc::sigaction = unsafe { mem::zeroed() };
    // SAFETY: it only asks.
    if unsafe { libc::sigaction(signal, ptr::null(), &mut previous) } != 0 {
        return;
    }
    // Known before the handler can run.
    let previous = *place.get_or_init(|| previous);
    let mut action = previous;
    action.sa_sigaction = on_fault as *const () as usize;
    // What the handler before wanted of the system is wanted still, since it may be called.
    let kept = libc::SA_NODEFER | libc::SA_RESTART;
    action.sa_flags = (previous.sa_flags & kept) | libc::SA_SIGINFO | libc::SA_ONSTACK;
    // SAFETY: the handler keeps to what is allowed in one.
    let _ = unsafe { libc::sigaction(signal, &action, ptr::null_mut()) };
}

extern "C" fn on_fault(
    signal: libc::c_int,
    info: *mut libc::siginfo_t,
    context: *mut libc::c_void,
) {
    // SAFETY: the system gives both to a handler with SA_SIGINFO.
    let (address, pointer) = unsafe { (system::address(info), system::stack_pointer(context)) };
    // SAFETY: as above.
    let code = unsafe { (*info).si_code };
    if code > 0 && is_overflow(address, pointer) {
        report(address);
    }
    go_on(signal, code, info, context);
}

/// Whether code on a coroutine's stack touched the guard below it.
fn is_overflow(address: usize, pointer: Option<usize>) -> bool {
    let Some(slot) = arena::slot_at(address) else { return false };
    let is_guard = address < slot.low();
    // Where the registers are not known, the guard is proof enough.
    let is_own = |pointer| arena::slot_at(pointer).is_some_and(|own| own.base == slot.base);
    is_guard && pointer.is_none_or(is_own)
}

fn report(address: usize) -> ! {
    if let Some(slot) = arena::slot_at(address) {
        let text = Text::about(engine::label_of(&slot), slot.usable());
        let bytes = text.bytes();
        // SAFETY: writes bytes that are there; what does not get out is lost.
        let _ = unsafe { libc::write(libc::STDERR_FILENO, bytes.as_ptr().cast(), bytes.len()) };
    }
    // SAFETY: it may be called in a handler.
    unsafe { libc::abort() }
}

/// Does what would have been done without this handler.
fn go_on(
    signal: libc::c_int,
    code: libc::c_int,
    info: *mut libc::siginfo_t,
    context: *mut libc::c_void,
) {
    let index = usize::from(signal == SIGNALS[1]);
    let previous = PREVIOUS[index].get();
    let handler = previous.map_or(libc::SIG_DFL, |previous| previous.sa_sigaction);
    let was_sent = code <= 0;
    if handler == libc::SIG_IGN && was_sent {
        return;
    }
    if handler == libc::SIG_DFL || handler == libc::SIG_IGN {
        return by_default(signal, was_sent);
    }
    let flags = previous.map_or(0, |previous| previous.sa_flags);
    if flags & libc::SA_RESETHAND != 0 {
        by_default(signal, false);
    }
    if flags & libc::SA_SIGINFO != 0 {
        type Full = extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void);
        // SAFETY: it was installed as a handler of this type.
        let handler: Full = unsafe { mem::transmute::<usize, Full>(handler) };
        handler(signal, info, context);
    } else {
        // SAFETY: it was installed as a handler of this type.
        let handler = unsafe { mem::transmute::<usize, extern "C" fn(libc::c_int)>(handler) };
        handler(signal);
    }
}

/// Leaves the signal to the system: a fault comes again as soon as the handler returns; a signal
/// that somebody sent must be sent again, and comes when it is no longer blocked.
fn by_default(signal: libc::c_int, was_sent: bool) {
    // SAFETY: all zeroes is the default action without flags.
    let action: libc::sigaction = unsafe { mem::zeroed() };
    // SAFETY: allowed in a handler.
    let _ = unsafe { libc::sigaction(signal, &action, ptr::null_mut()) };
    if was_sent {
        // SAFETY: allowed in a handler.
        let _ = unsafe { libc::raise(signal) };
    }
}

/// A thread's stack for handlers. Dropped on the same thread, it leaves what was there before.
#[derive(Debug)]
pub struct AltStack {
    /// Address and bytes of the mapping; none if the thread's own does.
    mapping: Option<(usize, usize)>,
    previous: (usize, usize, libc::c_int),
    /// It belongs to its thread.
    on_thread: PhantomData<*mut ()>,
}

impl AltStack {
    pub(super) fn new() -> Self {
        // SAFETY: all zeroes is a value of this type.
        let mut previous: libc::stack_t = unsafe { mem::zeroed() };
        // SAFETY: it only asks.
        let asked = unsafe { libc::sigaltstack(ptr::null(), &mut previous) };
        let previous = (previous.ss_sp as usize, previous.ss_size, previous.ss_flags);
        let mut made = Self { mapping: None, previous, on_thread: PhantomData };
        let bytes = system::least_bytes() + HANDLER_BYTES;
        let has_one = previous.2 & libc::SS_DISABLE == 0;
        if asked == 0 && !(has_one && previous.1 >= bytes) {
            made.mapping = map(bytes);
        }
        if let Some((address, length)) = made.mapping {
            let guard = memory::page_size();
            set((address + guard, length - guard, 0));
        }
        made
    }
}

impl Drop for AltStack {
    fn drop(&mut self) {
        let Some((address, length)) = self.mapping else { return };
        set(self.previous);
        // SAFETY: made by `map`, and no longer the thread's stack for handlers; no handler runs,
        // since this is no handler.
        let _ = unsafe { libc::munmap(address as *mut libc::c_void, length) };
    }
}

fn set((address, bytes, flags): (usize, usize, libc::c_int)) {
    let pointer = address as *mut libc::c_void;
    let stack = libc::stack_t { ss_sp: pointer, ss_size: bytes, ss_flags: flags };
    // SAFETY: either memory mapped for this, or what was set before.
    let _ = unsafe { libc::sigaltstack(&stack, ptr::null_mut()) };
}

/// A mapping of that many bytes and a guard below them.
fn map(bytes: usize) -> Option<(usize, usize)> {
    let guard = memory::page_size();
    let length = bytes.next_multiple_of(guard) + guard;
    let access = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANON;
    // SAFETY: a new mapping at an address of the system's choice.
    let address = unsafe { libc::mmap(ptr::null_mut(), length, access, flags, -1, 0) };
    if address == libc::MAP_FAILED {
        return None;
    }
    // SAFETY: the lowest page of the mapping just made.
    let _ = unsafe { libc::mprotect(address, guard, libc::PROT_NONE) };
    Some((address as usize, length))
}
