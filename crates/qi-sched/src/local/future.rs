//! A future with a task-local of its own.
#![forbid(unsafe_code)]

use super::heritage::Heritage;
use super::stack;
use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

pin_project_lite::pin_project! {
    /// Sets a task-local for the future inside. Made by [`LocalKey::scope`](crate::LocalKey::scope)
    /// and [`InheritedKey::scope`](crate::InheritedKey::scope).
    ///
    /// # Cancel safety
    /// As safe as the future inside, which is dropped with the value set.
    #[must_use = "a future does nothing unless it is awaited"]
    pub struct TaskLocalFuture<T: 'static, F> {
        // `None` once it is ready.
        #[pin]
        future: Option<F>,
        local: Local<T>,
    }

    impl<T: 'static, F> PinnedDrop for TaskLocalFuture<T, F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.future.is_some() {
                this.local.set_while(|| this.future.set(None));
            }
        }
    }
}

/// The value and where it goes.
struct Local<T: 'static> {
    key: usize,
    value: Value<T>,
}

enum Value<T: 'static> {
    Own(Option<T>),
    Inherited {
        value: Arc<dyn Any + Send + Sync>,
        /// The set that was in force at the last poll, and the one made of it.
        sets: Option<(Option<Heritage>, Heritage)>,
    },
}

impl<T: 'static> Local<T> {
    /// Runs `code` with the value set.
    fn set_while<R>(&mut self, code: impl FnOnce() -> R) -> R {
        match &mut self.value {
            Value::Own(Some(value)) => stack::enter(self.key, value, code),
            Value::Own(None) => code(),
            Value::Inherited { value, sets } => {
                let before = Heritage::current();
                let unchanged = sets.as_ref().is_some_and(|(seen, _)| match (seen, &before) {
                    (Some(seen), Some(before)) => seen.is(before),
                    (None, None) => true,
                    _ => false,
                });
                if !unchanged {
                    let set = Heritage::with(before.as_ref(), self.key, value.clone());
                    *sets = Some((before, set));
                }
                match sets {
                    Some((_, set)) => set.clone().in_force(code),
                    None => unreachable!("made just now"),
                }
            }
        }
    }
}

impl<T: 'static, F> TaskLocalFuture<T, F> {
    pub(super) fn own(key: usize, value: T, future: F) -> Self {
        let local = Local { key, value: Value::Own(Some(value)) };
        Self { future: Some(future), local }
    }

    pub(super) fn inherited(key: usize, value: Arc<T>, future: F) -> Self
    where
        T: Send + Sync,
    {
        let local = Local { key, value: Value::Inherited { value, sets: None } };
        Self { future: Some(future), local }
    }

    /// Takes the value out, if it is one that is not inherited and has not been taken yet. If the
    /// future is polled after that, it does not find the value.
    pub fn take_value(self: Pin<&mut Self>) -> Option<T> {
        match &mut self.project().local.value {
            Value::Own(value) => value.take(),
            Value::Inherited { .. } => None,
        }
    }
}

impl<T: 'static, F: Future> Future for TaskLocalFuture<T, F> {
    type Output = F::Output;

    /// # Panics
    /// If it is polled after it was ready.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        this.local.set_while(|| {
            let Some(future) = this.future.as_mut().as_pin_mut() else {
                panic!("a future with a task-local is polled after it was ready");
            };
            let polled = future.poll(cx);
            if polled.is_ready() {
                // Dropped here, where it still finds the value.
                this.future.set(None);
            }
            polled
        })
    }
}

impl<T: 'static, F> fmt::Debug for TaskLocalFuture<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskLocalFuture").finish_non_exhaustive()
    }
}
