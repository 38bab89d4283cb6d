//! A task in a set: its handle, which knows whose result it gives.
#![forbid(unsafe_code)]

use qi_sched::{JoinError, TaskHandle, TaskId};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

pub(super) struct Member<T> {
    task: TaskHandle<T>,
}

impl<T> Member<T> {
    pub(super) fn new(task: TaskHandle<T>) -> Self {
        Self { task }
    }

    pub(super) fn cancel(&self) {
        // An error says that it has ended, or is a blocking call that has begun.
        let _ = self.task.cancel();
    }
}

impl<T> Future for Member<T> {
    type Output = (TaskId, Result<T, JoinError>);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let id = self.task.id();
        Pin::new(&mut self.task).poll(cx).map(|result| (id, result))
    }
}
