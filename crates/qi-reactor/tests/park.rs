//! Parking and unparking threads.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;

use qi_reactor::{Reactor, ReactorError};
use support::HUNG;

#[test]
fn a_number_of_shards_out_of_range_is_an_error_that_says_so() {
    for given in [0, 1025] {
        match Reactor::new(given) {
            Err(error @ ReactorError::ShardsOutOfRange { .. }) => {
                assert_eq!(error.to_string(), format!("shards is {given}, accepted is 1 to 1024"));
            }
            other => panic!("{given} shards gave {other:?}"),
        }
    }
    let built = Reactor::builder().events_per_turn(0).build();
    assert!(matches!(built, Err(ReactorError::EventsPerTurnOutOfRange { given: 0, .. })));
}

#[test]
fn an_unpark_makes_the_next_park_return_at_once_without_a_system_call() {
    let reactor = Reactor::new(1).expect("a reactor");
    for _ in 0..1000 {
        reactor.unpark(0);
        reactor.unpark(0);
        reactor.park(0);
    }
    let stats = reactor.stats(0);
    assert_eq!((stats.turns, stats.kicks, stats.parks), (0, 0, 0));
}

#[test]
fn turning_a_shard_without_sources_makes_no_system_call() {
    let reactor = Reactor::new(1).expect("a reactor");
    for _ in 0..1000 {
        assert_eq!(reactor.try_turn(0), Some(false));
    }
    assert_eq!(reactor.stats(0).turns, 0);
    assert!(!reactor.has_sources(0));
}

#[test]
fn a_hundred_thousand_handshakes_lose_no_unpark() {
    const ROUNDS: usize = 100_000;
    let reactor = Arc::new(Reactor::new(2).expect("a reactor"));
    let ball = Arc::new(AtomicUsize::new(0));
    let player = |side: usize| {
        let (reactor, ball) = (Arc::clone(&reactor), Arc::clone(&ball));
        move || {
            for round in 0..ROUNDS {
                let mine = 2 * round + side;
                // Relaxed: the park word makes it visible, and this test would hang if it did not.
                while ball.load(Ordering::Relaxed) != mine {
                    reactor.park(side);
                }
                ball.store(mine + 1, Ordering::Relaxed);
                reactor.unpark(1 - side);
            }
        }
    };
    let (done, is_done) = channel();
    for side in 0..2 {
        let (play, done) = (player(side), done.clone());
        thread::spawn(move || {
            play();
            done.send(()).expect("the test listens");
        });
    }
    for _ in 0..2 {
        is_done.recv_timeout(2 * HUNG).expect("no handshake hangs");
    }
    assert_eq!(ball.load(Ordering::Relaxed), 2 * ROUNDS);
}

#[test]
fn several_threads_parked_on_one_shard_all_get_out() {
    let reactor = Arc::new(Reactor::new(1).expect("a reactor"));
    let (done, is_done) = channel();
    for _ in 0..4 {
        let (reactor, done) = (Arc::clone(&reactor), done.clone());
        thread::spawn(move || {
            reactor.park(0);
            done.send(()).expect("the test listens");
        });
    }
    for _ in 0..4 {
        reactor.unpark(0);
        // One unpark lets at least one out, also if it came before anybody was in.
        is_done.recv_timeout(HUNG).expect("an unpark lets somebody out");
    }
}

#[test]
fn a_shard_that_another_thread_is_parked_in_is_not_waited_for() {
    let reactor = Arc::new(Reactor::new(1).expect("a reactor"));
    let mut listener =
        mio::net::TcpListener::bind("127.0.0.1:0".parse().expect("an address")).expect("a port");
    let _registration = reactor
        .register(0, &mut listener, qi_reactor::Interest::READABLE)
        .expect("the listener can be watched");
    let parker = thread::spawn({
        let reactor = Arc::clone(&reactor);
        move || reactor.park(0)
    });
    // It takes the lock before it counts the park, and keeps it while it is parked.
    while reactor.stats(0).parks == 0 {
        thread::yield_now();
    }
    assert_eq!(reactor.try_turn(0), None);
    reactor.unpark(0);
    parker.join().expect("parking does not panic");
    assert_eq!(reactor.try_turn(0), Some(false));
}

#[test]
fn closing_unparks_and_parking_works_afterwards() {
    let reactor = Arc::new(Reactor::new(2).expect("a reactor"));
    let parker = thread::spawn({
        let reactor = Arc::clone(&reactor);
        move || reactor.park(1)
    });
    reactor.close();
    parker.join().expect("parking does not panic");
    reactor.unpark(0);
    reactor.park(0);
}
