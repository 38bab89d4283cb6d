//! Tasks behind handles: how they are waited for, and what is left of one that has ended.
//!
//! # Stages
//! *Going* (the runtime's handle is here) ⇄ *Awaited* (a waiter has it; one at a time) → *Ended* (how,
//! and the result until somebody takes it). A waiter that is cancelled puts the handle back, so that
//! nothing of the task is lost.

pub(crate) mod call;
pub(crate) mod poll_task;

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use qi_runtime::{AbortHandle, CancelError, Join, JoinError, TaskHandle, TaskPriority, TaskStatus};

use crate::boundary;
use crate::code::Code;
use crate::memory::Place;
use crate::object::Here;

/// What a task of the other side ends with: its result, or an error of its own.
pub(crate) type Ending = Result<Place, Code>;

/// What a function of the other side has ended with: its result, which lies in its place, if it says so.
pub(crate) fn ending_of(code: Code, place: Option<Place>) -> Ending {
    match (code, place) {
        (Code::OK, Some(mut place)) => {
            place.was_filled();
            Ok(place)
        }
        (failure, _) if failure.0 < 0 => Err(failure),
        _ => Err(Code::ERR_INVALID),
    }
}

/// A task behind a handle.
pub(crate) struct Task {
    abort: AbortHandle,
    stage: Mutex<Stage>,
}

enum Stage {
    Going(TaskHandle<Ending>),
    Awaited,
    /// It has ended with a result, and somebody has that.
    Taken,
    /// Most tasks never come here, so it does not add to the size of all.
    Ended(Box<Ended>),
}

/// How a task ended.
struct Ended {
    code: Code,
    /// The result, until it is taken.
    result: Option<Place>,
    /// What a panic said.
    words: String,
}

impl Ended {
    fn of(outcome: Result<Ending, JoinError>) -> Self {
        let without = |code| Ended { code, result: None, words: String::new() };
        match outcome {
            Ok(Ok(place)) => Ended { result: Some(place), ..without(Code::OK) },
            Ok(Err(code)) => without(code),
            Err(error) if error.is_cancelled() => without(Code::ERR_CANCELLED),
            Err(error) if error.is_self_wait() => without(Code::ERR_DEADLOCK),
            Err(error) if error.is_no_stack() => {
                Ended { words: error.to_string(), ..without(Code::ERR_STACKS) }
            }
            Err(error) => match error.try_into_panic() {
                Ok(payload) => {
                    let words = boundary::panic_text(&*payload);
                    boundary::drop_quietly(payload);
                    Ended { words, ..without(Code::ERR_PANIC) }
                }
                Err(_) => without(Code::ERR_FAILED),
            },
        }
    }
}

impl Task {
    pub(crate) fn new(handle: TaskHandle<Ending>) -> Self {
        Self { abort: handle.abort_handle(), stage: Mutex::new(Stage::Going(handle)) }
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn abort_handle(&self) -> AbortHandle {
        self.abort.clone()
    }

    pub(crate) fn id(&self) -> u64 {
        self.abort.id().as_u64()
    }

    pub(crate) fn status(&self) -> TaskStatus {
        self.abort.status()
    }

    pub(crate) fn cancel(&self) -> Result<(), Code> {
        self.abort.cancel().map_err(|error| match error {
            CancelError::NotCancellable => Code::ERR_NOT_CANCELLABLE,
            _ => Code::ERR_FINISHED,
        })
    }

    /// Cancels it; that it has ended, or begun as a blocking call, does not matter.
    pub(crate) fn cancel_quietly(&self) {
        let _ = self.abort.cancel();
    }

    /// Its own priority; an error while somebody waits for it, who has the runtime's handle.
    pub(crate) fn set_priority(&self, priority: TaskPriority) -> Result<(), Code> {
        match &*self.stage() {
            Stage::Going(handle) => handle.set_priority(priority),
            Stage::Awaited => return Err(Code::ERR_BUSY),
            Stage::Ended(_) | Stage::Taken => return Err(Code::ERR_FINISHED),
        }
        Ok(())
    }

    /// Its effective priority; errors as [`set_priority`](Self::set_priority).
    pub(crate) fn priority(&self) -> Result<TaskPriority, Code> {
        match &*self.stage() {
            Stage::Going(handle) => Ok(handle.priority()),
            Stage::Awaited => Err(Code::ERR_BUSY),
            Stage::Ended(_) | Stage::Taken => Err(Code::ERR_FINISHED),
        }
    }

    pub(crate) fn name(&self) -> Option<String> {
        match &*self.stage() {
            Stage::Going(handle) => handle.name().map(str::to_owned),
            _ => None,
        }
    }

    /// What its panic said, if it panicked and somebody has waited for it.
    pub(crate) fn panic_words(&self) -> String {
        match &*self.stage() {
            Stage::Ended(ended) => ended.words.clone(),
            _ => String::new(),
        }
    }

    /// Takes the result, if the task has ended and was waited for.
    fn take_result(&self) -> Option<Result<Place, Code>> {
        match &mut *self.stage() {
            Stage::Ended(ended) if ended.code == Code::OK => {
                Some(ended.result.take().ok_or(Code::ERR_TAKEN))
            }
            Stage::Ended(ended) => Some(Err(ended.code)),
            Stage::Taken => Some(Err(Code::ERR_TAKEN)),
            _ => None,
        }
    }
}

/// Waits for a task's end, whatever it is, and leaves the result with the task.
///
/// # Cancel safety
/// Dropping it loses nothing.
pub(crate) struct UntilEnded {
    task: Here<Task>,
    join: Option<Join<Ending>>,
}

impl UntilEnded {
    /// # Errors
    /// [`Code::ERR_BUSY`] if somebody else waits for it.
    pub(crate) fn of(task: Here<Task>) -> Result<Self, Code> {
        let mut stage = task.stage();
        let join = match std::mem::replace(&mut *stage, Stage::Awaited) {
            Stage::Going(handle) => Some(handle.join()),
            Stage::Awaited => return Err(Code::ERR_BUSY),
            ended @ (Stage::Ended(_) | Stage::Taken) => {
                *stage = ended;
                None
            }
        };
        drop(stage);
        Ok(Self { task, join })
    }
}

impl Future for UntilEnded {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let Some(join) = &mut this.join else { return Poll::Ready(()) };
        let Poll::Ready(outcome) = Pin::new(join).poll(cx) else { return Poll::Pending };
        this.join = None;
        *this.task.stage() = Stage::Ended(Box::new(Ended::of(outcome)));
        Poll::Ready(())
    }
}

