//! Many threads do everything at once, from a seed: nothing is lost, nothing happens twice.
//!
//! `QI_STRESS_SEED` and `QI_STRESS_SECONDS` make it the long run of `cargo xtask stress`: ten
//! million operations at least. Without them it is a short run from a fixed seed.
#![forbid(unsafe_code)]

use qi_sched::{Handle, JoinError, SchedState, Scheduler, TaskHandle, TaskPriority, coop};
use std::env::var;
use std::future::poll_fn;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Barrier, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

const THREADS: usize = 8;
/// Operations in a round of one scheduler.
const ROUND: usize = 1_000_000;
/// Tasks that one thread holds at most.
const HELD: usize = 200;

/// Fails instead of hanging, which would say nothing.
fn watched(limit: Duration, body: impl FnOnce() + Send + 'static) {
    let (done, end) = channel();
    let body = thread::spawn(move || {
        body();
        let _ = done.send(());
    });
    match end.recv_timeout(limit) {
        Err(RecvTimeoutError::Timeout) => panic!("the run hangs"),
        Ok(()) | Err(RecvTimeoutError::Disconnected) => {
            body.join().unwrap_or_else(|payload| resume_unwind(payload));
        }
    }
}

/// What the environment asks for.
struct Plan {
    seed: u64,
    operations: usize,
    time: Duration,
    schedulers: usize,
}

impl Plan {
    /// Many times what a run takes on a small machine that is busy.
    fn limit(&self) -> Duration {
        self.time + Duration::from_secs(480)
    }

    fn of_environment() -> Self {
        let number = |name| var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
        match number("QI_STRESS_SEED") {
            Some(seed) => Self {
                seed,
                operations: 10_000_000,
                time: Duration::from_secs(number("QI_STRESS_SECONDS").unwrap_or(0)),
                schedulers: 1_000,
            },
            None => {
                Self { seed: 0x5EED, operations: 200_000, time: Duration::ZERO, schedulers: 200 }
            }
        }
    }
}

/// Steele, Lea and Flood's splitmix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("below a usize")
    }
}

/// One bit per future, set when it is dropped.
struct Ledger {
    dropped: Vec<AtomicU64>,
    given: AtomicUsize,
}

impl Ledger {
    fn new(most: usize) -> Arc<Self> {
        let dropped = (0..most.div_ceil(64)).map(|_| AtomicU64::new(0)).collect();
        Arc::new(Self { dropped, given: AtomicUsize::new(0) })
    }

    fn entry(self: &Arc<Self>) -> Entry {
        Entry { number: self.given.fetch_add(1, Relaxed), ledger: self.clone() }
    }

    /// Fails unless every future that was made has been dropped.
    fn check(&self) -> u64 {
        let given = self.given.load(Relaxed);
        let dropped: u64 =
            self.dropped.iter().map(|word| u64::from(word.load(Relaxed).count_ones())).sum();
        assert_eq!(dropped, given as u64, "futures were not dropped");
        dropped
    }
}

/// Lies in a future.
struct Entry {
    number: usize,
    ledger: Arc<Ledger>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        let bit = 1 << (self.number % 64);
        let before = self.ledger.dropped[self.number / 64].fetch_or(bit, Relaxed);
        if before & bit != 0 {
            // A panic here would be caught as the task's.
            eprintln!("future {} was dropped twice", self.number);
            std::process::abort();
        }
    }
}

#[derive(Default)]
struct Signal(Mutex<(bool, Option<Waker>)>);

impl Signal {
    fn set(&self, last: bool) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 |= last;
        let waker = if last { state.1.take() } else { state.1.clone() };
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    async fn wait(&self) {
        poll_fn(|cx| {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if state.0 {
                return Poll::Ready(());
            }
            let replaced = state.1.replace(cx.waker().clone());
            drop(state);
            drop(replaced);
            Poll::Pending
        })
        .await;
    }
}

/// A task that a thread holds.
struct Held {
    task: TaskHandle<usize>,
    number: usize,
    signal: Arc<Signal>,
    cancelled: bool,
    fails: bool,
}

struct Counts {
    spawned: AtomicU64,
    joined: AtomicU64,
    failed: AtomicU64,
}

