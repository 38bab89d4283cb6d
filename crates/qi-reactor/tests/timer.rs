//! Timers and delays: exact by a manual clock, one-sided by the real one.

mod support;

use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use qi_reactor::{Clock, Delay, ManualClock, Reactor, ReactorError};
use support::{Counter, HUNG, block_on, poll_once};

const NANO: Duration = Duration::from_nanos(1);

fn manual(shards: usize) -> (Arc<ManualClock>, Reactor) {
    let clock = Arc::new(ManualClock::new());
    let shared: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
    let reactor = Reactor::builder().shards(shards).clock(shared).build().expect("a reactor");
    (clock, reactor)
}

#[test]
fn a_timer_fires_at_its_deadline_and_not_a_nanosecond_earlier() {
    let (clock, reactor) = manual(1);
    // Different levels of the wheel, none at the edge of a slot.
    for micros in [3, 77, 5_003, 1_234_567, 90_000_000_001] {
        let delay = Duration::from_micros(micros) + NANO;
        let (counter, waker) = Counter::new();
        reactor.set_timer(0, reactor.now() + delay, waker).expect("it is open");
        clock.advance(delay - NANO);
        assert_eq!(reactor.try_turn(0), Some(false));
        assert_eq!(counter.count(), 0);
        clock.advance(NANO);
        assert_eq!(reactor.try_turn(0), Some(true));
        assert_eq!(counter.count(), 1);
        assert_eq!(reactor.next_deadline(0), None);
    }
}

#[test]
fn next_deadline_is_the_earliest_and_vanishes_with_its_timer() {
    let (_clock, reactor) = manual(1);
    let now = reactor.now();
    let set = |secs| {
        let deadline = now + Duration::from_secs(secs);
        reactor.set_timer(0, deadline, Waker::noop().clone()).expect("it is open")
    };
    assert_eq!(reactor.next_deadline(0), None);
    let far = set(100_000);
    let near = set(10);
    assert_eq!(reactor.next_deadline(0), Some(now + Duration::from_secs(10)));
    assert!(reactor.drop_timer(0, near));
    assert_eq!(reactor.next_deadline(0), Some(now + Duration::from_secs(100_000)));
    assert!(reactor.move_timer(0, far, now + Duration::from_secs(7)));
    assert_eq!(reactor.next_deadline(0), Some(now + Duration::from_secs(7)));
    assert!(reactor.drop_timer(0, far));
    assert!(!reactor.drop_timer(0, far), "only once");
    assert_eq!(reactor.next_deadline(0), None);
}

#[test]
fn the_longest_delay_never_fires_and_can_be_dropped() {
    let (clock, reactor) = manual(1);
    let (counter, waker) = Counter::new();
    let mut delay = Delay::after(&reactor, 0, Duration::MAX);
    assert!(poll_once(&mut delay, &waker).is_pending());
    clock.advance(Duration::from_secs(200 * 365 * 86_400));
    assert_eq!(reactor.try_turn(0), Some(false));
    assert_eq!(counter.count(), 0);
    drop(delay);
    assert_eq!(reactor.stats(0).timers, 0);
    let far = reactor.deadline_after(Duration::MAX) - reactor.now();
    assert!(far > Duration::from_secs(100 * 366 * 86_400));
}

#[test]
fn a_delay_whose_deadline_has_passed_completes_at_its_first_poll() {
    let (clock, reactor) = manual(1);
    let start = reactor.now();
    clock.advance(Duration::from_secs(5));
    for mut delay in [
        Delay::new(&reactor, 0, start),
        Delay::new(&reactor, 0, start + Duration::from_secs(5)),
        Delay::after(&reactor, 0, Duration::ZERO),
    ] {
        assert!(matches!(poll_once(&mut delay, Waker::noop()), Poll::Ready(Ok(()))));
        assert!(delay.is_done());
        assert!(matches!(poll_once(&mut delay, Waker::noop()), Poll::Ready(Ok(()))));
    }
    assert_eq!(reactor.stats(0).timers_set, 0);
}

#[test]
fn a_delay_touches_the_wheel_only_from_its_first_pending_poll_until_its_drop() {
    let (_clock, reactor) = manual(1);
    let mut delay = Delay::after(&reactor, 0, Duration::from_secs(1));
    assert_eq!(reactor.stats(0).timers, 0);
    for _ in 0..3 {
        assert!(poll_once(&mut delay, Waker::noop()).is_pending());
        assert_eq!(reactor.stats(0).timers, 1);
    }
    drop(delay);
    let stats = reactor.stats(0);
    assert_eq!((stats.timers_set, stats.timers_cancelled, stats.timers), (1, 1, 0));
}

