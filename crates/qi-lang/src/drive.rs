//! Drives the frames of coroutines: resumes them, and has them wait for what they said they would.
//!
//! # Protocol
//! A coroutine is at one place at a time: in a queue of its crew, in the turn of a hand, or parked where
//! its wake will come from. Who takes it from one of these may touch its frame, and nobody else; once it
//! is parked or queued it is somebody else's. What the frame states while it runs is acted on only here,
//! after it has suspended. (Invariant I91.)
//! Wakes are for what it waits for, but for those that come from time, which may be late, and from
//! cancelling. So a turn begins with a look whether it was cancelled, and, where going on too early
//! would be wrong, whether the wait is over.
#![forbid(unsafe_code)]

use std::ffi::{CString, c_void};
use std::ptr;
use std::time::Duration;

use crate::arena;
use crate::crew::{self, Crew};
use crate::exception::Turns;
use crate::export::channel::waited_for;
use crate::hand::Hand;
use crate::here::{self, Turn};
use crate::intent::{Awaited, Intent};
use crate::ops::{self, Frame};
use crate::strand::{Reason, Strand, Value};
use crate::{nap, plain, quiet, ready, run, text};

/// Turns of a round: between two looks at what came from outside, and of the runtime's other tasks.
const TURNS: u32 = 128;

/// Milliseconds, first and at most, between two looks at a future of the language's library, which tells nobody when it ends.
const LOOKS: (u32, u32) = (1, 8);

/// Makes a frame that has just suspended for the first time a coroutine; its future's address.
#[inline]
pub(crate) fn spawn(frame: Frame) -> usize {
    let Some(value) = frame.end(here::forget_intent) else { return begin(frame) };
    // After the end, which may leave something unsent, too.
    here::settle();
    ready::put(Value::Bits, value)
}

/// Not a part of the above: most ramps run to their end.
#[inline(never)]
fn begin(frame: Frame) -> usize {
    // What the program left unsent may have to wait here: the intent waits with it.
    here::settle();
    let intent = here::take_intent();
    let strand = arena::put(Strand::coroutine(frame.bits(), here::take_lane()));
    let address = strand.address();
    quiet::begin_one();
    let parked = match intent {
        Intent::Yield => false,
        // Timers want to know whose they are.
        Intent::Sleep(_) | Intent::Await(Awaited::Foreign(_)) => {
            run::handle().enter(|| wait(strand, intent))
        }
        intent => wait(strand, intent),
    };
    if !parked {
        crew::push_new(strand);
    }
    address
}

/// Parks a coroutine for what it said; `false` if it goes on: what it wants is there. If not, it is not
/// the caller's any more.
fn wait(strand: &'static Strand, intent: Intent) -> bool {
    let parked = match intent {
        Intent::Yield => false,
        Intent::Sleep(duration) => nap::begin(strand, 0, duration),
        Intent::Receive(channel) => channel.await_value(strand, true),
        Intent::Send(channel, value) => !channel.send_or_await(strand, value),
        Intent::Await(Awaited::Ours(future)) => future.listen(strand, Reason::Future),
        Intent::Await(Awaited::Foreign(future)) => nap_for(strand, future),
    };
    // Cancelled before it was parked, so nobody has woken it for that.
    if parked && strand.is_cancelled() {
        strand.wake();
    }
    parked
}

/// Looks at a future of the language's library a little later: the frame asks it again then.
fn nap_for(strand: &'static Strand, future: usize) -> bool {
    let again = strand.reason() == Reason::Time && strand.on() == future;
    let pause = if again { (strand.pause() * 2).min(LOOKS.1) } else { LOOKS.0 };
    strand.set_pause(pause);
    nap::begin(strand, future, Duration::from_millis(pause.into()))
}

/// Takes turns until there is nothing to do, or others are to have theirs; whether there were any.
/// `found` is called before the first.
pub(crate) fn round(crew: &'static Crew, hand: &'static Hand, found: impl Fn()) -> bool {
    let mut round = Round { crew, hand, running: None, next: None, left: TURNS, ended: false };
    round.next = crew.next(hand);
    if round.next.is_none() {
        return false;
    }
    found();
    let at_work = here::enter(hand);
    ops::take_turns(&mut round);
    if let Some(next) = round.next.take() {
        hand.push_back(next);
    }
    hand.shuffle();
    drop(at_work);
    if round.ended {
        plain::some_ended();
    }
    quiet::nudge();
    true
}

