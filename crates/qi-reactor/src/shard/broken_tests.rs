//! A shard whose event queue fails at every collection: a list for no event at all, which
//! epoll_wait(2) refuses.

use super::*;
use crate::clock::SystemClock;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake};

use mio::unix::SourceFd;
use std::os::fd::AsRawFd;

use crate::waiters::Direction;

#[derive(Default)]
struct Wakes(AtomicU32);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        // Relaxed: one thread only.
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn shard() -> Shard {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let timeline = Timeline::starting_at(clock.now());
    Shard::new(0, clock, timeline, 16).expect("the system has descriptors")
}

fn break_queue(shard: &Shard) {
    lock(&shard.queue).events = Events::with_capacity(0);
}

fn mend_queue(shard: &Shard) {
    lock(&shard.queue).events = Events::with_capacity(16);
}

/// A connected pair, the first of which is a source of the shard.
fn source(shard: &Shard) -> (TcpStream, TcpStream, Arc<IoCell>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback is there");
    let address = listener.local_addr().expect("it is bound");
    let ours = TcpStream::connect(address).expect("it listens");
    let (theirs, _) = listener.accept().expect("one has connected");
    let (fd, interest) = (ours.as_raw_fd(), Interest::READABLE);
    let added = shard.add_source(&mut SourceFd(&fd), interest, Readiness::of_assumption(interest));
    let (cell, _) = added.expect("a socket can be watched");
    (ours, theirs, cell)
}

/// Waits for `cell` to be readable, after an attempt to read it would have blocked.
fn wait_for(cell: &IoCell, wakes: &Arc<Wakes>) {
    let waker = Waker::from(wakes.clone());
    let mut cx = Context::from_waker(&waker);
    if let Poll::Ready(event) = cell.poll_ready(&mut cx, Direction::Read) {
        cell.clear(event.expect("the reactor is open"));
        assert!(cell.poll_ready(&mut cx, Direction::Read).is_pending());
    }
}

#[test]
fn sources_of_a_broken_queue_are_tried_again_and_again() {
    let shard = shard();
    let (_ours, _theirs, cell) = source(&shard);
    break_queue(&shard);
    let wakes = Arc::new(Wakes::default());
    for round in 1..=3 {
        wait_for(&cell, &wakes);
        while wakes.0.load(Ordering::Relaxed) < round {
            shard.park();
        }
    }
    assert!(shard.stats().failed_turns > u64::from(FAILURES_BEFORE_BROKEN));
}

#[test]
fn a_few_failures_wake_nobody_and_lose_no_event() {
    let shard = shard();
    let (_ours, mut theirs, cell) = source(&shard);
    let wakes = Arc::new(Wakes::default());
    // The event that every new source begins with is out of the way.
    shard.try_turn();
    wait_for(&cell, &wakes);
    theirs.write_all(b"!").expect("there is room");
    break_queue(&shard);
    for _ in 0..FAILURES_BEFORE_BROKEN {
        shard.park();
    }
    assert_eq!(wakes.0.load(Ordering::Relaxed), 0);
    mend_queue(&shard);
    while wakes.0.load(Ordering::Relaxed) == 0 {
        shard.park();
    }
    assert_eq!(shard.stats().failed_turns, u64::from(FAILURES_BEFORE_BROKEN));
}

#[test]
fn timers_of_a_broken_queue_fire() {
    let shard = shard();
    break_queue(&shard);
    let wakes = Arc::new(Wakes::default());
    let deadline = Timeline::after(shard.now(), Duration::from_millis(2));
    shard.set_timer(deadline, Waker::from(wakes.clone())).expect("it is open");
    while wakes.0.load(Ordering::Relaxed) == 0 {
        shard.park();
    }
    assert!(shard.now() >= deadline);
}