#[test]
fn a_dropped_delay_neither_wakes_nor_keeps_its_waker() {
    let (clock, reactor) = manual(1);
    let (counter, waker) = Counter::new();
    let mut delay = Delay::after(&reactor, 0, Duration::from_secs(1));
    assert!(poll_once(&mut delay, &waker).is_pending());
    drop(waker);
    assert_eq!(Arc::strong_count(&counter), 2, "the wheel has the waker");
    drop(delay);
    assert_eq!(Arc::strong_count(&counter), 1);
    clock.advance(Duration::from_secs(2));
    assert_eq!(reactor.try_turn(0), Some(false));
    assert_eq!(counter.count(), 0);
}

#[test]
fn a_delay_wakes_whoever_polled_it_last() {
    let (clock, reactor) = manual(1);
    let (first, first_waker) = Counter::new();
    let (last, last_waker) = Counter::new();
    let mut delay = Delay::after(&reactor, 0, Duration::from_secs(1));
    assert!(poll_once(&mut delay, &first_waker).is_pending());
    assert!(poll_once(&mut delay, &last_waker).is_pending());
    clock.advance(Duration::from_secs(1));
    assert_eq!(reactor.try_turn(0), Some(true));
    assert_eq!((first.count(), last.count()), (0, 1));
    assert!(matches!(poll_once(&mut delay, &last_waker), Poll::Ready(Ok(()))));
}

#[test]
fn a_delay_can_be_reset_before_and_after_it_fired() {
    let (clock, reactor) = manual(1);
    let (counter, waker) = Counter::new();
    let second = Duration::from_secs(1);
    let mut delay = Delay::after(&reactor, 0, second);
    assert!(poll_once(&mut delay, &waker).is_pending());
    delay.reset(reactor.now() + 3 * second);
    clock.advance(2 * second);
    assert_eq!(reactor.try_turn(0), Some(false), "it was put off");
    clock.advance(second);
    assert_eq!(reactor.try_turn(0), Some(true), "without being polled again");
    assert_eq!(counter.count(), 1);
    delay.reset(reactor.now() + second);
    assert!(poll_once(&mut delay, &waker).is_pending());
    clock.advance(second);
    assert_eq!(reactor.try_turn(0), Some(true));
    assert!(matches!(poll_once(&mut delay, &waker), Poll::Ready(Ok(()))));
    delay.reset(reactor.now());
    assert!(matches!(poll_once(&mut delay, &waker), Poll::Ready(Ok(()))));
}

#[test]
fn timers_that_are_due_together_fire_in_the_order_of_their_deadlines() {
    use std::sync::Mutex;
    use std::task::Wake;
    struct Logs(usize, Arc<Mutex<Vec<usize>>>);
    impl Wake for Logs {
        fn wake(self: Arc<Self>) {
            self.1.lock().expect("no waker panics").push(self.0);
        }
    }
    let (clock, reactor) = manual(1);
    let log = Arc::new(Mutex::new(Vec::new()));
    let now = reactor.now();
    // Every other one within the same slot as its neighbour.
    let deadline = |n: usize| now + Duration::from_nanos(n as u64 / 2 * 1_000_003 + n as u64);
    for n in (0..100).rev() {
        let waker = Waker::from(Arc::new(Logs(n, Arc::clone(&log))));
        reactor.set_timer(0, deadline(n), waker).expect("it is open");
    }
    clock.advance(Duration::from_secs(1));
    assert_eq!(reactor.try_turn(0), Some(true));
    assert_eq!(*log.lock().expect("no waker panics"), (0..100).collect::<Vec<_>>());
}

#[test]
fn a_burst_larger_than_one_step_of_the_lock_fires_completely_in_one_turn() {
    let (clock, reactor) = manual(1);
    let (counter, waker) = Counter::new();
    let deadline = reactor.now() + Duration::from_secs(3);
    for n in 0..10_000 {
        reactor.set_timer(0, deadline + n * NANO, waker.clone()).expect("it is open");
    }
    clock.advance(Duration::from_secs(4));
    assert_eq!(reactor.try_turn(0), Some(true));
    assert_eq!(counter.count(), 10_000);
    assert_eq!(reactor.next_deadline(0), None);
}

#[test]
fn a_waker_that_panics_keeps_no_other_timer_from_firing() {
    use std::task::Wake;
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            std::panic::resume_unwind(Box::new("a waker of a test"));
        }
    }
    let (clock, reactor) = manual(1);
    let (counter, waker) = Counter::new();
    let deadline = reactor.now() + Duration::from_secs(1);
    reactor.set_timer(0, deadline, Waker::from(Arc::new(Panics))).expect("it is open");
    reactor.set_timer(0, deadline, waker).expect("it is open");
    clock.advance(Duration::from_secs(1));
    assert_eq!(reactor.try_turn(0), Some(true));
    assert_eq!(counter.count(), 1);
    assert_eq!(reactor.stats(0).waker_panics, 1);
}

