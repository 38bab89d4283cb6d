//! What the calling thread is about: whose code it runs, and what that code has said without saying all.
//!
//! Nothing here outlives a suspension: a task sets it when it begins a turn and takes it back when the
//! turn ends; a goroutine does so around each wait, since others run on the thread meanwhile.
#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use qi_runtime::TaskPriority;

use crate::channel::Channel;
use crate::crew::Blocked;
use crate::exception::{self, Context};
use crate::hand::Hand;
use crate::intent::{Asked, Awaited, Intent, Stated};
use crate::strand::{Kind, Strand};
use crate::{arena, plain, quiet};

/// A try that found no room: see the crate's page.
#[derive(Clone, Copy)]
pub(crate) struct Unsent {
    pub(crate) channel: &'static Channel,
    pub(crate) value: i64,
}

/// A channel that a try has just found closed for what it wanted.
#[derive(Clone, Copy)]
pub(crate) struct Tried {
    pub(crate) channel: &'static Channel,
    pub(crate) wants: Wants,
}

/// What was wanted of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wants {
    Value,
    Room,
}

impl Tried {
    /// Whether it is open by now.
    pub(crate) fn is_ready(&self) -> bool {
        let (values, capacity) = self.channel.fill();
        match self.wants {
            Wants::Value => values > 0,
            Wants::Room => values < capacity,
        }
    }
}

/// The slice of a timed select's wait: a part of what has gone by, within these.
const SLICES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(50));
/// Which part.
const PART: u32 = 16;

struct Here {
    strand: Cell<Option<&'static Strand>>,
    /// Whose round this thread is in.
    hand: Cell<Option<&'static Hand>>,
    stated: Stated,
    asked: Asked,
    unsent: Cell<Option<Unsent>>,
    has_tried: Cell<bool>,
    /// Whether the clock was read after the last try.
    clock_read: Cell<bool>,
    /// When the select began whose clock is read.
    timed_since: Cell<Option<Instant>>,
    /// Whether a step was made since the last back-off.
    stepped: Cell<bool>,
    lane: Cell<Option<TaskPriority>>,
}

thread_local! {
    static HERE: Here = const {
        Here {
            strand: Cell::new(None),
            hand: Cell::new(None),
            stated: Stated::new(),
            asked: Asked::new(),
            unsent: Cell::new(None),
            has_tried: Cell::new(false),
            clock_read: Cell::new(false),
            timed_since: Cell::new(None),
            stepped: Cell::new(false),
            lane: Cell::new(None),
        }
    };
    /// What was tried in vain since the last step. Beside the above, which so has nothing to drop, and is
    /// found without a look at whether it is there.
    static TRIED: RefCell<Vec<Tried>> = const { RefCell::new(Vec::new()) };
    static THREAD: RefCell<Option<Thread>> = const { RefCell::new(None) };
}

static THREADS: Mutex<Vec<&'static Strand>> = Mutex::new(Vec::new());

/// The strand of a thread, for as long as that lives.
struct Thread(&'static Strand);

impl Thread {
    fn begin() -> Self {
        let strand = arena::claim(Kind::Thread);
        quiet::up();
        THREADS.lock().unwrap_or_else(PoisonError::into_inner).push(strand);
        Self(strand)
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        let mut threads = THREADS.lock().unwrap_or_else(PoisonError::into_inner);
        threads.retain(|one| !std::ptr::eq(*one, self.0));
        drop(threads);
        self.0.complete(crate::strand::Value::Bits, 0);
        quiet::down();
    }
}

/// The threads that have called in and live.
pub(crate) fn threads() -> Vec<&'static Strand> {
    THREADS.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Whose code this is.
#[inline]
pub(crate) fn strand() -> &'static Strand {
    HERE.with(|here| match here.strand.get() {
        Some(strand) => strand,
        None => THREAD.with_borrow_mut(|thread| thread.get_or_insert_with(Thread::begin).0),
    })
}

/// Whose code this is; `None` if it is a thread's that has never waited.
#[inline]
pub(crate) fn known() -> Option<&'static Strand> {
    HERE.with(|here| here.strand.get())
        .or_else(|| THREAD.with_borrow(|thread| thread.as_ref().map(|thread| thread.0)))
}

/// The hand whose round this is.
#[inline]
pub(crate) fn hand() -> Option<&'static Hand> {
    HERE.with(|here| here.hand.get())
}

/// A hand's round on this thread.
pub(crate) struct AtWork(());

/// Begins it. By the one who polls the hand's task.
pub(crate) fn enter(hand: &'static Hand) -> AtWork {
    HERE.with(|here| here.hand.set(Some(hand)));
    AtWork(())
}

impl Drop for AtWork {
    fn drop(&mut self) {
        HERE.with(|here| here.hand.set(None));
    }
}

/// A turn of a strand on this thread.
pub(crate) struct Turn {
    outer: Option<&'static Strand>,
}

impl Turn {
    #[inline]
    pub(crate) fn begin(strand: &'static Strand) -> Self {
        Self { outer: HERE.with(|here| here.strand.replace(Some(strand))) }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        HERE.with(|here| here.strand.set(self.outer));
    }
}