struct Actor {
    handle: Handle,
    ledger: Arc<Ledger>,
    counts: Arc<Counts>,
    dice: Dice,
    held: Vec<Held>,
}

impl Actor {
    fn act(&mut self) {
        match self.dice.below(16) {
            0..=5 => self.spawn(),
            6..=8 => self.with_some(|held, _| held.signal.set(false)),
            9..=10 => self.with_some(|held, _| held.cancelled |= held.task.cancel().is_ok()),
            11..=13 => self.join(),
            14 => self.with_some(|held, dice| {
                held.task.set_priority(TaskPriority::DESCENDING[dice.below(4)]);
            }),
            _ => {
                if let Some(held) = self.take_some() {
                    held.signal.set(true);
                    drop(held.task);
                }
            }
        }
    }

    fn spawn(&mut self) {
        if self.held.len() >= HELD {
            return self.join();
        }
        let entry = self.ledger.entry();
        let (number, signal) = (entry.number, Arc::new(Signal::default()));
        let kind = self.dice.below(64);
        let lane = match self.dice.below(8) {
            lane @ 0..=3 => TaskPriority::DESCENDING[lane],
            _ => TaskPriority::Normal,
        };
        let (waited_for, fails) = (signal.clone(), kind == 0);
        let body = async move {
            let entry = entry;
            match kind {
                0 => resume_unwind(Box::new("planned")),
                1..=15 => {}
                16..=31 => waited_for.wait().await,
                32..=40 => {
                    for _ in 0..kind % 5 {
                        coop::yield_now().await;
                    }
                }
                41..=50 => {
                    let number = entry.number;
                    let child = qi_sched::spawn(async move { number });
                    assert_eq!(child.join().await.ok(), Some(number));
                }
                51..=60 => {
                    waited_for.wait().await;
                    coop::yield_now().await;
                }
                _ => {
                    let big = [entry.number; 300];
                    coop::yield_now().await;
                    assert!(big.iter().all(|number| *number == entry.number));
                }
            }
            entry.number
        };
        let builder = self.handle.task().priority(lane);
        let task = match kind % 32 {
            5 => builder.spawn_pinned(move || body),
            6 => builder.home_worker(number % 2).expect("two workers").spawn(body),
            _ => builder.spawn(body),
        };
        self.counts.spawned.fetch_add(1, Relaxed);
        self.counts.failed.fetch_add(u64::from(fails), Relaxed);
        self.held.push(Held { task, number, signal, cancelled: false, fails });
    }

    fn with_some(&mut self, act: impl FnOnce(&mut Held, &mut Dice)) {
        if !self.held.is_empty() {
            let index = self.dice.below(self.held.len());
            act(&mut self.held[index], &mut self.dice);
        }
    }

    fn take_some(&mut self) -> Option<Held> {
        let count = self.held.len();
        (count > 0).then(|| self.held.swap_remove(self.dice.below(count)))
    }

    fn join(&mut self) {
        let Some(held) = self.take_some() else { return };
        held.signal.set(true);
        let result = match self.dice.below(3) {
            0 => self.handle.block_on(held.task),
            1 => self.handle.block_on(held.task.join()),
            _ => {
                let asker = self.handle.spawn(held.task);
                // One more task, which has no entry in the ledger.
                self.counts.spawned.fetch_add(1, Relaxed);
                self.handle.block_on(asker).expect("the asker ends")
            }
        };
        check_result(result, held.number, held.cancelled, held.fails);
        self.counts.joined.fetch_add(1, Relaxed);
    }
}

fn check_result(result: Result<usize, JoinError>, number: usize, cancelled: bool, fails: bool) {
    match result {
        Ok(given) => assert!(given == number && !fails, "{number} gave {given}"),
        Err(error) if error.is_panic() => assert!(fails, "{error}"),
        Err(error) => assert!(error.is_cancelled() && cancelled, "{number}: {error}"),
    }
}