/// A hand's round.
struct Round {
    crew: &'static Crew,
    hand: &'static Hand,
    /// Whose frame was given out last, and whose turn it is on this thread.
    running: Option<(&'static Strand, Turn)>,
    /// Who has the next turn, before all that are queued.
    next: Option<&'static Strand>,
    /// Turns left.
    left: u32,
    /// Whether a coroutine has ended.
    ended: bool,
}

impl Turns for Round {
    #[inline]
    fn next(&mut self, thrown: Option<CString>) -> *mut c_void {
        if let Some((strand, turn)) = self.running.take() {
            self.settle(strand, turn, thrown);
        }
        while self.left > 0 {
            let next = self.next.take().or_else(|| self.crew.next(self.hand));
            let Some(strand) = next else { break };
            self.left -= 1;
            if self.is_due(strand) {
                self.hand.begin_turn();
                self.running = Some((strand, Turn::begin(strand)));
                return Frame::of_bits(strand.bits()).handle();
            }
        }
        ptr::null_mut()
    }
}

impl Round {
    /// Whether a coroutine that has come to its turn is to be resumed; if not, it is parked or ended.
    #[inline]
    fn is_due(&mut self, strand: &'static Strand) -> bool {
        if strand.is_cancelled() {
            self.cancelled(strand);
            return false;
        }
        match strand.parked_for() {
            Reason::Time if nap::resume(strand) => return false,
            Reason::Send => {
                strand.take_sent();
            }
            _ => {}
        }
        strand.resumed();
        true
    }

    /// What became of the frame that was given out.
    #[inline]
    fn settle(&mut self, strand: &'static Strand, turn: Turn, thrown: Option<CString>) {
        if let Some(message) = thrown {
            here::forget_intent();
            here::take_unsent();
            drop(turn);
            // Not destroyed: see the crate's page.
            self.end(strand, Value::Failure, text::keep(message));
            return;
        }
        let frame = Frame::of_bits(strand.bits());
        // A plain function may have tried to send at the very end.
        if let Some(value) = frame.end(here::settle) {
            drop(turn);
            self.end(strand, Value::Bits, value);
            return;
        }
        drop(turn);
        match here::take_intent() {
            Intent::Yield => self.hand.push_back(strand),
            intent => {
                if !wait(strand, intent) {
                    self.next = Some(strand);
                }
            }
        }
    }

    #[cold]
    fn cancelled(&mut self, strand: &'static Strand) {
        leave(strand);
        let turn = Turn::begin(strand);
        // The frame's clean-up is the program's code.
        Frame::of_bits(strand.bits()).destroy();
        drop(turn);
        self.end(strand, Value::Bits, 0);
    }

    /// Ends a coroutine. Who waits for that has the next turn.
    #[inline]
    fn end(&mut self, strand: &'static Strand, kind: Value, value: i64) {
        let waiter = strand.close(kind, value);
        // Those who wait for all are counted before this one is not.
        if let Some(waiter) = waiter {
            if waiter.wake_to_run() {
                self.go_on(waiter);
            }
        }
        self.ended = true;
        quiet::end_one();
        plain::one_ended();
        quiet::down();
    }

    /// Gives a coroutine the next turn, if it is of this lane.
    #[inline]
    fn go_on(&mut self, strand: &'static Strand) {
        if self.next.is_none() && strand.lane() == self.hand.lane() {
            self.next = Some(strand);
        } else {
            crew::push(strand);
        }
    }
}

/// Takes a coroutine out of what it waited for.
fn leave(strand: &'static Strand) {
    match strand.parked_for() {
        Reason::Receive => waited_for(strand).leave_receivers(strand),
        Reason::Send => waited_for(strand).leave_senders(strand),
        Reason::Future => arena::at(strand.on() as *const Strand).unlisten(strand),
        Reason::Time => nap::leave(strand),
        _ => {}
    }
}