/// The time of a wait, in which others may run on the thread.
pub(crate) struct Away {
    /// The hand, and that another has its place.
    hand: Option<(&'static Hand, Blocked)>,
    strand: Option<&'static Strand>,
    intent: Intent,
    asked: Option<Awaited>,
    context: Rc<Context>,
}

impl Away {
    pub(crate) fn go() -> Self {
        let context = exception::enter(exception::of_thread());
        HERE.with(|here| Self {
            hand: here.hand.take().map(|hand| (hand, Blocked::begin(hand))),
            strand: here.strand.take(),
            intent: here.stated.take(),
            asked: here.asked.take(),
            context,
        })
    }
}

impl Drop for Away {
    fn drop(&mut self) {
        HERE.with(|here| {
            here.hand.set(self.hand.take().map(|(hand, _)| hand));
            here.strand.set(self.strand);
            here.stated.set(self.intent);
            here.asked.set(self.asked);
        });
        exception::enter(Rc::clone(&self.context));
    }
}

/// States what the frame that suspends next will wait for.
#[inline]
pub(crate) fn intend(intent: Intent) {
    HERE.with(|here| here.stated.set(intent));
}

/// What the frame that has just suspended stated; a yield if nothing.
#[inline]
pub(crate) fn take_intent() -> Intent {
    HERE.with(|here| here.stated.take())
}

/// As [`take_intent`], of a frame that waits for nothing any more.
#[inline]
pub(crate) fn forget_intent() {
    HERE.with(|here| here.stated.forget());
}

/// Remembers a future that was not ready: the yield that follows waits for it.
#[inline]
pub(crate) fn asked(future: Awaited) {
    HERE.with(|here| here.asked.set(Some(future)));
}

/// The future that was asked just before.
#[inline]
pub(crate) fn take_asked() -> Option<Awaited> {
    HERE.with(|here| here.asked.take())
}

/// Remembers a try that found no room. Asking for the last value settles from now on, too.
#[inline]
pub(crate) fn unsent(unsent: Unsent) {
    arena::forget_last();
    HERE.with(|here| {
        here.clock_read.set(false);
        here.unsent.set(Some(unsent));
    });
}

#[inline]
pub(crate) fn take_unsent() -> Option<Unsent> {
    HERE.with(|here| here.unsent.take())
}

/// Sends what a plain function has left unsent. Every function that neither parks nor steps begins so.
#[inline]
pub(crate) fn settle() {
    if HERE.with(|here| here.unsent.get().is_some()) {
        send_unsent();
    }
}

#[cold]
fn send_unsent() {
    if let Some(unsent) = take_unsent() {
        plain::send(unsent);
    }
}

/// Remembers a try to receive that was in vain: a step that follows waits for the channel.
pub(crate) fn tried(channel: &'static Channel) {
    HERE.with(|here| {
        here.clock_read.set(false);
        here.has_tried.set(true);
    });
    TRIED.with_borrow_mut(|tried| {
        if !tried.iter().any(|one| std::ptr::eq(one.channel, channel)) {
            tried.push(Tried { channel, wants: Wants::Value });
        }
    });
}

/// Forgets what was tried: the program went on.
#[inline]
pub(crate) fn forget_tries() {
    HERE.with(|here| {
        here.clock_read.set(false);
        here.timed_since.set(None);
        if here.has_tried.replace(false) {
            TRIED.with_borrow_mut(Vec::clear);
        }
    });
}

/// What a step waits for.
pub(crate) struct Step {
    pub(crate) tried: Vec<Tried>,
    /// How long at most, in a select with a time limit, which this library is not told.
    pub(crate) slice: Option<Duration>,
}

/// Takes what was tried since the last step. A send in vain just before is a select's.
pub(crate) fn take_step() -> Step {
    HERE.with(|here| {
        here.stepped.set(true);
        here.has_tried.set(false);
        let mut tried = TRIED.take();
        if let Some(Unsent { channel, .. }) = here.unsent.take() {
            tried.push(Tried { channel, wants: Wants::Room });
        }
        let timed = here.clock_read.replace(false) && !tried.is_empty();
        if !timed {
            here.timed_since.set(None);
            return Step { tried, slice: None };
        }
        let now = Instant::now();
        let since = here.timed_since.get().unwrap_or(now);
        here.timed_since.set(Some(since));
        Step { tried, slice: Some(((now - since) / PART).clamp(SLICES.0, SLICES.1)) }
    })
}

/// Whether a step was made since this was asked last.
pub(crate) fn take_stepped() -> bool {
    HERE.with(|here| here.stepped.replace(false))
}

/// Notes that the clock was read.
pub(crate) fn clock_read() {
    HERE.with(|here| here.clock_read.set(true));
}

/// The lane of the next spawn on this thread.
pub(crate) fn next_lane(lane: TaskPriority) {
    HERE.with(|here| here.lane.set(Some(lane)));
}

pub(crate) fn take_lane() -> TaskPriority {
    HERE.with(|here| here.lane.take()).unwrap_or_default()
}
