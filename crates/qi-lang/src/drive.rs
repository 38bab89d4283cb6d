//! A coroutine's frame as a task: resumes it, and waits for what it said it would wait for.
//!
//! # Protocol
//! Every poll: look whether it was cancelled; leave the waker; look whether what it waits for has come,
//! and say that it rests if not; resume otherwise. The order makes a wake that comes at any moment find
//! either the waker or the look. What the frame states while it runs is acted on only here, after it has
//! suspended. (Invariant I91.)
#![forbid(unsafe_code)]

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use qi_runtime::time::{self, Sleep};

use crate::channel::Channel;
use crate::here::{self, Awaited, Intent, Turn};
use crate::ops::Frame;
use crate::strand::{Kind, Reason, Strand, Value};
use crate::{arena, library, plain, quiet, run, text};

/// Resumes in one poll, if what the frame waits for is there each time.
const TURNS: usize = 64;

/// Between two looks at a future of the language's library, which tells nobody when it ends.
const LOOKS: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(8));

/// What a frame waits for.
enum Wait {
    /// A turn.
    Turn,
    Sleep(Pin<Box<Sleep>>),
    /// And whether it is listed there.
    Receive(&'static Channel, bool),
    /// Not listed yet.
    Send(&'static Channel, i64),
    /// Listed with its value.
    Sending(&'static Channel),
    Await(&'static Strand),
    Foreign {
        future: usize,
        pause: Duration,
        look: Option<Pin<Box<Sleep>>>,
    },
}

impl Wait {
    /// `false` if it is over at once.
    fn of(intent: Intent) -> Self {
        match intent {
            Intent::Yield => Self::Turn,
            Intent::Sleep(duration) => Self::Sleep(Box::pin(time::sleep(duration))),
            Intent::Receive(channel) => Self::Receive(channel, false),
            Intent::Send(channel, value) => Self::Send(channel, value),
            Intent::Await(Awaited::Ours(strand)) => Self::Await(strand),
            Intent::Await(Awaited::Foreign(future)) => {
                Self::Foreign { future, pause: LOOKS.0, look: None }
            }
        }
    }

    /// Whether it is over. If not, the strand will be woken, and rests if only another can wake it.
    fn poll(&mut self, strand: &'static Strand, context: &mut Context<'_>) -> Poll<()> {
        let pending = match self {
            Self::Turn => false,
            Self::Sleep(sleep) => {
                ready!(sleep.as_mut().poll(context));
                false
            }
            Self::Receive(channel, listed) => {
                channel.await_value(strand, !std::mem::replace(listed, true))
            }
            Self::Send(channel, value) => {
                let (channel, value) = (*channel, *value);
                let sent = channel.send_or_await(strand, value);
                *self = Self::Sending(channel);
                !sent
            }
            Self::Sending(channel) => {
                let sent = strand.take_sent() || !channel.is_listed_sender(strand);
                if sent {
                    strand.take_sent();
                }
                !sent
            }
            Self::Await(future) => future.listen(strand, Reason::Future),
            Self::Foreign { future, pause, look } => {
                return poll_foreign(*future, pause, look, context);
            }
        };
        if pending { Poll::Pending } else { Poll::Ready(()) }
    }

    /// Leaves what it is listed in.
    fn leave(&self, strand: &'static Strand) {
        match self {
            Self::Receive(channel, _) => channel.leave_receivers(strand),
            Self::Sending(channel) => channel.leave_senders(strand),
            Self::Await(future) => future.unlisten(strand),
            Self::Turn | Self::Sleep(_) | Self::Send(..) | Self::Foreign { .. } => {}
        }
    }
}

fn poll_foreign(
    future: usize,
    pause: &mut Duration,
    look: &mut Option<Pin<Box<Sleep>>>,
    context: &mut Context<'_>,
) -> Poll<()> {
    loop {
        if library::state(future) != library::State::Pending {
            return Poll::Ready(());
        }
        let sleep = look.get_or_insert_with(|| Box::pin(time::sleep(*pause)));
        ready!(sleep.as_mut().poll(context));
        *look = None;
        *pause = (*pause * 2).min(LOOKS.1);
    }
}

/// The task of a coroutine.
struct Drive {
    strand: &'static Strand,
    frame: Option<Frame>,
    wait: Wait,
}

/// Makes a frame that has just suspended for the first time a task; its future.
pub(crate) fn spawn(frame: Frame) -> &'static Strand {
    // First of all: what the program left unsent may have to wait here.
    let intent = here::take_intent();
    here::settle();
    if frame.is_done() {
        let value = frame.promise();
        frame.destroy();
        return arena::put(Strand::ended(Kind::Coroutine, Value::Bits, value));
    }
    let strand = arena::claim(Kind::Coroutine);
    let handle = run::handle();
    // Timers want to know whose they are.
    let wait = match intent {
        Intent::Sleep(duration) => handle.enter(|| Wait::of(Intent::Sleep(duration))),
        intent => Wait::of(intent),
    };
    quiet::up();
    plain::begin_one();
    let drive = Drive { strand, frame: Some(frame), wait };
    drop(handle.spawn_with_priority(drive, here::take_lane()));
    strand
}

impl Future for Drive {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        for _ in 0..TURNS {
            if this.strand.is_cancelled() {
                this.cancelled();
                return Poll::Ready(());
            }
            if !matches!(this.wait, Wait::Turn) {
                this.strand.keep(context.waker());
                this.strand.stir();
                // Cancelled between the look above and the waker: it was not woken.
                if this.strand.is_cancelled() {
                    continue;
                }
                if this.wait.poll(this.strand, context).is_pending() {
                    quiet::nudge();
                    return Poll::Pending;
                }
                this.strand.stir();
            }
            if this.turn() {
                return Poll::Ready(());
            }
            if matches!(this.wait, Wait::Turn) {
                break;
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Drive {
    /// One turn of the frame; whether it was the last.
    fn turn(&mut self) -> bool {
        let Some(frame) = &mut self.frame else { return true };
        let turn = Turn::begin(self.strand);
        let outcome = frame.resume();
        if let Err(message) = outcome {
            here::take_intent();
            here::take_unsent();
            drop(turn);
            // Not destroyed: see the crate's page.
            self.frame = None;
            self.end(Value::Failure, text::keep(message));
            return true;
        }
        let done = frame.is_done();
        // A plain function may have tried to send at the very end.
        if done {
            here::settle();
        }
        drop(turn);
        if !done {
            self.wait = Wait::of(here::take_intent());
            return false;
        }
        let value = frame.promise();
        self.destroy();
        self.end(Value::Bits, value);
        true
    }

    fn cancelled(&mut self) {
        self.wait.leave(self.strand);
        self.strand.stir();
        self.destroy();
        self.end(Value::Bits, 0);
    }

    /// Runs the frame's clean-up, which is the program's code.
    fn destroy(&mut self) {
        let _turn = Turn::begin(self.strand);
        if let Some(frame) = self.frame.take() {
            frame.destroy();
        }
    }

    fn end(&mut self, kind: Value, value: i64) {
        self.strand.drop_waker();
        self.strand.complete(kind, value);
        // Those who wait for all are counted before this one is not.
        plain::end_one();
        quiet::down();
        quiet::nudge();
    }
}

impl Drop for Drive {
    /// The runtime ends before the coroutine does: only when the process does.
    fn drop(&mut self) {
        if self.frame.is_some() {
            self.cancelled();
        }
    }
}
