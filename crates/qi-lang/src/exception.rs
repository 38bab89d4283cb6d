//! Exceptions: marks set by the program's own `setjmp`, jumps to the newest one.
//!
//! A *context* is a list of marks: a thread has one, and each goroutine, because several of them take
//! turns on a thread. What runs under a *guard* sees only marks set since; an exception that finds none
//! ends what the guard has called. Marks that a coroutine leaves behind when it suspends are dropped
//! with the turn: they point into a stack that is gone.
//!
//! # Protocol
//! A jump runs no destructor. `throw` holds nothing when it jumps, and between it and the guard there is
//! compiled code only.

use std::cell::{Cell, RefCell, UnsafeCell};
use std::collections::VecDeque;
use std::ffi::{CStr, CString, c_void};
use std::ptr;
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};

use crate::text;

/// Bytes of a mark: what the compiler counts on; larger than any system's `jmp_buf`.
const MARK: usize = 256;

/// A buffer of `setjmp`.
#[repr(C, align(16))]
struct Mark(UnsafeCell<[u8; MARK]>);

/// See the file.
pub(crate) struct Context {
    /// Boxes, since the program holds their addresses.
    marks: RefCell<Vec<Box<Mark>>>,
    /// Unused ones.
    spare: RefCell<Vec<Box<Mark>>>,
    /// Marks below belong to what is outside of the guard.
    floor: Cell<usize>,
    /// The buffer of the innermost guard.
    escape: Cell<*mut c_void>,
    message: RefCell<CString>,
}

unsafe extern "C" {
    fn qi_lang_guard(
        run: extern "C" fn(*mut c_void),
        argument: *mut c_void,
        escape: *mut *mut c_void,
    ) -> i32;
    fn qi_lang_turns(
        next: extern "C" fn(*mut c_void, i32) -> *mut c_void,
        resume: extern "C" fn(*mut c_void),
        turns: *mut c_void,
        escape: *mut *mut c_void,
    );
    fn qi_lang_jump(buffer: *mut c_void) -> !;
}

thread_local! {
    static OF_THREAD: Rc<Context> = Rc::new(Context::new());
    static CURRENT: RefCell<Rc<Context>> = RefCell::new(of_thread());
}

/// What goroutines nobody has a handle of have thrown.
static LEFT: Mutex<VecDeque<CString>> = Mutex::new(VecDeque::new());

impl Context {
    pub(crate) fn new() -> Self {
        Self {
            marks: RefCell::default(),
            spare: RefCell::default(),
            floor: Cell::new(0),
            escape: Cell::new(ptr::null_mut()),
            message: RefCell::default(),
        }
    }

    fn cut(&self, length: usize) {
        let mut marks = self.marks.borrow_mut();
        let mut spare = self.spare.borrow_mut();
        while marks.len() > length {
            spare.extend(marks.pop());
        }
    }
}

/// The calling thread's own.
pub(crate) fn of_thread() -> Rc<Context> {
    OF_THREAD.with(Rc::clone)
}

/// Makes that the current one; the one before.
pub(crate) fn enter(context: Rc<Context>) -> Rc<Context> {
    CURRENT.replace(context)
}

fn current() -> Rc<Context> {
    CURRENT.with_borrow(Rc::clone)
}

/// Calls `run(argument)`.
///
/// # Errors
/// What an exception said that nothing in it has caught.
///
/// # Safety
/// `run` is compiled code, or calls it, and may be left by a jump at any call: nothing of it has
/// destructors to run. The argument is one that it takes.
pub(crate) unsafe fn guard(
    run: extern "C" fn(*mut c_void),
    argument: *mut c_void,
) -> Result<(), CString> {
    let context = current();
    let length = context.marks.borrow().len();
    let floor = context.floor.replace(length);
    // SAFETY: the caller's word for the function; the cell lives in the context, which is held here.
    let thrown = unsafe { qi_lang_guard(run, argument, context.escape.as_ptr()) } != 0;
    context.cut(length);
    context.floor.set(floor);
    if thrown { Err(context.message.take()) } else { Ok(()) }
}

