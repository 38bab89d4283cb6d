//! Channels outside of coroutines: what a plain function's tries and steps come to.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering, fence};
use std::sync::{Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use qi_runtime::time;

use crate::channel::Channel;
use crate::here::{self, Away, Step, Tried, Unsent, Wants};
use crate::strand::{Reason, Strand};
use crate::wait::{self, Held, Quiet};
use crate::{quiet, report, run};

/// How many wait for coroutines to end.
static FOR_ENDS: AtomicUsize = AtomicUsize::new(0);
/// How many of these wait for any one.
static STEPPERS: AtomicUsize = AtomicUsize::new(0);
/// Who they are.
static FOR_ALL: Mutex<Vec<&'static Strand>> = Mutex::new(Vec::new());

/// A coroutine has ended, and was counted: tells those who wait for any one, if they are seen.
#[inline]
pub(crate) fn one_ended() {
    // Relaxed: those who are missed are told by `some_ended`.
    if STEPPERS.load(Ordering::Relaxed) > 0 {
        tell_of_end();
    }
}

/// Coroutines may have ended since this was called last: tells those who wait for that. Nobody is missed:
/// of one who comes to wait and an end one sees the other, and of two last ends one sees both.
pub(crate) fn some_ended() {
    // SeqCst: between the count of the end and the look; pairs with that of `wait_for_end`.
    fence(Ordering::SeqCst);
    // Relaxed, both: as above.
    let is_one_enough = STEPPERS.load(Ordering::Relaxed) > 0;
    if is_one_enough || (FOR_ENDS.load(Ordering::Relaxed) > 0 && live() == 0) {
        tell_of_end();
    }
}

#[cold]
fn tell_of_end() {
    let waiting = std::mem::take(&mut *for_all());
    waiting.into_iter().for_each(Strand::wake);
}

fn live() -> i64 {
    quiet::live().0
}

fn for_all() -> std::sync::MutexGuard<'static, Vec<&'static Strand>> {
    FOR_ALL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until no coroutine is left, or none of them can go on: then it says which.
pub(crate) fn run_all() {
    if wait_for_end(|| live() == 0) == Err(Quiet) {
        report::say_deadlock(Reason::All, 0);
    }
}

fn wait_for_end(mut is_over: impl FnMut() -> bool) -> Result<(), Quiet> {
    // Relaxed: ordered by the fence below.
    FOR_ENDS.fetch_add(1, Ordering::Relaxed);
    let outcome = wait::until(|strand| {
        // Under the lock: the end that comes after this look finds the strand in the list.
        let mut waiting = for_all();
        // SeqCst: pairs with that of `some_ended`.
        fence(Ordering::SeqCst);
        if is_over() {
            return Some(());
        }
        strand.rest(Reason::All, 0);
        if !waiting.iter().any(|one| std::ptr::eq(*one, strand)) {
            waiting.push(strand);
        }
        None
    });
    FOR_ENDS.fetch_sub(1, Ordering::Relaxed);
    let strand = here::strand();
    for_all().retain(|one| !std::ptr::eq(*one, strand));
    outcome
}

/// Sends a value that a plain function has tried to send, waiting for room. If nobody can make room the
/// value is dropped, as the answer of the try has said.
pub(crate) fn send(unsent: Unsent) {
    let Unsent { channel, value } = unsent;
    if channel.try_send(value) {
        return;
    }
    let listed = Cell::new(false);
    let outcome = wait::until(|strand| {
        if !listed.get() {
            if channel.send_or_await(strand, value) {
                return Some(());
            }
            listed.set(true);
            return None;
        }
        (strand.take_sent() || !channel.is_listed_sender(strand)).then(|| {
            strand.take_sent();
        })
    });
    if outcome == Err(Quiet) {
        channel.leave_senders(here::strand());
        // A receiver may have come between.
        here::strand().take_sent();
    }
}

/// Waits for what the tries of a receive or a select have found closed; whether there is more to do.
///
/// # Errors
/// [`Quiet`]: nothing can change what they have found.
pub(crate) fn step() -> Result<bool, Quiet> {
    let step = here::take_step();
    match step.tried[..] {
        [] => Ok(any_step()),
        [Tried { channel, wants: Wants::Value }] if step.slice.is_none() => {
            receive(channel).map(|()| true)
        }
        _ => select(&step).map(|()| true),
    }
}

fn receive(channel: &'static Channel) -> Result<(), Quiet> {
    let mut listed = false;
    let outcome = wait::until(|strand| {
        let fresh = !std::mem::replace(&mut listed, true);
        (!channel.await_value(strand, fresh)).then_some(())
    });
    if outcome.is_err() {
        channel.leave_receivers(here::strand());
    }
    outcome
}

/// Waits for a change at one of the channels.
fn select(step: &Step) -> Result<(), Quiet> {
    let is_ready = || step.tried.iter().any(Tried::is_ready);
    let watch = |strand| step.tried.iter().for_each(|tried| tried.channel.watch(strand));
    let outcome = match step.slice {
        Some(slice) => {
            pause(slice, |strand| {
                watch(strand);
                is_ready()
            });
            Ok(())
        }
        None => wait::until(|strand| {
            let marked = strand.mark(Reason::Select, step.tried.len());
            watch(strand);
            if is_ready() {
                strand.unmark(marked);
                return Some(());
            }
            strand.lie_down(marked);
            None
        }),
    };
    let strand = here::strand();
    step.tried.iter().for_each(|tried| tried.channel.unwatch(strand));
    outcome
}

/// Waits so long, or until it is woken or ready. It is no rest: time goes on.
fn pause(longest: Duration, is_ready: impl Fn(&'static Strand) -> bool) {
    let strand = here::strand();
    let held = Held::take(strand);
    let away = Away::go();
    run::wait(async {
        let mut end = pin!(time::sleep(longest));
        poll_fn(|context| {
            strand.keep(context.waker());
            if is_ready(strand) { Poll::Ready(()) } else { end.as_mut().poll(context) }
        })
        .await;
    });
    strand.drop_waker();
    drop(held);
    drop(away);
}

/// A step that nothing was tried before: lets coroutines run; whether any is left that can.
fn any_step() -> bool {
    let (live, ended) = quiet::live();
    if live == 0 {
        return false;
    }
    // Relaxed: ordered by the fence of the wait.
    STEPPERS.fetch_add(1, Ordering::Relaxed);
    let outcome = wait_for_end(|| quiet::live().1 != ended);
    STEPPERS.fetch_sub(1, Ordering::Relaxed);
    outcome.is_ok() && quiet::live().0 > 0
}

/// What a select does between two rounds: nothing after a step, which has waited; else a short sleep.
pub(crate) fn back_off() {
    if !here::take_stepped() {
        pause(Duration::from_millis(1), |_| false);
    }
}
