//! A clock that is paused, moved, and jumps when nothing can go on.

use crate::support::{Event, Seeded, until, watched};
use futures_util::Stream;
use futures_util::io::{AsyncReadExt, AsyncWriteExt};
use qi_runtime::net::{TcpListener, TcpStream};
use qi_runtime::task::{JoinSet, Stopped, spawn_bound, until_stopped, with_deadline, within};
use qi_runtime::time::{
    self, Duration, Instant, MissedTicks, TestClock, interval, sleep, sleep_until, timeout,
};
use qi_runtime::{AsyncRuntime, TaskStatus, select};
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::task::Poll;

const HOUR: Duration = Duration::from_secs(3600);

/// Runs a test with a paused clock, on one worker and on four.
fn paused(test: impl AsyncFn(TestClock) + Clone + Send + 'static) {
    for workers in [1, 4] {
        let test = test.clone();
        watched(move || {
            let clock = TestClock::paused();
            let builder = AsyncRuntime::builder().worker_threads(workers).test_clock(&clock);
            let runtime = builder.build().expect("in range");
            runtime.block_on(test(clock));
            runtime.shutdown().expect("nothing is stuck");
        });
    }
}

#[test]
fn hours_pass_in_no_time_and_to_the_nanosecond() {
    paused(async |clock| {
        let begun = Instant::now();
        for round in 1..=100 {
            sleep(HOUR).await;
            assert_eq!(begun.elapsed(), HOUR * round);
        }
        qi_runtime::spawn(sleep(HOUR)).await.expect("it ends");
        assert_eq!(begun.elapsed(), HOUR * 101);
        assert_eq!(clock.now(), Instant::now());
    });
}

#[test]
fn time_never_jumps_while_anything_can_go_on() {
    // Each task finds the clock at its own deadline exactly: had it jumped too early, it were later.
    paused(async |_clock| {
        let mut random = Seeded::new("time_never_jumps_while_anything_can_go_on");
        let mut set = JoinSet::new();
        for _ in 0..300 {
            let deadline = Instant::now() + Duration::from_nanos(random.below(1 << 40));
            let (yields, next) = (random.below(5), Duration::from_nanos(1 + random.below(1 << 40)));
            set.spawn(async move {
                sleep_until(deadline).await;
                for _ in 0..yields {
                    qi_runtime::yield_now().await;
                    assert_eq!(Instant::now(), deadline);
                }
                let child = qi_runtime::spawn(async move {
                    let begun = Instant::now();
                    sleep(next).await;
                    (begun, Instant::now())
                });
                let (begun, ended) = child.await.expect("it ends");
                assert_eq!((begun, ended), (deadline, deadline + next));
            });
        }
        for ended in set.join_all().await {
            ended.expect("no assertion failed");
        }
    });
}

#[test]
fn a_clock_that_does_not_jump_is_moved_by_hand() {
    paused(async |clock| {
        clock.set_auto_advance(false);
        let ended = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (1..=3)
            .map(|hours| {
                let ended = ended.clone();
                qi_runtime::spawn(async move {
                    sleep(HOUR * hours).await;
                    ended.fetch_add(1, SeqCst);
                })
            })
            .collect();
        while tasks.iter().any(|task| task.status() != TaskStatus::Waiting) {
            qi_runtime::yield_now().await;
        }
        for (moved, expected) in [(HOUR / 2, 0), (HOUR / 2, 1), (HOUR - Duration::from_nanos(1), 1)]
        {
            time::advance(moved).await;
            while ended.load(SeqCst) < expected {
                qi_runtime::yield_now().await;
            }
            assert_eq!(ended.load(SeqCst), expected);
        }
        time::advance(Duration::from_nanos(1) + HOUR * 5).await;
        for task in tasks {
            task.await.expect("it ends");
        }
    });
}

