//! Semaphores: who gets permits, in which order, and what becomes of them.
#![forbid(unsafe_code)]

use crate::support::on_one_and_two;
use qi_sync::{Semaphore, TryAcquireError};
use qi_test_kit::{WakeCount, assert_pending, assert_ready, poll_with};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

#[test]
fn without_permits_none_can_be_taken() {
    let semaphore = Semaphore::new(0);
    assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::NoPermits);
    assert_eq!(semaphore.try_acquire_many(2).unwrap_err(), TryAcquireError::NoPermits);
    assert_pending!(pin!(semaphore.acquire()));
    assert_eq!(semaphore.available_permits(), 0);
}

#[test]
fn a_permit_is_taken_and_comes_back_with_its_drop() {
    let semaphore = Semaphore::new(1);
    let permit = semaphore.try_acquire().unwrap();
    assert!(semaphore.try_acquire().is_err());
    drop(permit);
    let permit = assert_ready!(pin!(semaphore.acquire())).unwrap();
    assert_eq!(permit.num_permits(), 1);
    assert_eq!(semaphore.available_permits(), 0);
    drop(permit);
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn many_permits_are_taken_together_or_not_at_all() {
    let semaphore = Arc::new(Semaphore::new(5));
    let three = semaphore.clone().try_acquire_many_owned(3).unwrap();
    let refused = semaphore.clone().try_acquire_many_owned(3).unwrap_err();
    assert_eq!(refused, TryAcquireError::NoPermits);
    assert_eq!(semaphore.available_permits(), 2);
    let mut two = pin!(semaphore.acquire_many(2));
    let two = assert_ready!(two.as_mut()).unwrap();
    assert_eq!((two.num_permits(), semaphore.available_permits()), (2, 0));
    drop((two, three));
    assert_eq!(semaphore.available_permits(), 5);
}

#[test]
fn no_permits_at_all_are_had_at_once_but_from_a_closed_semaphore() {
    let semaphore = Semaphore::new(0);
    let mut waiter = Box::pin(semaphore.acquire());
    assert_pending!(waiter.as_mut());
    assert_eq!(semaphore.try_acquire_many(0).unwrap().num_permits(), 0);
    assert!(assert_ready!(pin!(semaphore.acquire_many(0))).is_ok());
    semaphore.close();
    assert_eq!(semaphore.try_acquire_many(0).unwrap_err(), TryAcquireError::Closed);
}

#[test]
fn a_waiter_is_woken_by_a_permit_that_comes_back() {
    let semaphore = Semaphore::new(1);
    let permit = semaphore.try_acquire().unwrap();
    let wakes = WakeCount::new();
    let mut waiter = pin!(semaphore.acquire());
    assert_pending!(poll poll_with(waiter.as_mut(), &wakes.waker()));
    drop(permit);
    assert_eq!(wakes.count(), 1);
    assert_eq!(semaphore.available_permits(), 0, "it is the waiter's already");
    assert!(semaphore.try_acquire().is_err());
    assert!(assert_ready!(waiter.as_mut()).is_ok());
}

#[test]
fn added_permits_go_to_those_who_wait_and_the_rest_is_free() {
    let semaphore = Semaphore::new(0);
    let wakes = WakeCount::new();
    let mut waiters: Vec<_> = (0..3).map(|_| Box::pin(semaphore.acquire())).collect();
    for waiter in &mut waiters {
        assert_pending!(poll poll_with(waiter.as_mut(), &wakes.waker()));
    }
    semaphore.add_permits(5);
    assert_eq!((wakes.count(), semaphore.available_permits()), (3, 2));
    let permits: Vec<_> = waiters.iter_mut().map(|w| assert_ready!(w.as_mut()).unwrap()).collect();
    drop(permits);
    assert_eq!(semaphore.available_permits(), 5);
}

#[test]
fn waiters_are_served_in_order_of_arrival() {
    let semaphore = Semaphore::new(0);
    let mut first = pin!(semaphore.acquire());
    let mut second = pin!(semaphore.acquire());
    assert_pending!(first.as_mut());
    assert_pending!(second.as_mut());
    semaphore.add_permits(1);
    assert_pending!(second.as_mut());
    let permit = assert_ready!(first.as_mut()).unwrap();
    assert_pending!(second.as_mut());
    drop(permit);
    assert!(assert_ready!(second.as_mut()).is_ok());
}

#[test]
fn a_big_request_is_not_overtaken_by_small_ones() {
    let semaphore = Semaphore::new(3);
    let one = semaphore.try_acquire().unwrap();
    let mut big = pin!(semaphore.acquire_many(3));
    let mut small = pin!(semaphore.acquire());
    assert_pending!(big.as_mut());
    assert_pending!(small.as_mut());
    assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::NoPermits);
    assert_eq!(semaphore.available_permits(), 2, "they add up for the big request");
    drop(one);
    let big = assert_ready!(big.as_mut()).unwrap();
    assert_pending!(small.as_mut());
    drop(big);
    assert!(assert_ready!(small.as_mut()).is_ok());
}

