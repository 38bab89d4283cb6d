//! What a scheduler's coroutines share: the pool of their stacks, made when the first one begins, and
//! what is counted.
#![forbid(unsafe_code)]

use qi_coroutine::{
    Cancelled, Stack, StackCache, StackError, StackPool, StackPoolConfig, StackPoolStats,
};
use qi_sched::Handle;
use qi_sched::stackful::{self, Stacks};
use std::any::Any;
use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};

/// The coroutines of one scheduler, to be handed to
/// [`SchedulerBuilder::stacks`](qi_sched::SchedulerBuilder::stacks).
///
/// # Examples
/// ```
/// use qi_sched::Scheduler;
/// use qi_stackful::{Coroutines, StackPoolConfig};
/// let coroutines = Coroutines::with(StackPoolConfig::default().max_stack_size(64 * 1024));
/// let scheduler = Scheduler::builder().worker_threads(1).stacks(coroutines.clone()).build()?;
/// assert!(coroutines.stats().stacks.is_none(), "no coroutine has begun");
/// # Ok::<(), qi_sched::SchedError>(())
/// ```
#[derive(Debug, Default)]
pub struct Coroutines {
    config: StackPoolConfig,
    pool: OnceLock<Arc<StackPool>>,
    /// Held while the pool is made.
    making: Mutex<()>,
    blocked: AtomicU64,
    stuck: AtomicU64,
}

/// Figures of a scheduler's coroutines.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CoroutineStats {
    /// The pool's figures; `None` while no coroutine has begun.
    pub stacks: Option<StackPoolStats>,
    /// How often a coroutine blocked its thread because it waited while it unwound.
    pub blocked: u64,
    /// Coroutines that were cancelled, caught the unwinding three times and went on to wait: each runs
    /// on as a blocking call.
    pub stuck: u64,
}

impl Coroutines {
    /// With the options' defaults.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// With these options.
    #[must_use]
    pub fn with(config: StackPoolConfig) -> Arc<Self> {
        Arc::new(Self { config, ..Self::default() })
    }

    /// Makes the pool and allocates its stacks now, instead of when the first coroutine begins.
    ///
    /// # Errors
    /// An option out of range; the system refuses address space, memory or guards.
    pub fn warm_up(&self) -> Result<(), StackError> {
        self.pool()?.warm_up()
    }

    /// Gives memory back that is not needed: of unused stacks above the number to keep.
    pub fn trim(&self) {
        if let Some(pool) = self.pool.get() {
            pool.trim();
        }
    }

    /// Figures of the present moment.
    #[must_use]
    pub fn stats(&self) -> CoroutineStats {
        // Relaxed: figures for people.
        CoroutineStats {
            stacks: self.pool.get().map(|pool| pool.stats()),
            blocked: self.blocked.load(Relaxed),
            stuck: self.stuck.load(Relaxed),
        }
    }

    fn pool(&self) -> Result<&Arc<StackPool>, StackError> {
        if let Some(pool) = self.pool.get() {
            return Ok(pool);
        }
        let _one_at_a_time = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if self.pool.get().is_none() {
            let pool = StackPool::new(self.config.clone())?;
            // Nobody else sets it while we hold the lock.
            let _ = self.pool.set(pool);
        }
        Ok(self.pool.get().expect("set above"))
    }

    /// A stack where no cache is at hand: makes one, if the thread sits on a seat.
    fn take_first(&self, bytes: Option<usize>) -> Result<Stack, StackError> {
        let pool = self.pool()?;
        let cached = stackful::with_seat_store(|store| cache_in(store, pool).take(bytes));
        cached.unwrap_or_else(|| pool.take(bytes))
    }

    /// Counts a coroutine that blocks its thread.
    pub(crate) fn count_blocked(&self, stuck: bool) {
        let counter = if stuck { &self.stuck } else { &self.blocked };
        // Relaxed: a figure for people.
        counter.fetch_add(1, Relaxed);
    }
}

/// Why a coroutine has no stack.
pub(crate) enum NoStack {
    /// The scheduler was built without coroutines.
    NoPool,
    Refused(StackError),
}

/// A stack for a coroutine that begins on this thread.
pub(crate) fn take(bytes: Option<usize>) -> Result<Stack, NoStack> {
    if bytes.is_none() {
        let at_hand = stackful::with_seat_store(|store| cache_at_hand(store)?.take_at_hand());
        if let Some(stack) = at_hand.flatten() {
            return Ok(stack);
        }
    }
    take_elsewhere(bytes)
}

#[cold]
fn take_elsewhere(bytes: Option<usize>) -> Result<Stack, NoStack> {
    let cached = stackful::with_seat_store(|store| Some(cache_at_hand(store)?.take(bytes)));
    match cached.flatten() {
        Some(taken) => taken.map_err(NoStack::Refused),
        None => match here(|here| here.take_first(bytes)) {
            Some(taken) => taken.map_err(NoStack::Refused),
            None => Err(NoStack::NoPool),
        },
    }
}

/// Takes the stack of a coroutine that has ended. Without a cache it goes back to the pool by itself.
pub(crate) fn give(stack: Stack) {
    stackful::with_seat_store(move |store| {
        if let Some(cache) = cache_at_hand(store) {
            cache.give(stack);
        }
    });
}

/// The cache that is kept on a seat, if one was made. Nobody else keeps anything there.
#[inline]
fn cache_at_hand(store: &mut Option<Box<dyn Any + Send>>) -> Option<&mut StackCache> {
    store.as_deref_mut()?.downcast_mut()
}

/// The cache that is kept on a seat.
fn cache_in<'a>(
    store: &'a mut Option<Box<dyn Any + Send>>,
    pool: &Arc<StackPool>,
) -> &'a mut StackCache {
    if !store.as_ref().is_some_and(|kept| kept.is::<StackCache>()) {
        *store = Some(Box::new(StackCache::new(pool.clone())));
    }
    store.as_mut().and_then(|kept| kept.downcast_mut()).expect("a cache was put there above")
}

impl Stacks for Coroutines {
    fn is_here(&self) -> bool {
        qi_coroutine::in_coroutine()
    }

    fn wait(&self, shielded: bool, poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>) {
        let wait = || qi_coroutine::wait(poll_fn(poll));
        if shielded { qi_coroutine::shield(wait) } else { wait() }
    }

    fn is_cancellation(&self, payload: &(dyn Any + Send)) -> bool {
        Cancelled::is_payload(payload)
    }

    fn idle(&self) {
        self.trim();
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Coroutines {
    /// Those of a scheduler that was built with some.
    #[must_use]
    pub fn of(handle: &Handle) -> Option<&Self> {
        handle.stacks()?.as_any().downcast_ref()
    }
}

/// Calls `code` with the coroutines of the scheduler that the calling thread works for.
pub(crate) fn here<R>(code: impl FnOnce(&Coroutines) -> R) -> Option<R> {
    stackful::with_stacks(|stacks| stacks.as_any().downcast_ref().map(code)).flatten()
}