/// One round on one scheduler: `operations` by eight threads.
fn round(seed: u64, operations: usize) -> u64 {
    let scheduler = Scheduler::builder().worker_threads(2).seed(seed).build().unwrap();
    let ledger = Ledger::new(operations + THREADS);
    let zero = || AtomicU64::new(0);
    let counts = Arc::new(Counts { spawned: zero(), joined: zero(), failed: zero() });
    let actors: Vec<_> = (0..THREADS as u64)
        .map(|thread| {
            let mut actor = Actor {
                handle: scheduler.handle().clone(),
                ledger: ledger.clone(),
                counts: counts.clone(),
                dice: Dice(seed.wrapping_mul(THREADS as u64).wrapping_add(thread)),
                held: Vec::new(),
            };
            thread::spawn(move || {
                for _ in 0..operations / THREADS {
                    actor.act();
                }
                while !actor.held.is_empty() {
                    actor.join();
                }
            })
        })
        .collect();
    for actor in actors {
        actor.join().unwrap();
    }
    scheduler.shutdown().unwrap();
    ledger.check();
    let stats = scheduler.stats();
    let ended = stats.completed_tasks + stats.cancelled_tasks + stats.failed_tasks;
    assert_eq!(stats.spawned_tasks, ended, "{stats:?}");
    assert_eq!((stats.active_tasks, stats.queued_tasks), (0, 0), "{stats:?}");
    // Children come on top of what the threads spawned.
    assert!(stats.spawned_tasks >= counts.spawned.load(Relaxed));
    assert!(stats.failed_tasks <= counts.failed.load(Relaxed));
    assert!(counts.joined.load(Relaxed) > 0);
    (operations / THREADS * THREADS) as u64
}

#[test]
fn mixed_operations_of_eight_threads_lose_nothing() {
    let plan = Plan::of_environment();
    watched(plan.limit(), move || {
        let begun = Instant::now();
        let (mut done, mut rounds) = (0, 0);
        while done < plan.operations as u64 || begun.elapsed() < plan.time {
            done += round(plan.seed.wrapping_add(rounds), plan.operations.min(ROUND));
            rounds += 1;
        }
        println!("stress: mixed_operations seed={} operations={done}", plan.seed);
    });
}

/// Four threads spawn while the scheduler begins and ends; afterwards nothing of it is left.
fn begin_and_end(seed: u64) -> u64 {
    let mut dice = Dice(seed);
    let lives = Arc::new(());
    let held = lives.clone();
    let scheduler = Scheduler::builder()
        .worker_threads(1 + dice.below(3))
        .queue_capacity(1 + dice.below(64))
        .work_stealing(dice.below(4) > 0)
        .around_thread(move |life| {
            let _held = &held;
            life();
        })
        .build()
        .unwrap();
    let ledger = Ledger::new(1 << 20);
    let start = Arc::new(Barrier::new(5));
    let spawners: Vec<_> = (0..4)
        .map(|thread| {
            let (handle, ledger) = (scheduler.handle().clone(), ledger.clone());
            let (start, mut dice) = (start.clone(), Dice(seed.wrapping_add(thread << 32)));
            thread::spawn(move || {
                start.wait();
                let (mut after, mut kept) = (0, Vec::new());
                while after < 50 {
                    after += usize::from(handle.state() != SchedState::Running);
                    let entry = ledger.entry();
                    let kind = dice.below(8);
                    let body = async move {
                        let _entry = entry;
                        match kind {
                            0..=3 => std::future::pending::<()>().await,
                            4 => drop(qi_sched::spawn(std::future::pending::<()>())),
                            5 => coop::yield_now().await,
                            _ => {}
                        }
                    };
                    let task = match dice.below(16) {
                        0 => handle.spawn_pinned(move || body),
                        1 => {
                            let entry = ledger.entry();
                            drop(body);
                            handle.spawn_blocking(move || drop(entry))
                        }
                        2 => handle.spawn_with_priority(body, TaskPriority::High),
                        _ => handle.spawn(body),
                    };
                    if dice.below(4) == 0 {
                        kept.push(task);
                    }
                    if ledger.given.load(Relaxed) > 1_000_000 {
                        break;
                    }
                }
                // Every handle is answered, whenever the task was spawned.
                kept.into_iter().for_each(|task| {
                    let _ = handle.block_on(task);
                });
            })
        })
        .collect();
    start.wait();
    for _ in 0..dice.below(2_000) {
        std::hint::spin_loop();
    }
    scheduler.shutdown().unwrap();
    for spawner in spawners {
        spawner.join().unwrap();
    }
    let dropped = ledger.check();
    let stats = scheduler.stats();
    let ended = stats.completed_tasks + stats.cancelled_tasks + stats.failed_tasks;
    assert_eq!(stats.spawned_tasks, ended, "{stats:?}");
    drop((stats, scheduler));
    while Arc::strong_count(&lives) > 1 {
        thread::yield_now();
    }
    dropped
}