#[test]
fn a_big_request_that_gives_up_lets_those_behind_it_go() {
    let semaphore = Semaphore::new(2);
    let mut big = Box::pin(semaphore.acquire_many(3));
    assert_pending!(big.as_mut());
    let wakes = WakeCount::new();
    let mut small = [Box::pin(semaphore.acquire()), Box::pin(semaphore.acquire())];
    for small in &mut small {
        assert_pending!(poll poll_with(small.as_mut(), &wakes.waker()));
    }
    drop(big);
    assert_eq!(wakes.count(), 2);
    let permits = small.map(|mut small| assert_ready!(small.as_mut()).unwrap());
    assert_eq!(semaphore.available_permits(), 0);
    drop(permits);
    assert_eq!(semaphore.available_permits(), 2);
}

#[test]
fn a_waiter_that_was_granted_permits_and_gives_up_gives_them_to_the_next() {
    let semaphore = Semaphore::new(0);
    let mut first = Box::pin(semaphore.acquire_many(2));
    assert_pending!(first.as_mut());
    let wakes = WakeCount::new();
    let mut second = pin!(semaphore.acquire());
    assert_pending!(poll poll_with(second.as_mut(), &wakes.waker()));
    semaphore.add_permits(2);
    assert!(!wakes.is_woken());
    drop(first);
    assert_eq!((wakes.count(), semaphore.available_permits()), (1, 1));
    assert!(assert_ready!(second.as_mut()).is_ok());
}

