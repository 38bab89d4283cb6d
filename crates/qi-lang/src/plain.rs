//! Channels outside of coroutines: what a plain function's tries and steps come to.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use qi_runtime::time;

use crate::channel::Channel;
use crate::here::{self, Away, Step, Tried, Unsent, Wants};
use crate::strand::{Reason, Strand};
use crate::wait::{self, Quiet};
use crate::{report, run};

/// Coroutines that were started and have not ended.
static LIVE: AtomicI64 = AtomicI64::new(0);
/// Who waits for the next one to end.
static STEPPERS: AtomicI64 = AtomicI64::new(0);
/// Who waits for the last one to end, or the next.
static FOR_ALL: Mutex<Vec<&'static Strand>> = Mutex::new(Vec::new());

/// One more coroutine.
pub(crate) fn begin_one() {
    // Relaxed: whoever waits for all has started it, or was told of it.
    LIVE.fetch_add(1, Ordering::Relaxed);
}

/// One less; its value is there to be seen.
pub(crate) fn end_one() {
    // SeqCst: what all of them did happens before the wait for all ends; and see `any_step`.
    if LIVE.fetch_sub(1, Ordering::SeqCst) == 1 || STEPPERS.load(Ordering::SeqCst) > 0 {
        let waiting = std::mem::take(&mut *for_all());
        waiting.into_iter().for_each(Strand::wake);
    }
}

/// Coroutines that live.
pub(crate) fn live() -> i64 {
    // Acquire: pairs with `end_one`.
    LIVE.load(Ordering::Acquire)
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
    let outcome = wait::until(|strand| {
        // Under the lock: the end that comes after this look finds the strand in the list.
        let mut waiting = for_all();
        if is_over() {
            return Some(());
        }
        strand.rest(Reason::All, 0);
        if !waiting.iter().any(|one| std::ptr::eq(*one, strand)) {
            waiting.push(strand);
        }
        None
    });
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
    drop(away);
}

/// A step that nothing was tried before: lets coroutines run; whether any is left that can.
fn any_step() -> bool {
    let before = live();
    if before == 0 {
        return false;
    }
    // SeqCst: either `end_one` sees the stepper, or the stepper sees the end.
    STEPPERS.fetch_add(1, Ordering::SeqCst);
    let outcome = wait_for_end(|| LIVE.load(Ordering::SeqCst) != before);
    STEPPERS.fetch_sub(1, Ordering::SeqCst);
    outcome.is_ok() && live() > 0
}

/// What a select does between two rounds: nothing after a step, which has waited; else a short sleep.
pub(crate) fn back_off() {
    if !here::take_stepped() {
        pause(Duration::from_millis(1), |_| false);
    }
}
