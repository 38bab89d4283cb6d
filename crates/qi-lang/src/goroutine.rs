//! Goroutines: closures of the program on stacks of their own.
//!
//! They are coroutines of the runtime, so a wait of theirs suspends a stack and no thread. Each has its
//! own marks of exceptions, because several of them take turns on one thread.

use std::ffi::{CString, c_void};
use std::rc::Rc;

use crate::arena::{self, Found};
use crate::exception::{self, Context};
use crate::here::{self, Turn};
use crate::strand::{Kind, Reason, Strand, Value};
use crate::{future, quiet, run, text};

/// What one runs.
pub(crate) struct Body {
    function: extern "C" fn(*mut c_void),
    argument: *mut c_void,
    /// Copied arguments, which live as long as it runs.
    words: Box<[i64]>,
}

// SAFETY: by the program's word: what it starts may run on any thread.
unsafe impl Send for Body {}

impl Body {
    /// A function of copied arguments.
    ///
    /// # Safety
    /// The function takes a pointer to so many.
    pub(crate) unsafe fn with_words(
        function: extern "C" fn(*mut c_void),
        words: Box<[i64]>,
    ) -> Self {
        Self { function, argument: std::ptr::null_mut(), words }
    }

    /// A function of one pointer.
    ///
    /// # Safety
    /// The function takes this pointer, on any thread, at any time.
    pub(crate) unsafe fn with_pointer(
        function: extern "C" fn(*mut c_void),
        argument: *mut c_void,
    ) -> Self {
        Self { function, argument, words: Box::default() }
    }

    fn run(mut self) -> Result<(), CString> {
        let has_words = self.argument.is_null() && !self.words.is_empty();
        let argument = if has_words { self.words.as_mut_ptr().cast() } else { self.argument };
        // SAFETY: the word of those who made it. Left by a jump, it leaves compiled frames only.
        unsafe { exception::guard(self.function, argument) }
    }
}

/// Starts one; `owned`: somebody has its handle, and what it throws is kept for them.
pub(crate) fn spawn(body: Body, owned: bool) -> &'static Strand {
    let strand = arena::claim(Kind::Goroutine);
    if !owned {
        strand.release();
    }
    quiet::up();
    let builder = run::handle().coroutine().priority(here::take_lane());
    drop(builder.spawn(move || live(strand, body, owned)));
    strand
}

fn live(strand: &'static Strand, body: Body, owned: bool) {
    let turn = Turn::begin(strand);
    let outer = exception::enter(Rc::new(Context::new()));
    let outcome = body.run();
    match outcome {
        // A plain function may have tried to send at the very end.
        Ok(()) => here::settle(),
        Err(_) => drop(here::take_unsent()),
    }
    drop(exception::enter(outer));
    drop(turn);
    match outcome {
        Ok(()) => strand.complete(Value::Bits, 0),
        Err(message) if owned => strand.complete(Value::Failure, text::keep(message)),
        Err(message) => {
            exception::leave(message);
            strand.complete(Value::Bits, 0);
        }
    }
    quiet::down();
    quiet::nudge();
}

/// What became of a handle's goroutine.
pub(crate) enum Joined {
    /// No goroutine's handle.
    Unknown,
    Ended,
    Threw(CString),
}

/// Waits for its end.
///
/// # Errors
/// What is to be thrown, if it cannot end.
pub(crate) fn join(handle: i64) -> Result<Joined, CString> {
    match arena::find(usize::try_from(handle).unwrap_or(0)) {
        Found::Strand(strand) if strand.kind() == Kind::Goroutine => {
            future::end_of(strand, Reason::Join)?;
            strand.seen();
            Ok(match strand.value_kind() {
                Value::Failure => Joined::Threw(text::get(strand.bits()).unwrap_or_default()),
                _ => Joined::Ended,
            })
        }
        Found::Gone { .. } => Ok(Joined::Ended),
        _ => Ok(Joined::Unknown),
    }
}
