//! The four functions through which the program lets its frames be driven.

use std::ffi::c_void;
use std::sync::OnceLock;

use crate::exception::{self, Turns};

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

/// Resumes one frame after another.
pub(crate) fn take_turns(turns: &mut impl Turns) {
    // SAFETY: resuming runs compiled code only; what gives the frames holds them.
    unsafe { exception::take_turns(turns, ops().resume) }
}

/// A suspended frame of the program. Who has it resumes it, or passes it on.
#[derive(Clone, Copy)]
pub(crate) struct Frame(*mut c_void);

impl Frame {
    /// # Safety
    /// A handle that a ramp has just returned, and that nobody else resumes or destroys from now on.
    pub(crate) unsafe fn new(handle: *mut c_void) -> Self {
        Self(handle)
    }

    /// The frame that a strand holds, by its bits.
    #[inline]
    pub(crate) fn of_bits(bits: i64) -> Self {
        Self(bits as *mut c_void)
    }

    #[inline]
    pub(crate) fn bits(self) -> i64 {
        self.0 as i64
    }

    /// What a turn resumes.
    #[inline]
    pub(crate) fn handle(self) -> *mut c_void {
        self.0
    }

    /// The value of one that has run to its end, which is gone then; `None` if it goes on. `first` is called
    /// before anything of it goes.
    #[inline]
    pub(crate) fn end(self, first: impl FnOnce()) -> Option<i64> {
        let ops = ops();
        // LLVM says nothing of the upper bits.
        if (ops.done)(self.0) & 1 == 0 {
            return None;
        }
        first();
        let value = (ops.promise)(self.0);
        (ops.destroy)(self.0);
        Some(value)
    }

    /// Runs its clean-up and frees it.
    #[inline]
    pub(crate) fn destroy(self) {
        (ops().destroy)(self.0);
    }
}
