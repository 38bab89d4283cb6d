//! Memory of tasks: recycled, given back when idle, whatever the size and alignment of a future.
#![forbid(unsafe_code)]

use crate::support::{Drops, Event, on, on_one_and_four, until, watched};
use qi_sched::{Scheduler, coop};
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

fn chunks(scheduler: &Scheduler) -> usize {
    scheduler.stats().memory_chunks
}

#[test]
fn blocks_are_used_again() {
    on_one_and_four(|scheduler| {
        scheduler.block_on(scheduler.spawn(async {})).unwrap();
        let few = 16 + 4 * scheduler.stats().worker_threads;
        for n in 0..20_000_u64 {
            assert_eq!(scheduler.block_on(scheduler.spawn(async move { n })).unwrap(), n);
        }
        // Spawned outside and freed on workers, and the other way round: neither side hoards.
        assert!(chunks(scheduler) <= few, "{} chunks", chunks(scheduler));
        let inside = scheduler.spawn(async {
            for n in 0..20_000_u64 {
                assert_eq!(qi_sched::spawn(async move { n }).await.unwrap(), n);
            }
        });
        scheduler.block_on(inside).unwrap();
        assert!(chunks(scheduler) <= few, "{} chunks", chunks(scheduler));
    });
}

#[test]
fn memory_goes_back_when_the_runtime_is_idle() {
    on_one_and_four(|scheduler| {
        let (wakers, drops) = (Arc::new(Mutex::new(Vec::new())), Drops::default());
        for _ in 0..60_000 {
            let (wakers, probe) = (wakers.clone(), drops.probe());
            drop(scheduler.spawn(async move {
                let _probe = probe;
                let mut first = true;
                poll_fn(|cx| {
                    if std::mem::take(&mut first) {
                        wakers.lock().unwrap().push(cx.waker().clone());
                        return Poll::Pending;
                    }
                    Poll::Ready(())
                })
                .await;
            }));
        }
        until(|| wakers.lock().unwrap().len() == 60_000);
        let most = chunks(scheduler);
        assert!(most > 60_000 * 64 / (64 * 1024), "{most} chunks");
        let wakers = std::mem::take(&mut *wakers.lock().unwrap());
        wakers.into_iter().for_each(Waker::wake);
        until(|| drops.count() == 60_000);
        // A megabyte is not worth waking the workers for, which keep free blocks at hand.
        until(|| chunks(scheduler) < 16);
    });
}

/// Keeps `BYTES` bytes across a suspension.
async fn keeps<const BYTES: usize>(fill: u8) -> usize {
    let content = [fill; BYTES];
    coop::yield_now().await;
    content.iter().filter(|byte| **byte == fill).count()
}

fn check_size<const BYTES: usize>(scheduler: &Scheduler) {
    for fill in 0..20 {
        assert_eq!(scheduler.block_on(scheduler.spawn(keeps::<BYTES>(fill))).unwrap(), BYTES);
    }
}

#[test]
fn futures_of_all_sizes_keep_their_content() {
    on_one_and_four(|scheduler| {
        for check in [
            check_size::<1>,
            check_size::<15>,
            check_size::<17>,
            check_size::<64>,
            check_size::<500>,
            check_size::<1900>,
            check_size::<2048>,
            check_size::<2100>,
            check_size::<5000>,
            check_size::<10_000>,
            check_size::<16_300>,
            check_size::<16_500>,
            check_size::<65_000>,
            check_size::<65_536>,
            check_size::<102_400>,
        ] {
            check(scheduler);
        }
    });
}

#[test]
fn a_large_output_of_a_small_future_has_room() {
    on_one_and_four(|scheduler| {
        for fill in 0..50_u8 {
            let task = scheduler.spawn(async move { [fill; 5000] });
            assert_eq!(scheduler.block_on(task).unwrap(), [fill; 5000]);
        }
    });
}

#[test]
fn large_futures_give_their_memory_back_at_once() {
    on(Scheduler::builder().worker_threads(2), |scheduler| {
        scheduler.block_on(scheduler.spawn(keeps::<100>(1))).unwrap();
        let before = chunks(scheduler);
        let tasks: Vec<_> = (0..50).map(|_| scheduler.spawn(keeps::<100_000>(1))).collect();
        assert!(chunks(scheduler) > before);
        for task in tasks {
            scheduler.block_on(task).unwrap();
        }
        until(|| chunks(scheduler) <= before + 2);
    });
}

macro_rules! aligned {
    ($name:ident, $align:literal) => {
        #[repr(align($align))]
        struct $name(u8);

        impl $name {
            async fn stays_aligned() -> bool {
                let kept = $name(7);
                let before = (&raw const kept).addr();
                coop::yield_now().await;
                let after = (&raw const kept).addr();
                before % $align == 0 && before == after && kept.0 == 7
            }
        }
    };
}

aligned!(Align32, 32);
aligned!(Align64, 64);
aligned!(Align128, 128);
aligned!(Align4096, 4096);
aligned!(Align32768, 32_768);

#[test]
fn over_aligned_futures_are_aligned_and_stay_where_they_are() {
    on_one_and_four(|scheduler| {
        for _ in 0..20 {
            assert!(scheduler.block_on(scheduler.spawn(Align32::stays_aligned())).unwrap());
            assert!(scheduler.block_on(scheduler.spawn(Align64::stays_aligned())).unwrap());
            assert!(scheduler.block_on(scheduler.spawn(Align128::stays_aligned())).unwrap());
            assert!(scheduler.block_on(scheduler.spawn(Align4096::stays_aligned())).unwrap());
            assert!(scheduler.block_on(scheduler.spawn(Align32768::stays_aligned())).unwrap());
        }
    });
}

#[test]
fn wakers_kept_by_others_keep_their_blocks_beyond_the_end() {
    watched(|| {
        let wakers: Vec<Waker> = {
            let scheduler = Scheduler::builder().worker_threads(2).build().unwrap();
            let event = Event::default();
            let mut tasks = Vec::new();
            for _ in 0..2_000 {
                let waited_for = event.clone();
                tasks.push(scheduler.spawn(async move { waited_for.wait().await }));
                let large = event.clone();
                if tasks.len() % 100 == 0 {
                    tasks.push(scheduler.spawn(async move {
                        let content = [1_u8; 100_000];
                        large.wait().await;
                        assert!(content.iter().all(|byte| *byte == 1));
                    }));
                }
            }
            until(|| event.waiting() == tasks.len());
            scheduler.shutdown().unwrap();
            drop(tasks);
            event.take_wakers()
        };
        for (n, waker) in wakers.into_iter().enumerate() {
            match n % 3 {
                0 => waker.wake(),
                1 => waker.wake_by_ref(),
                _ => drop(waker.clone()),
            }
        }
    });
}

#[test]
fn handles_kept_beyond_the_end_still_answer() {
    watched(|| {
        let (first, second, watch) = {
            let scheduler = Scheduler::builder().worker_threads(1).build().unwrap();
            let first = scheduler.handle().task().name("kept").spawn(async { vec![1, 2, 3] });
            until(|| first.is_finished());
            let second = scheduler.spawn(std::future::pending::<()>());
            let watch = second.abort_handle();
            (first, second, watch)
        };
        assert_eq!(first.name(), Some("kept"));
        let other = Scheduler::builder().worker_threads(1).build().unwrap();
        assert_eq!(other.block_on(first).unwrap(), [1, 2, 3]);
        assert!(other.block_on(second.join()).unwrap_err().is_cancelled());
        assert!(watch.cancel().is_err());
    });
}