impl Drop for UntilEnded {
    fn drop(&mut self) {
        if let Some(join) = self.join.take() {
            *self.task.stage() = Stage::Going(join.into_handle());
        }
    }
}

/// Waits for a task and takes its result.
///
/// # Errors
/// How the task ended, if not with a result; [`Code::ERR_TAKEN`] if somebody has the result already.
pub(crate) struct TakeResult(UntilEnded);

impl TakeResult {
    /// # Errors
    /// [`Code::ERR_BUSY`] if somebody else waits for it.
    pub(crate) fn of(task: Here<Task>) -> Result<Self, Code> {
        UntilEnded::of(task).map(Self)
    }
}

impl Future for TakeResult {
    type Output = Result<Place, Code>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let until = &mut self.0;
        if let Some(join) = &mut until.join {
            let Poll::Ready(outcome) = Pin::new(join).poll(cx) else { return Poll::Pending };
            until.join = None;
            // The usual end: the result does not stay with the task for a moment.
            if let Ok(Ok(place)) = outcome {
                *until.task.stage() = Stage::Taken;
                return Poll::Ready(Ok(place));
            }
            *until.task.stage() = Stage::Ended(Box::new(Ended::of(outcome)));
        }
        Poll::Ready(until.task.take_result().unwrap_or(Err(Code::ERR_FAILED)))
    }
}

/// Waits for a task that nobody has a handle of.
///
/// # Errors
/// How the task ended, if not with a result.
pub(crate) async fn outcome_of(task: Task) -> Result<Place, Code> {
    let stage = task.stage.into_inner().unwrap_or_else(PoisonError::into_inner);
    let Stage::Going(handle) = stage else { return Err(Code::ERR_TAKEN) };
    let ended = Ended::of(handle.join().await);
    ended.result.ok_or(ended.code)
}

/// Waits for all tasks, and leaves their results with them.
pub(crate) async fn until_all_ended(tasks: Vec<Here<Task>>) -> Result<Code, Code> {
    // All are waited for from the beginning, so that each is raised to the waiter's priority.
    let waits: Result<Vec<UntilEnded>, Code> = tasks.into_iter().map(UntilEnded::of).collect();
    for wait in waits? {
        wait.await;
    }
    Ok(Code::OK)
}

/// Waits until one task has ended, and says which; the results stay with the tasks.
pub(crate) async fn until_one_ended(tasks: Vec<Here<Task>>) -> Result<usize, Code> {
    if tasks.is_empty() {
        return Err(Code::ERR_INVALID);
    }
    let waits: Result<Vec<UntilEnded>, Code> = tasks.into_iter().map(UntilEnded::of).collect();
    let mut waits = waits?;
    std::future::poll_fn(move |cx| {
        let ended = |wait: &mut UntilEnded| Pin::new(wait).poll(cx).is_ready();
        waits.iter_mut().position(ended).map_or(Poll::Pending, |index| Poll::Ready(Ok(index)))
    })
    .await
}
