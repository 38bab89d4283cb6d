//! may's side of the workloads about tasks: spawning, yielding, waking, trees, balance.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier, OnceLock};
use std::thread;

use may::coroutine::{self, Coroutine};
use may::sync::mpsc;

use super::{go, join, run_inside};
use crate::measure::Meter;
use crate::sample::Sample;
use crate::spin;
use crate::tree;
use crate::workload::{BALANCE_LENGTH, Job, ideal_balance};

const TASKS: u64 = 1_000_000;

fn batch(count: u64) {
    let handles: Vec<_> = (0..count).map(|number| go(move || black_box(number))).collect();
    for handle in handles {
        join(handle);
    }
}

pub(super) fn spawn_inside(job: &Job) -> Sample {
    let count = job.count(TASKS);
    run_inside(move || batch(count / 10));
    let meter = Meter::start();
    run_inside(move || batch(count));
    meter.stop(count)
}

pub(super) fn spawn_outside(job: &Job, threads: u64) -> Sample {
    let share = job.count(TASKS) / threads;
    batch(share / 10);
    let (begin, end) = (Barrier::new(threads as usize + 1), Barrier::new(threads as usize + 1));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                begin.wait();
                batch(share);
                end.wait();
            });
        }
        begin.wait();
        let meter = Meter::start();
        end.wait();
        meter.stop(share * threads)
    })
}

fn link(left: u64, done: mpsc::Sender<()>) {
    if left == 0 {
        done.send(()).expect("somebody waits for the end of the chain");
    } else {
        drop(go(move || link(left - 1, done)));
    }
}

fn chain_of(depth: u64) {
    let (done, finished) = mpsc::channel();
    drop(go(move || link(depth, done)));
    finished.recv().expect("the chain comes to its end");
}

pub(super) fn chain(job: &Job) -> Sample {
    let depth = job.count(TASKS);
    run_inside(move || chain_of(depth / 10));
    let meter = Meter::start();
    run_inside(move || chain_of(depth));
    meter.stop(depth)
}

pub(super) fn yielding(job: &Job) -> Sample {
    const TASKS: u64 = 200;
    let yields = job.count(10_000);
    let all = |yields: u64| {
        let handles: Vec<_> = (0..TASKS)
            .map(|_| {
                go(move || {
                    for _ in 0..yields {
                        coroutine::yield_now();
                    }
                })
            })
            .collect();
        handles.into_iter().for_each(join);
    };
    run_inside(move || all(yields / 10));
    let meter = Meter::start();
    run_inside(move || all(yields));
    meter.stop(TASKS * yields)
}

/// The table between two players, as in the workload of the futures.
#[derive(Default)]
struct Table {
    stroke: AtomicU64,
    players: [OnceLock<Coroutine>; 2],
}

fn play(table: &Table, player: usize, rounds: u64) {
    let partner = loop {
        match table.players[1 - player].get() {
            Some(partner) => break partner,
            None => coroutine::yield_now(),
        }
    };
    for _ in 0..rounds {
        // Acquire: pairs with the Release below, as a message's content would have to.
        while table.stroke.load(Ordering::Acquire) % 2 != player as u64 {
            coroutine::park();
        }
        // Release: pairs with the Acquire above.
        table.stroke.fetch_add(1, Ordering::Release);
        partner.unpark();
    }
}

fn all_pairs(pairs: u64, rounds: u64) {
    let mut handles = Vec::new();
    for _ in 0..pairs {
        let table = Arc::new(Table::default());
        for player in 0..2 {
            let seat = Arc::clone(&table);
            let handle = go(move || play(&seat, player, rounds));
            table.players[player].set(handle.coroutine().clone()).expect("set once");
            handles.push(handle);
        }
    }
    handles.into_iter().for_each(join);
}

fn rounds_each(job: &Job, pairs: u64) -> u64 {
    job.count(if pairs == 1 { 300_000 } else { 1_000_000 }) / pairs
}

pub(super) fn wake(job: &Job, pairs: u64) -> Sample {
    let rounds = rounds_each(job, pairs);
    run_inside(move || all_pairs(pairs, rounds / 10));
    let meter = Meter::start();
    run_inside(move || all_pairs(pairs, rounds));
    meter.stop(pairs * rounds)
}

fn exchange(rounds: u64) {
    for round in 0..rounds {
        let (ping, pinged) = mpsc::channel();
        let (pong, ponged) = mpsc::channel();
        drop(go(move || {
            let value: u64 = pinged.recv().expect("a ping comes");
            pong.send(value).expect("the pong is awaited");
        }));
        ping.send(round).expect("the partner waits");
        ponged.recv().expect("a pong comes");
    }
}

pub(super) fn oneshot(job: &Job, players: u64) -> Sample {
    let rounds = rounds_each(job, players);
    let all = move |rounds: u64| {
        let handles: Vec<_> = (0..players).map(|_| go(move || exchange(rounds))).collect();
        handles.into_iter().for_each(join);
    };
    run_inside(move || all(rounds / 10));
    let meter = Meter::start();
    run_inside(move || all(rounds));
    meter.stop(players * rounds)
}

fn fib(n: u64) -> u64 {
    if n < 2 {
        return n;
    }
    let left = go(move || fib(n - 1));
    let right = go(move || fib(n - 2));
    join(left) + join(right)
}

pub(super) fn fib_tree(job: &Job) -> Sample {
    let n = tree::fib_size(job);
    run_inside(move || fib(n - 5));
    let meter = Meter::start();
    let result = run_inside(move || fib(n));
    let sample = meter.stop(tree::fib_nodes(n));
    tree::check_fib(n, result);
    sample
}

fn skynet(first: u64, leaves: u64) -> u64 {
    if leaves == 1 {
        return first;
    }
    let each = leaves / tree::FAN_OUT;
    let children: Vec<_> =
        (0..tree::FAN_OUT).map(|child| go(move || skynet(first + child * each, each))).collect();
    children.into_iter().map(join).sum()
}

pub(super) fn skynet_tree(job: &Job) -> Sample {
    let leaves = tree::skynet_leaves(job);
    run_inside(move || skynet(0, leaves / 100));
    let meter = Meter::start();
    let sum = run_inside(move || skynet(0, leaves));
    let sample = meter.stop(tree::skynet_nodes(leaves));
    tree::check_skynet(leaves, sum);
    sample
}

pub(super) fn balance(job: &Job) -> Sample {
    let rounds = spin::calibrate(BALANCE_LENGTH, job.workers);
    let tasks = job.count(100_000);
    let all = move |tasks: u64| {
        let handles: Vec<_> = (0..tasks).map(|_| go(move || spin::rounds(rounds))).collect();
        for handle in handles {
            join(handle);
        }
    };
    run_inside(move || all(tasks / 10));
    let before = ideal_balance(rounds, tasks, job.workers);
    let meter = Meter::start();
    run_inside(move || all(tasks));
    let sample = meter.stop(tasks);
    let after = ideal_balance(rounds, tasks, job.workers);
    let ideal_ns = (before + after).as_nanos() as f64 / 2.0 / tasks as f64;
    let over = sample.figures["wall_ns"] / ideal_ns;
    sample.with("over_ideal", over)
}