/// What runs one frame after another, and what an exception does to them.
pub(crate) trait Turns {
    /// The next frame, or null. Before that: what became of the last one, which an exception with this
    /// message may have left.
    fn next(&mut self, thrown: Option<CString>) -> *mut c_void;
}

/// The turns that are being taken, and the context they are taken in.
struct Round<'a, T> {
    turns: &'a mut T,
    context: Rc<Context>,
    /// Marks below belong to what is outside.
    length: usize,
}

extern "C" fn next<T: Turns>(round: *mut c_void, thrown: i32) -> *mut c_void {
    // SAFETY: `take_turns` has given this pointer to the function that calls here, and uses it no more
    // before that returns.
    let round = unsafe { &mut *round.cast::<Round<'_, T>>() };
    if round.context.marks.borrow().len() > round.length {
        round.context.cut(round.length);
    }
    let message = (thrown != 0).then(|| round.context.message.take());
    round.turns.next(message)
}

/// Resumes what `turns` gives, each under a guard, until it gives null.
///
/// # Safety
/// As [`guard`], of `resume` and each of the frames.
pub(crate) unsafe fn take_turns<T: Turns>(turns: &mut T, resume: extern "C" fn(*mut c_void)) {
    let context = current();
    let length = context.marks.borrow().len();
    let floor = context.floor.replace(length);
    let mut round = Round { turns, context: Rc::clone(&context), length };
    let at = (&raw mut round).cast();
    // SAFETY: the caller's word for the frames; the cell lives in the context, which is held here.
    unsafe { qi_lang_turns(next::<T>, resume, at, context.escape.as_ptr()) };
    context.floor.set(floor);
}

/// A new mark: the buffer of the `setjmp` that follows.
pub(crate) fn mark() -> *mut u8 {
    let context = current();
    let new = || Box::new(Mark(UnsafeCell::new([0; MARK])));
    let mark = context.spare.borrow_mut().pop().unwrap_or_else(new);
    let at = mark.0.get().cast();
    context.marks.borrow_mut().push(mark);
    at
}

/// Takes the newest mark away, if there is one of this turn.
pub(crate) fn unmark() {
    let context = current();
    let length = context.marks.borrow().len();
    if length > context.floor.get() {
        context.cut(length - 1);
    }
}

/// Keeps what the next throw says.
pub(crate) fn stage(message: CString) {
    let before = current().message.replace(message);
    drop(before);
}

/// What was thrown last.
pub(crate) fn message() -> CString {
    current().message.borrow().clone()
}

/// Throws what was staged.
pub(crate) fn throw() -> ! {
    let to = target();
    if to.is_null() {
        uncaught();
    }
    // SAFETY: filled by a `setjmp` whose function has not returned: marks are taken away before that, by
    // the compiler's word, and those of a turn at its end.
    unsafe { qi_lang_jump(to) }
}

fn target() -> *mut c_void {
    let context = current();
    let marks = context.marks.borrow();
    match marks.last() {
        Some(mark) if marks.len() > context.floor.get() => mark.0.get().cast(),
        _ => context.escape.get(),
    }
}

fn uncaught() -> ! {
    let message = message();
    let message = text::shown(&message);
    eprintln!("[qi] 未捕获的异常: {message}\n[qi] uncaught exception: {message}");
    std::process::abort()
}

/// Keeps what a goroutine without a handle has thrown.
pub(crate) fn leave(message: CString) {
    LEFT.lock().unwrap_or_else(PoisonError::into_inner).push_back(message);
}

/// How many such messages wait.
pub(crate) fn left() -> usize {
    LEFT.lock().unwrap_or_else(PoisonError::into_inner).len()
}

/// The oldest of them.
pub(crate) fn take_left() -> Option<CString> {
    LEFT.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
}

/// A copy of the program's text; empty for null.
///
/// # Safety
/// Null, or a string that ends with NUL and stays as it is meanwhile.
pub(crate) unsafe fn copy(text: *const std::ffi::c_char) -> CString {
    if text.is_null() {
        return CString::default();
    }
    // SAFETY: the caller's word.
    unsafe { CStr::from_ptr(text) }.to_owned()
}
