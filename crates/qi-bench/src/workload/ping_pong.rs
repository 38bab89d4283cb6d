//! Ping-pong: two tasks that wake each other by bare wakers; a task that spawns its partner and
//! exchanges two oneshots with it.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

use atomic_waker::AtomicWaker;

use super::Job;
use crate::measure::Meter;
use crate::peer::Peer;
use crate::sample::Sample;

/// Round trips with one pair.
const ROUNDS_OF_ONE: u64 = 300_000;
/// Round trips of all pairs together when there are many.
const ROUNDS_OF_MANY: u64 = 1_000_000;

/// The table between two players: whose turn it is, and how to wake each.
struct Table {
    /// Number of the next stroke; the player with the same parity makes it.
    stroke: AtomicU64,
    players: [AtomicWaker; 2],
}

async fn play(table: Arc<Table>, player: usize, rounds: u64) {
    for _ in 0..rounds {
        poll_fn(|cx| {
            table.players[player].register(cx.waker());
            // Acquire: pairs with the Release below, as a message's content would have to.
            let mine = table.stroke.load(Ordering::Acquire) % 2 == player as u64;
            if mine { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        // Release: pairs with the Acquire above.
        table.stroke.fetch_add(1, Ordering::Release);
        table.players[1 - player].wake();
    }
}

pub(super) async fn all_wakers<P: Peer>(pairs: u64, rounds: u64) {
    let mut joins = Vec::with_capacity(2 * pairs as usize);
    for _ in 0..pairs {
        let players = [AtomicWaker::new(), AtomicWaker::new()];
        let table = Arc::new(Table { stroke: AtomicU64::new(0), players });
        joins.push(P::spawn(play(Arc::clone(&table), 0, rounds)));
        joins.push(P::spawn(play(table, 1, rounds)));
    }
    for join in joins {
        join.await;
    }
}

/// Rounds of each pair, so that few and many pairs run about as long.
fn rounds_each(job: &Job, pairs: u64) -> u64 {
    let all = if pairs == 1 { ROUNDS_OF_ONE } else { ROUNDS_OF_MANY };
    job.count(all) / pairs
}

/// Pairs of tasks take turns, woken by their wakers; an operation is a round trip.
pub(super) fn wakers<P: Peer>(job: &Job, pairs: u64) -> Sample {
    let runtime = P::start(job.workers);
    let rounds = rounds_each(job, pairs);
    runtime.run(all_wakers::<P>(pairs, rounds / 10));
    let meter = Meter::start();
    runtime.run(all_wakers::<P>(pairs, rounds));
    meter.stop(pairs * rounds)
}

pub(super) async fn exchange<P: Peer>(rounds: u64) {
    for round in 0..rounds {
        let (ping, pinged) = P::oneshot();
        let (pong, ponged) = P::oneshot();
        P::detach(async move {
            let value = pinged.await;
            P::send(pong, value);
        });
        P::send(ping, round);
        ponged.await;
    }
}

async fn all_oneshots<P: Peer>(players: u64, rounds: u64) {
    let mut joins = Vec::with_capacity(players as usize);
    for _ in 0..players {
        joins.push(P::spawn(exchange::<P>(rounds)));
    }
    for join in joins {
        join.await;
    }
}

/// Tasks spawn a partner per round and exchange two oneshots with it; an operation is a round.
pub(super) fn oneshots<P: Peer>(job: &Job, players: u64) -> Sample {
    let runtime = P::start(job.workers);
    let rounds = rounds_each(job, players);
    runtime.run(all_oneshots::<P>(players, rounds / 10));
    let meter = Meter::start();
    runtime.run(all_oneshots::<P>(players, rounds));
    meter.stop(players * rounds)
}
