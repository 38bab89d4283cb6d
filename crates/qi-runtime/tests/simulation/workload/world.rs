//! What all tasks of the workload share, and the one who plays fate: wakes, cancels, waits for the end.
#![forbid(unsafe_code)]

use super::ledger::{Ledger, Value};
use super::plan::Dice;
use super::{life, network};
use qi_runtime::channel::mpmc;
use qi_runtime::simulation::net::Network;
use qi_runtime::sync::{Mutex, Semaphore};
use qi_runtime::time::{Duration, Instant, sleep};
use qi_runtime::{AbortHandle, yield_now};
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

const CHANNELS: usize = 3;
const PLACES: usize = 4;
const PERMITS: usize = 3;

/// Who waits without a limit, by what for.
#[derive(Clone, Copy, Debug)]
pub(super) enum For {
    /// Room in a channel.
    Room(usize),
    /// A value of a channel.
    Value(usize),
    Lock(usize),
    Permits,
}

/// Tasks in one run, at most.
const MOST_TASKS: usize = 120;

/// What all tasks share.
pub(super) struct World {
    pub(super) ledger: Arc<Ledger>,
    pub(super) senders: Vec<mpmc::Sender<Value>>,
    pub(super) receivers: Vec<mpmc::Receiver<Value>>,
    pub(super) locks: [Mutex<u64>; 2],
    pub(super) permits: Semaphore,
    waiting: StdMutex<Waiting>,
    shared: StdMutex<Shared>,
}

#[derive(Default)]
struct Waiting {
    room: [usize; CHANNELS],
    values: [usize; CHANNELS],
    locks: [usize; 2],
    permits: usize,
    tickets: u64,
    /// Whom to tell to give up, and whether it was.
    wakers: BTreeMap<u64, (Waker, bool)>,
}

impl Waiting {
    fn count(&mut self, what: For) -> &mut usize {
        match what {
            For::Room(channel) => &mut self.room[channel],
            For::Value(channel) => &mut self.values[channel],
            For::Lock(lock) => &mut self.locks[lock],
            For::Permits => &mut self.permits,
        }
    }
}

/// Somebody waits for as long as this is there.
struct Waits<'a>(&'a World, For, u64);

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        let mut waiting = self.0.waiting();
        *waiting.count(self.1) -= 1;
        let place = waiting.wakers.remove(&self.2);
        drop(waiting);
        drop(place);
    }
}

#[derive(Default)]
struct Shared {
    places: [Vec<Waker>; PLACES],
    aborts: Vec<AbortHandle>,
    spawned: usize,
    last_seen: Option<Instant>,
}

