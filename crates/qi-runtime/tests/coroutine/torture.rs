//! Coroutines and futures at random, cancelled, panicking and dropped at random: the books balance.

use super::on;
use super::support::Seeded;
use qi_runtime::channel::mpsc;
use qi_runtime::coroutine::{self, SpawnCoroutine, Wait, shield, sleep, yield_now};
use qi_runtime::sync::Mutex;
use qi_runtime::{AsyncRuntime, TaskHandle, TaskPriority};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

/// How many coroutines are begun; more in optimised code.
const TASKS: u64 = if cfg!(debug_assertions) { 1500 } else { 8000 };

/// What all share.
struct World {
    alive: AtomicI64,
    steps: AtomicU64,
    lock: Mutex<u64>,
}

struct Alive(Arc<World>);

impl Alive {
    fn new(world: &Arc<World>) -> Self {
        world.alive.fetch_add(1, SeqCst);
        Self(world.clone())
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.alive.fetch_sub(1, SeqCst);
    }
}

/// A number below `limit` that depends on the seed alone.
fn draw(seed: &mut u64, limit: u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) % limit
}

fn live(world: &Arc<World>, mut seed: u64, depth: u32) -> u64 {
    let _alive = Alive::new(world);
    let mut sum = 0;
    for _ in 0..draw(&mut seed, 12) {
        let _local = Alive::new(world);
        world.steps.fetch_add(1, SeqCst);
        match draw(&mut seed, 12) {
            0..=2 => yield_now(),
            3 => sleep(Duration::from_micros(draw(&mut seed, 200))),
            4 => {
                let mut guard = world.lock.lock().wait();
                *guard += 1;
                yield_now();
            }
            5 if depth > 0 => {
                let (own, seed) = (world.clone(), seed);
                let child = qi_runtime::spawn_coroutine(move || live(&own, seed ^ 1, depth - 1));
                sum += child.join().wait().unwrap_or(0);
            }
            6 if depth > 0 => {
                coroutine::scope(|scope| {
                    for part in 0..2 {
                        let world = &world;
                        // Borrows from this frame.
                        scope.spawn_coroutine(move || live(world, seed ^ part, 0)).cancel();
                    }
                });
            }
            7 => {
                let (sender, mut receiver) = mpsc::bounded(1);
                let producer = qi_runtime::spawn(async move {
                    for number in 0..3_u64 {
                        if sender.send(number).await.is_err() {
                            return;
                        }
                    }
                });
                while let Some(number) = receiver.recv().wait() {
                    sum += number;
                }
                drop(producer);
            }
            8 => shield(yield_now),
            9 if draw(&mut seed, 8) == 0 => std::panic::resume_unwind(Box::new(seed)),
            _ => sum += draw(&mut seed, 10),
        }
    }
    sum
}

#[test]
fn random_coroutines_leave_nothing_behind() {
    for workers in [1, 4] {
        let builder = AsyncRuntime::builder().worker_threads(workers).max_stack_size(256 * 1024);
        on(builder, move |runtime| {
            let mut seeded = Seeded::new("random_coroutines_leave_nothing_behind");
            let world = Arc::new(World {
                alive: AtomicI64::new(0),
                steps: AtomicU64::new(0),
                lock: Mutex::new(0),
            });
            let mut tasks: Vec<TaskHandle<u64>> = Vec::new();
            for _ in 0..TASKS {
                let (own, seed) = (world.clone(), seeded.below(u64::MAX));
                let lane = TaskPriority::DESCENDING[usize::try_from(seeded.below(4)).unwrap()];
                let task = runtime.coroutine().priority(lane).spawn(move || live(&own, seed, 2));
                tasks.push(task);
                let chosen = usize::try_from(seeded.below(tasks.len() as u64)).unwrap();
                match seeded.below(6) {
                    0 => drop(tasks[chosen].cancel()),
                    1 => drop(tasks.swap_remove(chosen)),
                    2 => drop(runtime.block_on(tasks.swap_remove(chosen))),
                    _ => {}
                }
            }
            for task in tasks {
                // Cancelled, failed, or done.
                let _ = runtime.block_on(task);
            }
            runtime.shutdown().unwrap();
            assert_eq!(world.alive.load(SeqCst), 0, "every destructor once");
            assert!(world.steps.load(SeqCst) > TASKS);
            assert_eq!(runtime.stats().coroutines.stuck, 0);
        });
    }
}