#[test]
fn a_request_that_was_never_polled_wants_nothing() {
    let semaphore = Semaphore::new(0);
    drop(semaphore.acquire());
    let unpolled = semaphore.acquire();
    semaphore.add_permits(1);
    assert!(semaphore.try_acquire().is_ok());
    drop(unpolled);
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn forgotten_permits_do_not_come_back() {
    let semaphore = Arc::new(Semaphore::new(3));
    semaphore.try_acquire().unwrap().forget();
    assert_eq!(semaphore.available_permits(), 2);
    semaphore.clone().try_acquire_owned().unwrap().forget();
    assert_eq!(semaphore.available_permits(), 1);
    assert_eq!(Arc::strong_count(&semaphore), 1, "the semaphore is not forgotten with them");
}

#[test]
fn as_many_free_permits_are_taken_away_as_there_are() {
    let semaphore = Semaphore::new(5);
    assert_eq!(semaphore.forget_permits(0), 0);
    assert_eq!(semaphore.forget_permits(2), 2);
    assert_eq!(semaphore.available_permits(), 3);
    assert_eq!(semaphore.forget_permits(9), 3);
    assert_eq!(semaphore.forget_permits(1), 0);
    semaphore.add_permits(4);
    assert_eq!(semaphore.available_permits(), 4);
}

#[test]
fn permits_come_and_go_whether_the_semaphore_is_open_or_closed() {
    for (size, change) in (0..4).flat_map(|size| (0..4).map(move |change| (size, change))) {
        for is_closed in [false, true] {
            let semaphore = Semaphore::new(size);
            if is_closed {
                semaphore.close();
            }
            semaphore.add_permits(change);
            assert_eq!(semaphore.available_permits(), size + change);
            assert_eq!(semaphore.forget_permits(2 * change), (2 * change).min(size + change));
            assert_eq!(semaphore.available_permits(), size.saturating_sub(change));
            assert_eq!(semaphore.is_closed(), is_closed);
        }
    }
}

#[test]
fn free_permits_are_taken_away_although_a_big_request_waits_for_more() {
    let semaphore = Semaphore::new(5);
    let mut big = pin!(semaphore.acquire_many(7));
    assert_pending!(big.as_mut());
    assert_eq!(semaphore.forget_permits(3), 3);
    semaphore.add_permits(4);
    assert_pending!(big.as_mut());
    semaphore.add_permits(1);
    assert_eq!(assert_ready!(big.as_mut()).unwrap().num_permits(), 7);
}

#[test]
fn permits_are_merged_and_split() {
    let semaphore = Arc::new(Semaphore::new(5));
    let mut permits = semaphore.try_acquire_many(3).unwrap();
    permits.merge(semaphore.try_acquire_many(2).unwrap());
    assert_eq!(permits.num_permits(), 5);
    assert!(permits.split(6).is_none());
    let two = permits.split(2).unwrap();
    assert_eq!((permits.num_permits(), two.num_permits()), (3, 2));
    drop(permits);
    assert_eq!(semaphore.available_permits(), 3);
    drop(two);
    let mut owned = semaphore.clone().try_acquire_many_owned(4).unwrap();
    owned.merge(semaphore.clone().try_acquire_owned().unwrap());
    let rest = owned.split(5).unwrap();
    assert_eq!((owned.num_permits(), rest.num_permits()), (0, 5));
    drop((owned, rest));
    assert_eq!(semaphore.available_permits(), 5);
    assert_eq!(Arc::strong_count(&semaphore), 1);
}

#[test]
#[should_panic(expected = "permits of two semaphores cannot be merged")]
fn permits_of_two_semaphores_cannot_be_merged() {
    let (one, other) = (Semaphore::new(1), Semaphore::new(1));
    one.try_acquire().unwrap().merge(other.try_acquire().unwrap());
}

#[test]
#[should_panic(expected = "permits of two semaphores cannot be merged")]
fn owned_permits_of_two_semaphores_cannot_be_merged() {
    let (one, other) = (Arc::new(Semaphore::new(1)), Arc::new(Semaphore::new(1)));
    one.try_acquire_owned().unwrap().merge(other.try_acquire_owned().unwrap());
}

#[test]
fn a_semaphore_may_have_as_many_permits_as_it_says() {
    assert_eq!(Semaphore::new(Semaphore::MAX_PERMITS).available_permits(), Semaphore::MAX_PERMITS);
    let semaphore = Semaphore::new(0);
    semaphore.add_permits(Semaphore::MAX_PERMITS);
    assert_eq!(semaphore.available_permits(), Semaphore::MAX_PERMITS);
    assert!(semaphore.try_acquire_many(Semaphore::MAX_PERMITS).is_ok());
}

#[test]
#[should_panic(expected = "a semaphore has at most MAX_PERMITS permits")]
fn a_semaphore_cannot_be_made_with_more() {
    let _ = Semaphore::new(Semaphore::MAX_PERMITS + 1);
}

#[test]
#[should_panic(expected = "a semaphore has at most")]
fn more_cannot_be_added_at_once() {
    Semaphore::new(0).add_permits(usize::MAX);
}

#[test]
#[should_panic(expected = "a semaphore has at most")]
fn more_cannot_be_added_bit_by_bit() {
    Semaphore::new(Semaphore::MAX_PERMITS - 1).add_permits(2);
}

#[test]
fn a_permit_for_which_there_is_no_room_any_more_is_dropped_without_a_panic() {
    let semaphore = Semaphore::new(1);
    let permit = semaphore.try_acquire().unwrap();
    semaphore.add_permits(Semaphore::MAX_PERMITS);
    drop(permit);
    assert_eq!(semaphore.available_permits(), Semaphore::MAX_PERMITS);
}

#[test]
fn a_request_for_more_than_there_can_be_waits_until_the_semaphore_is_closed() {
    let semaphore = Semaphore::new(1);
    let mut greedy = pin!(semaphore.acquire_many(usize::MAX));
    assert_pending!(greedy.as_mut());
    semaphore.close();
    assert!(assert_ready!(greedy.as_mut()).is_err());
}

#[test]
fn closing_refuses_those_who_wait_and_those_who_come() {
    let semaphore = Semaphore::new(1);
    let permit = semaphore.try_acquire().unwrap();
    let wakes = WakeCount::new();
    let mut waiters: Vec<_> = (0..100).map(|_| Box::pin(semaphore.acquire())).collect();
    for waiter in &mut waiters {
        assert_pending!(poll poll_with(waiter.as_mut(), &wakes.waker()));
    }
    assert!(!semaphore.is_closed());
    semaphore.close();
    assert!(semaphore.is_closed());
    assert_eq!(wakes.count(), 100);
    for waiter in &mut waiters {
        let refused = assert_ready!(waiter.as_mut()).unwrap_err();
        assert_eq!(refused.to_string(), "the semaphore is closed");
        assert_eq!(refused.message_zh(), "信号量已关闭");
    }
    drop(permit);
    assert_eq!(semaphore.available_permits(), 1, "what is out comes back");
    assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::Closed);
    assert!(assert_ready!(pin!(semaphore.acquire())).is_err());
    semaphore.add_permits(1);
    assert_eq!(semaphore.available_permits(), 2);
    semaphore.close();
}