#[test]
fn a_running_clock_that_is_moved_ends_sleeps_of_parked_workers() {
    for workers in [1, 4] {
        watched(move || {
            let clock = TestClock::new();
            let builder = AsyncRuntime::builder().worker_threads(workers).test_clock(&clock);
            let runtime = builder.build().expect("in range");
            let task = runtime.spawn(async { sleep(HOUR).await });
            until(|| task.status() == TaskStatus::Waiting);
            clock.advance(HOUR - Duration::from_millis(5));
            // The rest it sleeps for itself, though its alarm was set for an hour.
            runtime.block_on(task).expect("it ends");
        });
    }
}

#[test]
fn a_clock_that_was_paused_runs_on_from_where_it_stood() {
    paused(async |clock| {
        let begun = Instant::now();
        sleep(HOUR).await;
        assert!(clock.is_paused());
        time::resume();
        assert!(!clock.is_paused());
        let real = std::time::Instant::now();
        sleep(Duration::from_millis(3)).await;
        assert!(real.elapsed() >= Duration::from_millis(3));
        assert!(begun.elapsed() >= HOUR + Duration::from_millis(3));
        time::pause();
        let stands = Instant::now();
        qi_runtime::yield_now().await;
        assert_eq!(Instant::now(), stands);
        time::resume();
    });
}

#[test]
fn a_time_limit_does_not_pass_while_the_answer_is_in_the_socket() {
    paused(async |_clock| {
        let begun = Instant::now();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it is bound");
        let server = qi_runtime::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a client");
            let mut byte = [0];
            while stream.read(&mut byte).await.expect("a live socket") > 0 {
                stream.write_all(&byte).await.expect("a live socket");
            }
        });
        let limit = Duration::from_secs(1);
        let connecting = timeout(limit, TcpStream::connect(address));
        let mut stream = connecting.await.expect("in time").expect("it listens");
        for number in 0..200_u8 {
            stream.write_all(&[number]).await.expect("a live socket");
            let mut byte = [0];
            while timeout(limit, stream.read(&mut byte)).await.is_err() {}
            assert_eq!(byte, [number]);
        }
        drop(stream);
        server.await.expect("it ends");
        // The kernel of a busy machine may take longer than the clock waits for it. Not often.
        assert!(begun.elapsed() < limit * 20, "limits passed: {:?}", begun.elapsed());
    });
}

#[test]
fn a_blocking_call_keeps_the_clock_from_jumping() {
    paused(async |_clock| {
        let call = qi_runtime::spawn_blocking(|| {
            let real = std::time::Instant::now();
            until(|| real.elapsed() >= Duration::from_millis(5));
        });
        timeout(HOUR, call).await.expect("the hour has not passed").expect("it ends");
    });
}

#[test]
fn time_does_not_run_while_nobody_waits_for_it() {
    watched(|| {
        let clock = TestClock::paused();
        let builder = AsyncRuntime::builder().worker_threads(2).test_clock(&clock);
        let runtime = builder.build().expect("in range");
        let begun = clock.now();
        let task = runtime.spawn(async { sleep(HOUR).await });
        until(|| task.status() == TaskStatus::Waiting);
        assert_eq!(clock.now(), begun);
        runtime.block_on(task).expect("it ends");
        assert_eq!(clock.now() - begun, HOUR);
    });
}

#[test]
fn blocks_inside_of_tasks_sleep_in_no_time_too() {
    paused(async |_clock| {
        let begun = Instant::now();
        let handle = qi_runtime::Handle::current();
        let task = qi_runtime::spawn(async move {
            let pinned = qi_runtime::spawn_local(sleep(HOUR)).expect("on a worker");
            handle.block_on(async { sleep(HOUR * 2).await });
            pinned.await.expect("it ended meanwhile");
        });
        task.await.expect("it ends");
        assert_eq!(begun.elapsed(), HOUR * 2);
    });
}

