//! What a switch costs, against corosensei alone in the same shape, and what a pooled coroutine
//! costs from making to ending.
//!
//! `switch [ROUNDS [bare|ours|pooled]]`: so many rounds of one kind, or of each. The shape: a loop
//! polls a future through a call that is not inlined; inside, a loop suspends behind another such call.
#![forbid(unsafe_code)]

use qi_coroutine::{Coroutine, Label, StackCache, StackPool, StackPoolConfig, suspend};
use std::env;
use std::error::Error;
use std::hint::black_box;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let rounds: u64 = arguments.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let kind = arguments.next();
    let wanted = |name: &str| kind.as_deref().is_none_or(|kind| kind == name);
    let pool = StackPool::new(StackPoolConfig::default())?;
    if wanted("bare") {
        report("corosensei, suspend", rounds, || bare(rounds));
    }
    if wanted("ours") {
        report("ours, suspend", rounds, || ours(&pool, rounds));
    }
    if wanted("wait") {
        report("ours, wait for a future", rounds, || waiting(&pool, rounds));
    }
    if wanted("deep") {
        for levels in [0, 4, 16, 32] {
            let title = format!("ours, wait under {levels} calls");
            report(&title, rounds, || waiting_deep(&pool, rounds, levels));
            let title = format!("an async block, await under {levels} async calls");
            report(&title, rounds, || native_deep(rounds, levels));
        }
    }
    if wanted("native") {
        report("an async block, await of a future", rounds, || native(rounds));
    }
    if wanted("pooled") {
        report("pooled: make, run, end", rounds, || pooled(&pool, rounds));
    }
    Ok(())
}

fn report(what: &str, rounds: u64, run: impl FnOnce() -> u64) {
    let start = Instant::now();
    let sum = run();
    let each = start.elapsed().as_nanos() as f64 / rounds as f64;
    println!("{what}: {each:.1} ns ({sum})");
}

type Bare = corosensei::Coroutine<(), (), u64, corosensei::stack::DefaultStack>;

/// Suspends behind one real call, as any library must.
#[inline(never)]
fn leave(yielder: &corosensei::Yielder<(), ()>) {
    yielder.suspend(());
}

/// A coroutine as a future, and nothing else.
struct Plain(Bare);

impl Future for Plain {
    type Output = u64;

    fn poll(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<u64> {
        self.0.resume(()).as_return().map_or(Poll::Pending, Poll::Ready)
    }
}

fn bare(rounds: u64) -> u64 {
    let stack = corosensei::stack::DefaultStack::new(64 * 1024).unwrap_or_default();
    run(Plain(Bare::with_stack(stack, move |yielder, ()| {
        let mut sum = 0;
        for _ in 0..rounds {
            sum += black_box(1);
            leave(yielder);
        }
        sum
    })))
}

#[inline(never)]
fn poll<F: Future + Unpin>(future: &mut F, cx: &mut Context<'_>) -> Option<F::Output> {
    match Pin::new(future).poll(cx) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

fn run<F: Future + Unpin>(mut future: F) -> F::Output {
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        if let Some(output) = poll(&mut future, &mut cx) {
            return output;
        }
    }
}

fn ours(pool: &Arc<StackPool>, rounds: u64) -> u64 {
    let Ok(stack) = pool.take(None) else { return 0 };
    let body = move || {
        let mut sum = 0;
        for _ in 0..rounds {
            sum += black_box(1);
            suspend();
        }
        sum
    };
    run(Coroutine::new(stack, Label::numbered(1), body)).unwrap_or(0)
}

/// Pending once.
struct Once(bool);

impl Future for Once {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.0 {
            return Poll::Ready(());
        }
        self.0 = true;
        black_box(cx.waker());
        Poll::Pending
    }
}

fn waiting(pool: &Arc<StackPool>, rounds: u64) -> u64 {
    let Ok(stack) = pool.take(None) else { return 0 };
    let body = move || {
        let mut sum = 0;
        for _ in 0..rounds {
            sum += black_box(1);
            qi_coroutine::wait(Once(false));
        }
        sum
    };
    run(Coroutine::new(stack, Label::numbered(1), body)).unwrap_or(0)
}

fn native(rounds: u64) -> u64 {
    run(Box::pin(async move {
        let mut sum = 0;
        for _ in 0..rounds {
            sum += black_box(1);
            Once(false).await;
        }
        sum
    }))
}

#[inline(never)]
fn calls(level: u32, rounds: u64) -> u64 {
    if level > 0 {
        return calls(level - 1, rounds) + black_box(0);
    }
    let mut sum = 0;
    for _ in 0..rounds {
        sum += black_box(1);
        qi_coroutine::wait(Once(false));
    }
    sum
}

fn waiting_deep(pool: &Arc<StackPool>, rounds: u64, levels: u32) -> u64 {
    let Ok(stack) = pool.take(None) else { return 0 };
    run(Coroutine::new(stack, Label::numbered(1), move || calls(levels, rounds))).unwrap_or(0)
}

fn async_calls(level: u32, rounds: u64) -> Pin<Box<dyn Future<Output = u64>>> {
    Box::pin(async move {
        if level > 0 {
            return async_calls(level - 1, rounds).await + black_box(0);
        }
        let mut sum = 0;
        for _ in 0..rounds {
            sum += black_box(1);
            Once(false).await;
        }
        sum
    })
}

fn native_deep(rounds: u64, levels: u32) -> u64 {
    run(async_calls(levels, rounds))
}

fn pooled(pool: &Arc<StackPool>, rounds: u64) -> u64 {
    let mut cache = StackCache::new(pool.clone());
    let mut cx = Context::from_waker(Waker::noop());
    let mut sum = 0;
    for n in 0..rounds {
        let Ok(stack) = cache.take(None) else { return 0 };
        let mut one = Coroutine::new(stack, Label::numbered(n), move || black_box(n) & 1);
        if let Some(Ok(value)) = poll(&mut one, &mut cx) {
            sum += value;
        }
        if let Some(stack) = one.take_stack() {
            cache.give(stack);
        }
    }
    sum
}
