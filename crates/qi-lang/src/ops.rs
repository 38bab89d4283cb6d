//! The four functions through which the program lets its frames be driven.

use std::ffi::{CString, c_void};
use std::sync::OnceLock;

use crate::exception;

/// What `qi_coro_register_ops` takes.
#[derive(Clone, Copy)]
pub(crate) struct Ops {
    pub(crate) resume: extern "C" fn(*mut c_void),
    /// LLVM says nothing of the upper bits of a returned `i1`.
    pub(crate) done: extern "C" fn(*mut c_void) -> u8,
    pub(crate) destroy: extern "C" fn(*mut c_void),
    pub(crate) promise: extern "C" fn(*mut c_void) -> i64,
}

static OPS: OnceLock<Ops> = OnceLock::new();

/// Keeps them; the first ones stay.
pub(crate) fn register(ops: Ops) {
    OPS.get_or_init(|| ops);
}

#[inline]
fn ops() -> &'static Ops {
    match OPS.get() {
        Some(ops) => ops,
        None => missing(),
    }
}

#[cold]
fn missing() -> ! {
    eprintln!(
        "[qi] 启动协程之前没有调用 qi_coro_register_ops\n\
         [qi] a coroutine was started before qi_coro_register_ops was called"
    );
    std::process::abort()
}

/// A suspended frame of the program.
pub(crate) struct Frame(*mut c_void);

// SAFETY: the compiler keeps nothing of a thread in a frame, and one holder at a time resumes it.
unsafe impl Send for Frame {}

impl Frame {
    /// # Safety
    /// A handle that a ramp has just returned, and that nobody else resumes or destroys from now on.
    pub(crate) unsafe fn new(handle: *mut c_void) -> Self {
        Self(handle)
    }

    /// Runs it to its next suspension.
    ///
    /// # Errors
    /// What an exception said that it has not caught: it must not be resumed or destroyed any more.
    pub(crate) fn resume(&mut self) -> Result<(), CString> {
        // SAFETY: resuming runs compiled code only.
        unsafe { exception::guard(ops().resume, self.0) }
    }

    /// Whether it has run to its end: it must not be resumed then.
    #[inline]
    pub(crate) fn is_done(&self) -> bool {
        (ops().done)(self.0) & 1 == 1
    }

    /// The value of one that is done.
    #[inline]
    pub(crate) fn promise(&self) -> i64 {
        (ops().promise)(self.0)
    }

    /// Runs its clean-up and frees it.
    #[inline]
    pub(crate) fn destroy(self) {
        (ops().destroy)(self.0);
    }
}