#[test]
fn intervals_and_limits_follow_the_clock() {
    paused(async |_clock| {
        let begun = Instant::now();
        let mut ticks = interval(HOUR);
        for number in 0..10 {
            assert_eq!(ticks.tick().await - begun, HOUR * number);
        }
        time::advance(HOUR * 5 / 2).await;
        ticks.set_missed_ticks(MissedTicks::Skip);
        assert_eq!(ticks.missed_ticks(), MissedTicks::Skip);
        assert_eq!(ticks.tick().await - begun, HOUR * 10);
        assert_eq!(ticks.tick().await - begun, HOUR * 12);
        ticks.set_missed_ticks(MissedTicks::Delay);
        time::advance(HOUR * 5 / 2).await;
        assert_eq!(ticks.tick().await - begun, HOUR * 13);
        assert_eq!(ticks.tick().await - begun, HOUR * 31 / 2);
        ticks.reset_immediately();
        assert_eq!(ticks.tick().await - begun, HOUR * 31 / 2);
        ticks.reset_after(HOUR / 2);
        assert_eq!(ticks.tick().await - begun, HOUR * 16);
        ticks.reset_at(begun + HOUR * 20);
        assert_eq!(ticks.tick().await - begun, HOUR * 20);
        ticks.reset();
        assert_eq!(ticks.tick().await - begun, HOUR * 21);
        assert!(timeout(HOUR, pending::<()>()).await.is_err());
        assert_eq!(begun.elapsed(), HOUR * 22);
        let won = select! {
            () = sleep(HOUR * 2) => "later",
            () = sleep(HOUR) => "sooner",
        };
        assert_eq!(won, "sooner");
    });
}

#[test]
fn deadlines_are_inherited_and_obeyed() {
    paused(async |_clock| {
        let begun = Instant::now();
        let result = with_deadline(begun + HOUR, async {
            assert_eq!(time::remaining(), Some(HOUR));
            let child = spawn_bound(pending::<()>());
            let inner = within(HOUR * 2, async { time::deadline() }).await;
            assert_eq!(inner, Ok(Some(begun + HOUR)), "the earlier one counts");
            let shorter = within(HOUR / 2, pending::<()>()).await;
            assert_eq!((shorter, begun.elapsed()), (Err(Stopped::DeadlinePassed), HOUR / 2));
            child.await.expect("it ends")
        });
        // Both pass at the same moment; which is polled first does not matter.
        assert!(matches!(
            result.await,
            Err(Stopped::DeadlinePassed) | Ok(Err(Stopped::DeadlinePassed))
        ));
        assert_eq!(begun.elapsed(), HOUR);
        assert_eq!((time::deadline(), time::remaining()), (None, None));
        assert_eq!(until_stopped(async { 5 }).await, Ok(5));
        // In the past, and for ever.
        assert_eq!(with_deadline(begun, pending::<()>()).await, Err(Stopped::DeadlinePassed));
        assert_eq!(with_deadline(begun, async { 5 }).await, Ok(5), "a result that is there wins");
        assert_eq!(within(Duration::MAX, async { sleep(HOUR).await }).await, Ok(()));
    });
}

#[test]
fn the_longest_moves_end_where_the_clock_does() {
    paused(async |clock| {
        let begun = Instant::now();
        let forever = qi_runtime::spawn(sleep(Duration::MAX));
        time::advance(Duration::MAX).await;
        let last = Instant::now();
        assert!(last > begun + Duration::from_secs(29 * 365 * 86_400));
        time::advance(Duration::MAX).await;
        assert_eq!((Instant::now(), clock.now()), (last, last));
        assert_eq!(begun.saturating_duration_since(last), Duration::ZERO);
        assert!(last.checked_duration_since(begun).is_some());
        assert_eq!(begun.checked_duration_since(last), None);
        assert!(last.saturating_add(Duration::MAX) > last);
        assert_eq!(last.checked_add(Duration::MAX), None);
        sleep_until(begun).await;
        forever.cancel().expect("it sleeps");
    });
}