impl World {
    pub(super) fn new(ledger: Arc<Ledger>) -> Self {
        let ends = (0..CHANNELS).map(|kind| match kind {
            0 => mpmc::bounded(1),
            1 => mpmc::rendezvous(),
            _ => mpmc::unbounded(),
        });
        let (senders, receivers) = ends.unzip();
        Self {
            ledger,
            senders,
            receivers,
            locks: std::array::from_fn(|_| Mutex::new(0)),
            permits: Semaphore::new(PERMITS),
            waiting: StdMutex::default(),
            shared: StdMutex::default(),
        }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits without a limit, so that it is seen who waits for what is there; `None` if told to give up.
    pub(super) async fn wait_for<F: Future>(&self, what: For, future: F) -> Option<F::Output> {
        let ticket = {
            let mut waiting = self.waiting();
            *waiting.count(what) += 1;
            waiting.tickets += 1;
            waiting.tickets
        };
        let _waits = Waits(self, what, ticket);
        let mut future = pin!(future);
        poll_fn(|cx| {
            if self.gives_up(ticket, cx.waker()) {
                return Poll::Ready(None);
            }
            future.as_mut().poll(cx).map(Some)
        })
        .await
    }

    fn gives_up(&self, ticket: u64, waker: &Waker) -> bool {
        let mut waiting = self.waiting();
        let place = waiting.wakers.entry(ticket).or_insert_with(|| (waker.clone(), false));
        let before = std::mem::replace(&mut place.0, waker.clone());
        let gives_up = place.1;
        drop(waiting);
        drop(before);
        gives_up
    }

    /// Tells some of those who wait to give up: what they were told a moment ago must go to others.
    pub(super) fn some_give_up(&self, dice: &mut Dice) {
        let mut told = Vec::new();
        for (waker, gives_up) in self.waiting().wakers.values_mut() {
            if dice.below(2) == 0 {
                *gives_up = true;
                told.push(waker.clone());
            }
        }
        told.into_iter().for_each(Waker::wake);
    }

    /// When everything stands still: nobody waits for what is there. (I78)
    fn nobody_waits_in_vain(&self) {
        let waiting = self.waiting();
        for (channel, receiver) in self.receivers.iter().enumerate() {
            let (senders, receivers) = (waiting.room[channel], waiting.values[channel]);
            let is_full = receiver.capacity().is_some_and(|room| room == 0);
            self.ledger.expect(
                receivers == 0 || receiver.is_empty(),
                "somebody waits for a value, and there is one",
            );
            self.ledger.expect(
                senders == 0 || is_full || receiver.max_capacity() == Some(0),
                "somebody waits for room, and there is some",
            );
            self.ledger.expect(senders == 0 || receivers == 0, "two that could meet both wait");
        }
        for (lock, waiters) in self.locks.iter().zip(waiting.locks) {
            let is_free = lock.try_lock().is_some();
            self.ledger.expect(waiters == 0 || !is_free, "somebody waits for a lock that is free");
        }
        let all_free = self.permits.available_permits() == PERMITS;
        self.ledger.expect(waiting.permits == 0 || !all_free, "somebody waits for free permits");
    }

    /// Whether one more task may be spawned.
    pub(super) fn may_spawn(&self) -> bool {
        let mut shared = self.shared();
        shared.spawned += 1;
        shared.spawned <= MOST_TASKS
    }

    pub(super) fn may_be_cancelled(&self, task: AbortHandle) {
        self.shared().aborts.push(task);
    }

    pub(super) fn leave_waker(&self, dice: &mut Dice, waker: &Waker) {
        let place = dice.below(PLACES);
        self.shared().places[place].push(waker.clone());
    }

    pub(super) fn wake(&self, dice: &mut Dice) {
        let place = dice.below(PLACES);
        let wakers = std::mem::take(&mut self.shared().places[place]);
        wakers.into_iter().for_each(Waker::wake);
    }

    fn wake_all(&self) {
        let places = std::mem::take(&mut self.shared().places);
        places.into_iter().flatten().for_each(Waker::wake);
    }

    pub(super) fn cancel_one(&self, dice: &mut Dice) {
        let mut shared = self.shared();
        let count = shared.aborts.len();
        let chosen = (count > 0).then(|| shared.aborts.swap_remove(dice.below(count)));
        drop(shared);
        if let Some(task) = chosen {
            let _ = task.cancel();
        }
    }

    /// The clock does not go back. (I76)
    pub(super) fn look_at_the_clock(&self) {
        let now = Instant::now();
        let before = self.shared().last_seen.replace(now);
        let goes_on = before.is_none_or(|before| before <= now);
        self.ledger.expect(goes_on, "the clock went back");
    }

    /// Takes what lies in the channels.
    pub(super) fn drain(&self) {
        for receiver in &self.receivers {
            while let Ok(value) = receiver.try_recv() {
                value.was_received();
            }
        }
    }
}

/// The root of the workload.
pub(super) async fn play(world: Arc<World>, net: Network, mut dice: Dice) {
    network::start(&world, &net, &mut dice);
    for _ in 0..4 + dice.below(8) {
        life::spawn(&world, &mut dice, 3);
    }
    for _ in 0..dice.below(30) {
        match dice.below(8) {
            0 => life::spawn(&world, &mut dice, 2),
            1 | 2 => world.wake(&mut dice),
            3 => world.cancel_one(&mut dice),
            4 => network::harm(&net, &mut dice),
            5 => yield_now().await,
            _ => sleep(Duration::from_micros(dice.below(2_000) as u64)).await,
        }
        world.look_at_the_clock();
    }
    // Some runs are shut down in the middle of it all.
    if dice.below(4) == 0 {
        return;
    }
    net.heal_all();
    // Longer than any limit of a task.
    for _ in 0..50 {
        world.wake_all();
        sleep(Duration::from_millis(10)).await;
    }
    world.nobody_waits_in_vain();
    for receiver in &world.receivers {
        receiver.close();
    }
    for _ in 0..200 {
        if world.ledger.live() == 0 {
            break;
        }
        world.wake_all();
        world.drain();
        sleep(Duration::from_millis(1)).await;
    }
    world.ledger.expect(world.ledger.live() == 0, "there are tasks that never end");
}
