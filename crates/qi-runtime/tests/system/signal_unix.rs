//! Signals as streams. Every test has a signal of its own, because all listeners of the process hear it.
#![allow(
    clippy::await_holding_refcell_ref,
    reason = "the harness looks at the world when the future is gone"
)]

use crate::support::{on_1_and_4_workers, runtime, watched};
use futures_util::StreamExt;
use nix::sys::signal::{Signal as Number, raise};
use qi_runtime::signal::unix::{SignalKind, signal};
use qi_runtime::signal::{self, ctrl_c};
use qi_test_kit::{DropAtEveryPoll, WakeCount, poll_once};
use std::cell::RefCell;
use std::io::ErrorKind;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Context;

fn kind(number: Number) -> SignalKind {
    SignalKind::from_raw(number as i32)
}

#[test]
fn a_signal_is_received_each_time_it_comes() {
    on_1_and_4_workers(|| async {
        let mut signals = signal(SignalKind::user_defined1()).expect("it can be handled");
        for _ in 0..10 {
            raise(Number::SIGUSR1).expect("it can be raised");
            assert_eq!(signals.recv().await, Some(()));
            assert!(poll_once(pin!(signals.recv())).is_pending(), "it came once");
        }
    });
}

#[test]
fn several_in_succession_become_one_and_none_is_forgotten() {
    on_1_and_4_workers(|| async {
        let mut signals = signal(SignalKind::window_change()).expect("it can be handled");
        for _ in 0..1000 {
            raise(Number::SIGWINCH).expect("it can be raised");
        }
        assert_eq!(signals.next().await, Some(()));
        assert!(poll_once(pin!(signals.recv())).is_pending());
        raise(Number::SIGWINCH).expect("it can be raised");
        assert_eq!(signals.next().await, Some(()));
    });
}

/// I72.
#[test]
fn every_listener_hears_every_signal_wherever_it_waits() {
    watched(|| {
        let (first, second) = (runtime(2), runtime(1));
        for round in 0..20 {
            let listen = || signal(SignalKind::user_defined2()).expect("it can be handled");
            let mut waiting = Vec::new();
            for runtime in [&first, &first, &first, &second, &second] {
                let mut signals = runtime.handle().enter(listen);
                waiting.push(runtime.spawn(async move {
                    signals.recv().await.expect("the runtime runs");
                    signals
                }));
            }
            raise(Number::SIGUSR2).expect("it can be raised");
            for task in waiting {
                let mut signals = first.block_on(task.join()).expect("it does not panic");
                assert!(poll_once(pin!(signals.recv())).is_pending(), "once, in round {round}");
            }
        }
        let sources = first.stats().io_sources() + second.stats().io_sources();
        assert_eq!(sources, 0, "nobody listens any more");
    });
}

#[test]
fn a_listener_that_comes_late_hears_nothing_of_before() {
    on_1_and_4_workers(|| async {
        let mut early = signal(kind(Number::SIGCONT)).expect("it can be handled");
        raise(Number::SIGCONT).expect("it can be raised");
        let mut late = signal(kind(Number::SIGCONT)).expect("it can be handled");
        assert!(poll_once(pin!(late.recv())).is_pending());
        assert_eq!(early.recv().await, Some(()), "it was not taken from the other");
        raise(Number::SIGCONT).expect("it can be raised");
        assert_eq!(late.recv().await, Some(()));
    });
}

#[test]
fn listeners_come_and_go_and_the_process_stays() {
    on_1_and_4_workers(|| async {
        for _ in 0..10 {
            drop(signal(SignalKind::hangup()).expect("it can be handled"));
        }
        raise(Number::SIGHUP).expect("it is handled, though nobody listens");
        let mut signals = signal(SignalKind::hangup()).expect("it can be handled");
        raise(Number::SIGHUP).expect("it can be raised");
        assert_eq!(signals.recv().await, Some(()));
    });
}

/// Ctrl-C is one signal for all tests that press it or listen for it.
static CTRL_C: Mutex<()> = Mutex::new(());

fn my_turn() -> MutexGuard<'static, ()> {
    CTRL_C.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn ctrl_c_is_heard_from_the_call_on() {
    let _turn = my_turn();
    on_1_and_4_workers(|| async {
        let pressed = ctrl_c();
        raise(Number::SIGINT).expect("it can be raised");
        pressed.await.expect("it can be handled");
        let mut again = pin!(ctrl_c());
        assert!(poll_once(again.as_mut()).is_pending());
        raise(Number::SIGINT).expect("it can be raised");
        again.await.expect("it can be handled");
    });
}