#[test]
fn spawns_while_the_scheduler_ends_leave_nothing_behind() {
    let plan = Plan::of_environment();
    watched(plan.limit(), move || {
        let done: u64 =
            (0..plan.schedulers).map(|n| begin_and_end(plan.seed.wrapping_add(n as u64))).sum();
        println!("stress: begin_and_end seed={} operations={done}", plan.seed);
    });
}

/// A task that gives its thread's seat away in every way there is.
fn wanders(handle: Handle, ledger: Arc<Ledger>, seed: u64, depth: u32) -> TaskHandle<usize> {
    let mut dice = Dice(seed);
    let entry = ledger.entry();
    let (pinned, inner) = (dice.below(3) == 0, handle.clone());
    let body = async move {
        let entry = entry;
        for _ in 0..1 + dice.below(3) {
            let child_seed = dice.next();
            let child = || wanders(inner.clone(), ledger.clone(), child_seed, depth - 1);
            match dice.below(if depth == 0 { 3 } else { 9 }) {
                0 => coop::yield_now().await,
                1 => qi_sched::block_in_place(thread::yield_now),
                2 => {
                    // A local task is refused only to one that runs on no worker.
                    let number = entry.number;
                    let local = qi_sched::spawn_local(async move {
                        coop::yield_now().await;
                        number
                    });
                    let joined = inner.block_on(local.expect("on a worker"));
                    assert!(joined.is_ok_and(|given| given == number) || is_ending(&inner));
                }
                3 => assert!(child().join().await.is_ok() || is_ending(&inner)),
                4 => assert!(inner.block_on(child()).is_ok() || is_ending(&inner)),
                5 => assert!(inner.block_on(child().join()).is_ok() || is_ending(&inner)),
                6 => {
                    let asker = inner.clone();
                    let child = child();
                    let call = inner.spawn_blocking(move || asker.block_on(child).is_ok());
                    assert!(call.await.is_ok_and(|ok| ok) || is_ending(&inner));
                }
                7 => {
                    let child = child();
                    qi_sched::block_in_place(|| drop(child));
                }
                _ => assert!(inner.enter(|| inner.block_on(child())).is_ok() || is_ending(&inner)),
            }
        }
        entry.number
    };
    if pinned { handle.spawn_pinned(move || body) } else { handle.spawn(body) }
}

fn is_ending(handle: &Handle) -> bool {
    handle.state() != SchedState::Running
}

/// Seats change threads all the time; every second scheduler ends in the middle of that.
fn change_hands(seed: u64) -> u64 {
    let mut dice = Dice(seed);
    let scheduler = Scheduler::builder()
        .worker_threads(1 + dice.below(2))
        .work_stealing(dice.below(4) > 0)
        .thread_stack_size(512 * 1024)
        .build()
        .unwrap();
    let ledger = Ledger::new(1 << 16);
    let tasks: Vec<_> = (0..1 + dice.below(8))
        .map(|_| wanders(scheduler.handle().clone(), ledger.clone(), dice.next(), 3))
        .collect();
    if dice.below(2) == 0 {
        for task in tasks {
            scheduler.block_on(task).expect("nothing is cancelled and nothing fails");
        }
    } else {
        for _ in 0..dice.below(20_000) {
            std::hint::spin_loop();
        }
    }
    scheduler.shutdown().unwrap();
    ledger.check()
}

#[test]
fn seats_that_change_hands_lose_nothing() {
    let plan = Plan::of_environment();
    watched(plan.limit(), move || {
        let done: u64 =
            (0..plan.schedulers).map(|n| change_hands(plan.seed.wrapping_add(n as u64))).sum();
        println!("stress: change_hands seed={} operations={done}", plan.seed);
    });
}
