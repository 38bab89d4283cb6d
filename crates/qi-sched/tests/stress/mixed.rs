//! Eight threads over two workers spawn, wake, cancel, join, detach, and change priorities.
#![forbid(unsafe_code)]

use crate::common::{Dice, Ledger, Plan, watched};
use qi_sched::{Handle, JoinError, Scheduler, TaskHandle, TaskPriority, coop};
use std::future::poll_fn;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Instant;

const THREADS: usize = 8;

/// Operations in a round of one scheduler.
const ROUND: usize = 1_000_000;

/// Tasks that one thread holds at most.
const HELD: usize = 200;

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
