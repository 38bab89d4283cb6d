//! Measures what the reactor's own steps cost, in nanoseconds each: `cargo bench -p qi-reactor`.
//!
//! Each line is the median of some rounds, on the thread that owns the shard. It asserts nothing: the
//! comparisons with peers, and the bars, belong to the workspace's benchmark crate.
#![forbid(unsafe_code)]

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant};

use qi_reactor::{Clock, Delay, ManualClock, Reactor};

const ROUNDS: usize = 9;

struct Counts(AtomicUsize);

impl Wake for Counts {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }
    fn wake_by_ref(self: &Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn report(what: &str, per_round: usize, mut round: impl FnMut() -> Duration) {
    let mut nanos: Vec<f64> =
        (0..ROUNDS).map(|_| round().as_secs_f64() * 1e9 / per_round as f64).collect();
    nanos.sort_by(f64::total_cmp);
    println!("{what:<58} {:8.1} ns", nanos[ROUNDS / 2]);
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn repeated(count: usize, mut step: impl FnMut()) -> Duration {
    timed(|| (0..count).for_each(|_| step()))
}

/// Spreads `n` over a second, without repeating itself.
fn spread(n: u64) -> Duration {
    Duration::from_nanos(n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 34)
}

fn timers(waker: &Waker) {
    const COUNT: usize = 1_000_000;
    let reactor = Reactor::new(1).expect("the system has room");
    let base = reactor.now();
    report("set and drop a timer of 30 s, one at a time", COUNT, || {
        timed(|| {
            for n in 0..COUNT as u64 {
                let deadline = base + Duration::from_secs(30) + Duration::from_nanos(100 * n);
                let key = reactor.set_timer(0, deadline, waker.clone()).expect("it is open");
                black_box(reactor.drop_timer(0, key));
            }
        })
    });
    report("  the same as a Delay, polled once (reads the clock)", COUNT, || {
        let mut cx = Context::from_waker(waker);
        timed(|| {
            for _ in 0..COUNT {
                let delay = pin!(Delay::after(&reactor, 0, Duration::from_secs(30)));
                assert!(delay.poll(&mut cx).is_pending());
            }
        })
    });
    report("  with 100,000 others set", COUNT, || {
        let others: Vec<_> = (0..100_000)
            .map(|n| {
                let deadline = base + Duration::from_secs(30) + spread(n);
                reactor.set_timer(0, deadline, waker.clone()).expect("it is open")
            })
            .collect();
        let span = timed(|| {
            for n in 0..COUNT as u64 {
                let deadline = base + Duration::from_secs(30) + spread(n);
                let key = reactor.set_timer(0, deadline, waker.clone()).expect("it is open");
                black_box(reactor.drop_timer(0, key));
            }
        });
        for key in others {
            reactor.drop_timer(0, key);
        }
        span
    });
    report("read the clock", COUNT, || {
        repeated(COUNT, || {
            black_box(Instant::now());
        })
    });
}

fn firing(waker: &Waker) {
    const COUNT: usize = 1_000_000;
    for (label, step) in [("10 us", 10_000), ("1 ms", 1_000_000), ("1 s", 1_000_000_000)] {
        let mut set = Vec::new();
        let mut fire = Vec::new();
        for _ in 0..ROUNDS {
            let clock = Arc::new(ManualClock::new());
            let shared: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
            let reactor = Reactor::builder().clock(shared).build().expect("the system has room");
            let base = reactor.now();
            set.push(timed(|| {
                for n in 0..COUNT as u64 {
                    reactor.set_timer(0, base + spread(n), waker.clone()).expect("it is open");
                }
            }));
            fire.push(timed(|| {
                while reactor.next_deadline(0).is_some() {
                    clock.advance(Duration::from_nanos(step));
                    black_box(reactor.try_turn(0));
                }
            }));
            assert_eq!(reactor.stats(0).timers_fired, COUNT as u64);
        }
        let (mut set, mut fire) = (set.into_iter(), fire.into_iter());
        report("1 M timers over a second: set", COUNT, || set.next().unwrap_or_default());
        let what = format!("  and fire, turned every {label}");
        report(&what, COUNT, || fire.next().unwrap_or_default());
    }
}

fn steps() {
    const COUNT: usize = 1_000_000;
    let reactor = Reactor::new(1).expect("the system has room");
    report("try_turn without sources and timers", COUNT, || {
        repeated(COUNT, || {
            black_box(reactor.try_turn(0));
        })
    });
    report("unpark nobody", COUNT, || repeated(COUNT, || reactor.unpark(0)));
    report("unpark and park at once", COUNT, || {
        timed(|| {
            for _ in 0..COUNT {
                reactor.unpark(0);
                reactor.park(0);
            }
        })
    });
    let deadline = reactor.now() + Duration::from_secs(3600);
    reactor.set_timer(0, deadline, Waker::noop().clone()).expect("it is open");
    report("try_turn without sources, a far timer", COUNT, || {
        repeated(COUNT, || {
            black_box(reactor.try_turn(0));
        })
    });
    let mut listener = mio::net::TcpListener::bind("127.0.0.1:0".parse().expect("an address"))
        .expect("a free port");
    let _registration = reactor
        .register(0, &mut listener, qi_reactor::Interest::READABLE)
        .expect("the system has room");
    report("try_turn with an idle source (epoll_wait)", COUNT / 10, || {
        repeated(COUNT / 10, || {
            black_box(reactor.try_turn(0));
        })
    });
}

/// How late a parked thread is woken for a timer of 1 ms.
fn lateness() {
    let reactor = Reactor::new(1).expect("the system has room");
    let mut late: Vec<Duration> = (0..500)
        .map(|_| {
            let deadline = reactor.now() + Duration::from_millis(1);
            reactor.set_timer(0, deadline, Waker::noop().clone()).expect("it is open");
            while reactor.next_deadline(0).is_some() {
                reactor.park(0);
            }
            reactor.now() - deadline
        })
        .collect();
    late.sort();
    println!("late by, 1 ms timers, idle thread: p50 {:?}, p99 {:?}", late[250], late[495]);
}

fn main() {
    let only = std::env::args().nth(1).unwrap_or_default();
    let counts = Arc::new(Counts(AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&counts));
    let groups: [(&str, &dyn Fn()); 4] = [
        ("steps", &steps),
        ("timers", &|| timers(&waker)),
        ("firing", &|| firing(&waker)),
        ("lateness", &lateness),
    ];
    for (name, group) in groups {
        // Cargo passes `--bench`.
        if only.is_empty() || only.starts_with('-') || only == name {
            group();
        }
    }
}