#[test]
fn signals_that_nobody_may_handle_are_refused() {
    watched(|| {
        let runtime = runtime(1);
        runtime.handle().enter(|| {
            for number in [Number::SIGKILL, Number::SIGSTOP, Number::SIGSEGV, Number::SIGILL] {
                assert!(!kind(number).can_be_handled());
                let error = signal(kind(number)).expect_err("it cannot be handled");
                assert_eq!(error.kind(), ErrorKind::InvalidInput);
            }
            signal(SignalKind::from_raw(12345)).expect_err("there is none");
        });
    });
}

#[test]
fn a_listener_without_a_runtime_is_an_error() {
    let error = signal(SignalKind::hangup()).expect_err("there is no runtime");
    assert!(error.to_string().contains("runtime"), "{error}");
    let refused = qi_test_kit::assert_ready!(pin!(ctrl_c()));
    refused.expect_err("there is no runtime");
}

#[test]
fn listeners_end_with_their_runtime() {
    let _turn = my_turn();
    watched(|| {
        let (first, second) = (runtime(1), runtime(1));
        let mut signals = first.handle().enter(|| signal(SignalKind::alarm()).expect("it can be"));
        let pressed = first.handle().enter(signal::ctrl_c);
        first.shutdown().expect("nothing is left behind");
        assert_eq!(second.block_on(signals.recv()), None);
        second.block_on(pressed).expect_err("nobody hears it");
    });
}

#[test]
fn a_ctrl_c_dropped_at_every_poll_ends_nobody_and_is_forgotten() {
    let _turn = my_turn();
    watched(|| {
        let runtime = runtime(1);
        let listen = |kind| signal(kind).expect("it can be handled");
        runtime.handle().enter(|| {
            let summary = DropAtEveryPoll::new(|| RefCell::new(Some(ctrl_c())))
                .steps(1, |_, _| {
                    // Nobody else's, in this program.
                    let mut witness = listen(kind(Number::SIGIO));
                    let woken = WakeCount::new();
                    let waker = woken.waker();
                    assert!(witness.poll_recv(&mut Context::from_waker(&waker)).is_pending());
                    raise(Number::SIGINT).expect("it is handled");
                    raise(Number::SIGIO).expect("it is handled");
                    while !woken.is_woken() {
                        std::thread::yield_now();
                    }
                })
                .run(
                    |pressed| Box::pin(pressed.take().expect("it was made a moment ago")),
                    |_, run| {
                        run.output.unwrap_or(Ok(())).expect("it can be handled");
                        let next = poll_once(pin!(ctrl_c()));
                        assert!(next.is_pending(), "one that is past is nobody's");
                    },
                );
            assert!(summary.most_polls > 1, "it has waited: {summary:?}");
        });
        runtime.shutdown().expect("nothing is left behind");
    });
}

#[test]
fn a_recv_dropped_at_every_poll_loses_no_signal() {
    watched(|| {
        // One event queue: when a witness is woken by a later event, so was whoever waited for this one.
        let runtime = runtime(1);
        let handle = runtime.handle();
        let listen = |kind| handle.enter(|| signal(kind).expect("it can be handled"));
        let summary = DropAtEveryPoll::new(|| RefCell::new(listen(SignalKind::pipe())))
            .steps(2, |_, _| {
                let mut witness = listen(kind(Number::SIGURG));
                let woken = WakeCount::new();
                assert!(witness.poll_recv(&mut Context::from_waker(&woken.waker())).is_pending());
                raise(Number::SIGPIPE).expect("it can be raised");
                raise(Number::SIGURG).expect("it can be raised");
                while !woken.is_woken() {
                    std::thread::yield_now();
                }
            })
            .run(
                |signals| {
                    Box::pin(async {
                        let mut signals = signals.borrow_mut();
                        signals.recv().await
                    })
                },
                |signals, run| {
                    let mut signals = signals.borrow_mut();
                    let left = poll_once(pin!(signals.recv())).is_ready();
                    // Raised twice, at different times: told by the run, or there to be told.
                    assert!(left || run.is_complete() && run.steps == 2, "{run:?}: {left}");
                },
            );
        assert!(summary.dropped > 0);
    });
}