#[test]
fn timers_of_one_shard_do_not_show_in_another_and_any_thread_may_turn_it() {
    let (clock, reactor) = manual(3);
    let (counter, waker) = Counter::new();
    let deadline = reactor.now() + Duration::from_secs(1);
    reactor.set_timer(2, deadline, waker).expect("it is open");
    assert_eq!(reactor.next_deadline(0), None);
    assert_eq!(reactor.next_deadline(2), Some(deadline));
    clock.advance(Duration::from_secs(1));
    assert_eq!(reactor.try_turn(0), Some(false));
    assert_eq!(counter.count(), 0);
    let turned = std::thread::scope(|scope| {
        scope.spawn(|| reactor.try_turn(2)).join().expect("turning does not panic")
    });
    assert_eq!(turned, Some(true));
    assert_eq!(counter.count(), 1);
}

#[test]
fn two_reactors_have_nothing_in_common() {
    let (clock, reactor) = manual(1);
    let (other_clock, other) = manual(1);
    let (counter, waker) = Counter::new();
    let (other_counter, other_waker) = Counter::new();
    let second = Duration::from_secs(1);
    reactor.set_timer(0, reactor.now() + second, waker).expect("it is open");
    other.set_timer(0, other.now() + second, other_waker).expect("it is open");
    clock.advance(second);
    assert_eq!(other.try_turn(0), Some(false));
    assert_eq!(reactor.try_turn(0), Some(true));
    assert_eq!((counter.count(), other_counter.count()), (1, 0));
    reactor.close();
    other_clock.advance(second);
    assert_eq!(other.try_turn(0), Some(true), "closing one leaves the other open");
    assert_eq!(other_counter.count(), 1);
}

#[test]
fn closing_wakes_every_delay_with_an_error_and_refuses_new_ones() {
    let (clock, reactor) = manual(2);
    let (counter, waker) = Counter::new();
    let mut delays: Vec<_> =
        (1..=100).map(|n| Delay::after(&reactor, n % 2, Duration::from_secs(n as u64))).collect();
    for delay in &mut delays {
        assert!(poll_once(delay, &waker).is_pending());
    }
    reactor.close();
    assert_eq!(counter.count(), 100);
    clock.advance(Duration::from_secs(50));
    for (n, delay) in (1..).zip(&mut delays) {
        match poll_once(delay, &waker) {
            Poll::Ready(Ok(())) => assert!(n <= 50, "the deadline of {n} has not passed"),
            Poll::Ready(Err(ReactorError::Closed)) => assert!(n > 50, "{n} is past"),
            other => panic!("a delay of a closed reactor is {other:?}"),
        }
    }
    let mut late = Delay::after(&reactor, 0, Duration::from_secs(1));
    assert!(matches!(poll_once(&mut late, &waker), Poll::Ready(Err(ReactorError::Closed))));
    assert_eq!(reactor.next_deadline(0), None);
}

#[test]
fn dropping_the_reactor_closes_it() {
    let (_clock, reactor) = manual(1);
    let (counter, waker) = Counter::new();
    let mut delay = Delay::after(&reactor, 0, Duration::from_secs(1));
    assert!(poll_once(&mut delay, &waker).is_pending());
    drop(reactor);
    assert_eq!(counter.count(), 1);
    assert!(matches!(poll_once(&mut delay, &waker), Poll::Ready(Err(ReactorError::Closed))));
}

#[test]
fn a_parked_thread_wakes_for_its_timers_and_never_early() {
    let reactor = Arc::new(Reactor::new(1).expect("a reactor"));
    for micros in [1, 50, 333, 1_000, 2_500, 20_000] {
        let delay = Duration::from_micros(micros);
        let start = Instant::now();
        block_on(&reactor, 0, Delay::after(&reactor, 0, delay)).expect("it is open");
        assert!(start.elapsed() >= delay, "{micros} µs were early");
    }
}

#[test]
fn a_timer_set_by_another_thread_ends_the_park_of_one_that_would_sleep_longer() {
    let reactor = Arc::new(Reactor::new(1).expect("a reactor"));
    let far = reactor.deadline_after(Duration::from_secs(3600));
    reactor.set_timer(0, far, Waker::noop().clone()).expect("it is open");
    let (done, is_done) = std::sync::mpsc::channel();
    for round in 1..=50 {
        let parker = std::thread::spawn({
            let (reactor, done) = (Arc::clone(&reactor), done.clone());
            move || {
                // Until the new timer has fired.
                while reactor.stats(0).timers_fired < round {
                    reactor.park(0);
                }
                done.send(()).expect("the test listens");
            }
        });
        // In most rounds the thread is blocked by now; all must work.
        while reactor.stats(0).parks < round {
            std::thread::yield_now();
        }
        let near = reactor.deadline_after(Duration::from_micros(200));
        reactor.set_timer(0, near, Waker::noop().clone()).expect("it is open");
        is_done.recv_timeout(HUNG).expect("the parked thread was woken in time");
        parker.join().expect("parking does not panic");
    }
}