#[test]
fn what_was_granted_before_the_close_is_granted() {
    let semaphore = Semaphore::new(0);
    let mut waiter = pin!(semaphore.acquire());
    assert_pending!(waiter.as_mut());
    semaphore.add_permits(1);
    semaphore.close();
    assert!(assert_ready!(waiter.as_mut()).is_ok());
}

#[test]
fn a_waiter_is_woken_by_the_waker_of_its_last_poll() {
    let semaphore = Semaphore::new(0);
    let (first, last) = (WakeCount::new(), WakeCount::new());
    let mut waiter = pin!(semaphore.acquire());
    assert_pending!(poll poll_with(waiter.as_mut(), &first.waker()));
    assert_pending!(poll poll_with(waiter.as_mut(), &last.waker()));
    assert_eq!(first.held(), 0);
    semaphore.add_permits(1);
    assert_eq!((first.count(), last.count()), (0, 1));
}

#[test]
#[should_panic(expected = "polled after its end")]
fn a_request_polled_after_its_end_panics() {
    let semaphore = Semaphore::new(2);
    let mut request = pin!(semaphore.acquire());
    drop(assert_ready!(request.as_mut()));
    let _ = qi_test_kit::poll_once(request.as_mut());
}

#[test]
fn a_hundred_thousand_waiters_are_all_served_and_their_memory_goes_back() {
    let semaphore = Semaphore::new(0);
    let wakes = WakeCount::new();
    let mut waiters: Vec<_> = (0..100_000).map(|_| Box::pin(semaphore.acquire())).collect();
    for waiter in &mut waiters {
        assert_pending!(poll poll_with(waiter.as_mut(), &wakes.waker()));
    }
    // Every other one gives up.
    let mut number = 0;
    waiters.retain(|_| {
        number += 1;
        number % 2 == 0
    });
    semaphore.add_permits(50_000);
    assert_eq!(wakes.count(), 50_000);
    let permits: Vec<_> = waiters.iter_mut().map(|w| assert_ready!(w.as_mut()).unwrap()).collect();
    assert_eq!(semaphore.available_permits(), 0);
    drop(permits);
    assert_eq!((semaphore.available_permits(), wakes.held()), (50_000, 0));
}

#[test]
fn never_more_are_inside_than_there_are_permits() {
    on_one_and_two(|scheduler| {
        let semaphore = Arc::new(Semaphore::new(5));
        let inside = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..500_usize)
            .map(|number| {
                let (semaphore, inside) = (semaphore.clone(), inside.clone());
                scheduler.spawn(async move {
                    let wanted = number % 4 + 1;
                    let permit = semaphore.acquire_many(wanted).await.unwrap();
                    assert!(inside.fetch_add(wanted, SeqCst) + wanted <= 5);
                    qi_sched::coop::yield_now().await;
                    inside.fetch_sub(wanted, SeqCst);
                    drop(permit);
                })
            })
            .collect();
        for task in tasks {
            scheduler.block_on(task).unwrap();
        }
        assert_eq!(semaphore.available_permits(), 5);
    });
}
