//! A node's code behind one pointer: a future, a computation, or a blocking call, to be run once or
//! again.

use crate::context::NodeContext;
use crate::error::NodeError;
use crate::input::sealed::Links;
use crate::retry::Retry;
use crate::run::Store;
use crate::value::{Output, ResultType};
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// What a node's code came to.
pub(crate) type Outcome = Result<Output, NodeError>;

/// A node's code that may suspend.
pub(crate) type NodeFuture = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// What came of beginning an attempt.
pub(crate) enum Begun {
    /// It has ended already.
    Ended(Outcome),
    /// It goes on when this is polled.
    Future(NodeFuture),
}

/// What few nodes have.
#[derive(Clone, Debug, Default)]
pub(crate) struct Limits {
    pub(crate) timeout: Option<Duration>,
    pub(crate) retry: Option<Retry>,
}

/// A node's code.
pub(crate) trait Body: Send {
    /// Begins an attempt. The inputs are taken at the first one.
    fn begin(&mut self, store: &Store<'_>, context: &dyn Fn() -> NodeContext) -> Begun;
    fn limits(&self) -> Option<&Limits>;
    fn result_type(&self) -> ResultType;
    /// The nodes whose results are read.
    fn each_input(&self, visit: &mut dyn FnMut(u32));
}

/// How code of one kind becomes a result.
pub(crate) trait Code<V, T>: Send + 'static {
    fn call(&mut self, values: V, context: &dyn Fn() -> NodeContext) -> Begun;
}

fn output<T: Send + Sync + 'static>(value: T) -> Output {
    Arc::new(value)
}

/// Code that is a future.
pub(crate) struct Async<F>(pub(crate) F);
/// Code that is a future and wants to know where it runs.
pub(crate) struct AsyncWith<F>(pub(crate) F);
/// Code that is done at once.
pub(crate) struct Compute<F>(pub(crate) F);

impl<V, T, F, Fut> Code<V, T> for Async<F>
where
    F: FnMut(V) -> Fut + Send + 'static,
    Fut: Future<Output = Result<T, NodeError>> + Send + 'static,
    T: Send + Sync + 'static,
{
    fn call(&mut self, values: V, _context: &dyn Fn() -> NodeContext) -> Begun {
        let future = (self.0)(values);
        Begun::Future(Box::pin(async move { future.await.map(output) }))
    }
}

impl<V, T, F, Fut> Code<V, T> for AsyncWith<F>
where
    F: FnMut(NodeContext, V) -> Fut + Send + 'static,
    Fut: Future<Output = Result<T, NodeError>> + Send + 'static,
    T: Send + Sync + 'static,
{
    fn call(&mut self, values: V, context: &dyn Fn() -> NodeContext) -> Begun {
        let future = (self.0)(context(), values);
        Begun::Future(Box::pin(async move { future.await.map(output) }))
    }
}

impl<V, T, F> Code<V, T> for Compute<F>
where
    F: FnMut(V) -> Result<T, NodeError> + Send + 'static,
    T: Send + Sync + 'static,
{
    fn call(&mut self, values: V, _context: &dyn Fn() -> NodeContext) -> Begun {
        Begun::Ended((self.0)(values).map(output))
    }
}

/// A closure that is called once, as one that could be called again.
pub(crate) fn only_once<A, R>(code: impl FnOnce(A) -> R) -> impl FnMut(A) -> R {
    let mut code = Some(code);
    move |argument| match code.take() {
        Some(code) => code(argument),
        None => unreachable!("a node without a retry policy is begun once"),
    }
}

/// A node that runs once: its inputs may be moved into it.
pub(crate) struct Once<L, C, T> {
    pub(crate) links: L,
    pub(crate) code: C,
    pub(crate) limits: Option<Box<Limits>>,
    pub(crate) result: PhantomData<fn() -> T>,
}

impl<L, C, T> Body for Once<L, C, T>
where
    L: Links,
    C: Code<L::Values, T>,
    T: Send + Sync + 'static,
{
    fn begin(&mut self, store: &Store<'_>, context: &dyn Fn() -> NodeContext) -> Begun {
        self.links.each(&mut |input| store.touch(input));
        self.code.call(self.links.load(store), context)
    }

    fn limits(&self) -> Option<&Limits> {
        self.limits.as_deref()
    }

    fn result_type(&self) -> ResultType {
        ResultType::of::<T>()
    }

    fn each_input(&self, visit: &mut dyn FnMut(u32)) {
        self.links.each(visit);
    }
}

/// A node that may run again, with copies of its inputs.
pub(crate) struct Again<L: Links, C, T> {
    pub(crate) links: L,
    /// Taken at the first attempt: results may be let go of after that.
    pub(crate) values: Option<L::Values>,
    pub(crate) code: C,
    pub(crate) limits: Option<Box<Limits>>,
    pub(crate) result: PhantomData<fn() -> T>,
}

impl<L, C, T> Body for Again<L, C, T>
where
    L: Links,
    L::Values: Clone,
    C: Code<L::Values, T>,
    T: Send + Sync + 'static,
{
    fn begin(&mut self, store: &Store<'_>, context: &dyn Fn() -> NodeContext) -> Begun {
        let values = self.values.get_or_insert_with(|| self.links.load(store)).clone();
        self.code.call(values, context)
    }

    fn limits(&self) -> Option<&Limits> {
        self.limits.as_deref()
    }

    fn result_type(&self) -> ResultType {
        ResultType::of::<T>()
    }

    fn each_input(&self, visit: &mut dyn FnMut(u32)) {
        self.links.each(visit);
    }
}
