//! The future of a scope: the body, and the children in it.
#![forbid(unsafe_code)]

use futures_util::stream::{FuturesUnordered, Stream};
use qi_sched::coop;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// What the scope's handles and its future share.
pub(super) struct Shared<C>(Mutex<Inner<C>>);

struct Inner<C> {
    /// Spawned and not yet taken over by the future.
    incoming: Vec<C>,
    /// The children are to be dropped.
    cancelled: bool,
    /// The scope has ended: nothing is taken any more.
    closed: bool,
    /// Whom to wake for what comes in from elsewhere.
    parent: Option<Waker>,
}

/// What the future finds in the shared part.
enum News<C> {
    Children(Vec<C>),
    CancelAll(Vec<C>),
    None,
}

impl<C> Shared<C> {
    pub(super) fn new() -> Self {
        let inner = Inner { incoming: Vec::new(), cancelled: false, closed: false, parent: None };
        Self(Mutex::new(inner))
    }

    fn lock(&self) -> MutexGuard<'_, Inner<C>> {
        // Nothing of the user's is polled, dropped or woken under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, child: C) {
        let mut inner = self.lock();
        let refused = if inner.closed {
            Some(child)
        } else {
            inner.incoming.push(child);
            None
        };
        let parent = inner.parent.take();
        drop(inner);
        drop(refused);
        wake(parent);
    }

    pub(super) fn cancel_children(&self) {
        let mut inner = self.lock();
        inner.cancelled = true;
        let parent = inner.parent.take();
        drop(inner);
        wake(parent);
    }

    fn news(&self) -> News<C> {
        let mut inner = self.lock();
        let incoming = std::mem::take(&mut inner.incoming);
        if std::mem::take(&mut inner.cancelled) {
            News::CancelAll(incoming)
        } else if incoming.is_empty() {
            News::None
        } else {
            News::Children(incoming)
        }
    }

    /// Takes the waker back.
    fn look_away(&self) {
        let parent = self.lock().parent.take();
        drop(parent);
    }

    /// Leaves the waker for what comes later; `false` if something has come meanwhile.
    fn wait(&self, waker: &Waker) -> bool {
        let mut waker = Some(waker.clone());
        let mut inner = self.lock();
        let nothing_new = inner.incoming.is_empty() && !inner.cancelled;
        if nothing_new {
            std::mem::swap(&mut inner.parent, &mut waker);
        }
        drop(inner);
        drop(waker);
        nothing_new
    }

    /// Takes nothing any more, unless something has come in; `true` if it is closed now.
    fn try_close(&self) -> bool {
        let mut inner = self.lock();
        inner.closed = inner.incoming.is_empty();
        let closed = inner.closed;
        let parent = if closed { inner.parent.take() } else { None };
        drop(inner);
        drop(parent);
        closed
    }

    /// Takes nothing any more; gives what had come in.
    fn close(&self) -> (Vec<C>, Option<Waker>) {
        let mut inner = self.lock();
        inner.closed = true;
        (std::mem::take(&mut inner.incoming), inner.parent.take())
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

pin_project_lite::pin_project! {
    /// Runs the body of a scope and its children. Made by [`scope`](crate::scope) and
    /// [`scope_local`](crate::scope_local).
    ///
    /// # Cancel safety
    /// See there.
    ///
    /// # Examples
    /// ```
    /// # let scheduler = qi_sched::Scheduler::builder().worker_threads(1).build().unwrap();
    /// let name = String::from("qi");
    /// let future = qi_scope::scope(async |scope| scope.spawn(async { name.len() }).await);
    /// // Nothing has run so far.
    /// assert_eq!(scheduler.block_on(future), 2);
    /// ```
    #[must_use = "a future does nothing unless it is awaited"]
    pub struct ScopeFuture<C, F: Future> {
        // `None` once it is ready.
        #[pin]
        body: Option<F>,
        output: Option<F::Output>,
        children: FuturesUnordered<C>,
        shared: Arc<Shared<C>>,
    }

    impl<C, F: Future> PinnedDrop for ScopeFuture<C, F> {
        /// The children first: what they use may be the body's. Handles that were given away would
        /// keep children that were not taken over yet, and these perhaps handles.
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            let incoming = this.shared.close();
            this.children.clear();
            drop(incoming);
        }
    }
}

impl<C, F: Future> ScopeFuture<C, F> {
    pub(super) fn new(body: F, shared: Arc<Shared<C>>) -> Self {
        Self { body: Some(body), output: None, children: FuturesUnordered::new(), shared }
    }
}

impl<C: Future<Output = ()> + Unpin, F: Future> Future for ScopeFuture<C, F> {
    type Output = F::Output;

    /// # Panics
    /// If it is polled after it was ready, and if the body or a child panics.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        // What is spawned during the poll is found at its end, without being woken for it.
        this.shared.look_away();
        if let Some(body) = this.body.as_mut().as_pin_mut() {
            if let Poll::Ready(output) = body.poll(cx) {
                *this.output = Some(output);
                this.body.set(None);
            }
        }
        loop {
            match this.shared.news() {
                News::Children(children) => this.children.extend(children),
                News::CancelAll(children) => {
                    this.children.clear();
                    drop(children);
                }
                News::None => {}
            }
            // Children that are ready at once, again and again, take from the budget.
            let Poll::Ready(progress) = coop::poll_proceed(cx) else { return Poll::Pending };
            match Pin::new(&mut *this.children).poll_next(cx) {
                Poll::Ready(Some(())) => progress.made_progress(),
                Poll::Ready(None) => {
                    if this.body.is_none() && this.shared.try_close() {
                        let output = this.output.take();
                        return Poll::Ready(output.expect("a scope is polled after it was ready"));
                    }
                    if this.body.is_some() && this.shared.wait(cx.waker()) {
                        return Poll::Pending;
                    }
                }
                Poll::Pending => {
                    if this.shared.wait(cx.waker()) {
                        return Poll::Pending;
                    }
                }
            }
        }
    }
}

impl<C, F: Future> fmt::Debug for ScopeFuture<C, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("ScopeFuture");
        debug.field("children", &self.children.len()).finish_non_exhaustive()
    }
}