#[test]
fn one_clock_for_two_runtimes_moves_by_hand_only() {
    watched(|| {
        let clock = TestClock::paused();
        let build = || AsyncRuntime::builder().worker_threads(1).test_clock(&clock).build();
        let (first, second) = (build().expect("in range"), build().expect("in range"));
        let event = Event::new();
        let tasks = [&first, &second].map(|runtime| runtime.spawn(async { sleep(HOUR).await }));
        until(|| tasks.iter().all(|task| task.status() == TaskStatus::Waiting));
        let moved = event.clone();
        let mover = {
            let clock = clock.clone();
            std::thread::spawn(move || {
                until(|| moved.waiting() == 1);
                clock.advance(HOUR);
                moved.set();
            })
        };
        first.block_on(event.clone());
        for (runtime, task) in [&first, &second].into_iter().zip(tasks) {
            runtime.block_on(task).expect("it ends");
        }
        mover.join().expect("it ends");
    });
}

#[test]
fn without_a_test_clock_time_cannot_be_paused() {
    watched(|| {
        let runtime = AsyncRuntime::builder().worker_threads(1).build().expect("in range");
        let refused = runtime.block_on(async { catch_unwind(AssertUnwindSafe(time::pause)) });
        let payload = refused.expect_err("there is nothing to pause");
        let said = payload.downcast_ref::<&str>().copied().unwrap_or_default();
        assert!(said.contains("without a test clock"), "{said}");
        assert!(catch_unwind(time::resume).is_err(), "no runtime at all");
    });
}

#[test]
fn moments_convert_to_those_of_the_standard_library_and_compare() {
    let std_now = std::time::Instant::now();
    let moment = Instant::from(std_now);
    assert_eq!(moment, std_now);
    assert_eq!(std_now, moment);
    assert_eq!(moment.into_std(), std_now);
    assert!(moment + HOUR > std_now);
    assert!(std_now < moment + HOUR);
    let mut moved = moment;
    moved += HOUR;
    moved -= HOUR / 2;
    assert_eq!((moved - moment, moment - moved), (HOUR / 2, Duration::ZERO));
    assert_eq!(moved - HOUR / 2, moment);
    assert_eq!(moment.checked_sub(Duration::MAX), None);
    assert_eq!(format!("{moment:?}"), format!("{std_now:?}"));
}

#[test]
fn a_worker_that_polls_for_ever_does_not_stop_the_sockets_of_a_paused_runtime() {
    paused(async |_clock| {
        let done = Arc::new(AtomicBool::new(false));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it is bound");
        let seen = done.clone();
        let busy = qi_runtime::spawn(async move {
            while !seen.load(SeqCst) {
                qi_runtime::yield_now().await;
            }
        });
        let accepting = qi_runtime::spawn(async move { listener.accept().await.is_ok() });
        let _stream = TcpStream::connect(address).await.expect("it listens");
        assert!(accepting.await.expect("it ends"));
        done.store(true, SeqCst);
        busy.await.expect("it ends");
    });
}

#[test]
fn the_longest_period_ticks_once_and_never_again() {
    paused(async |_clock| {
        let mut ticks = interval(Duration::MAX);
        ticks.tick().await;
        assert!(timeout(HOUR * 1_000, ticks.tick()).await.is_err());
    });
}

#[test]
fn an_interval_is_a_stream_that_is_woken_once_per_tick() {
    paused(async |_clock| {
        let mut ticks = std::pin::pin!(interval(HOUR));
        let mut polls = 0;
        let mut seen = 0;
        let ended = std::future::poll_fn(|cx| {
            polls += 1;
            while let Poll::Ready(Some(_due)) = ticks.as_mut().poll_next(cx) {
                seen += 1;
            }
            if seen < 5 { Poll::Pending } else { Poll::Ready(()) }
        });
        ended.await;
        assert_eq!((seen, polls), (5, 5));
    });
}
