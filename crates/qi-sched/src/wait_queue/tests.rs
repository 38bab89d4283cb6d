//! The order of waiters, what becomes of their entries, and of their memory.

use super::{WaitQueue, WaiterKey, WakeList};
use crate::priority::TaskPriority::{self, Critical, High, Low, Normal};
use crate::rng::Rng;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Wake, Waker};

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

fn counted() -> (Arc<Count>, Waker) {
    let count = Arc::new(Count::default());
    (count.clone(), Waker::from(count))
}

fn queue_of(lanes: &[TaskPriority]) -> (WaitQueue<usize>, Vec<WaiterKey>) {
    let mut queue = WaitQueue::new();
    let waker = Waker::noop();
    let keys = lanes.iter().enumerate();
    let keys = keys.map(|(n, lane)| queue.insert(*lane, waker.clone(), n)).collect();
    (queue, keys)
}

/// Pops all, and removes the entries.
fn drain(queue: &mut WaitQueue<usize>) -> Vec<usize> {
    let mut order = Vec::new();
    while let Some(next) = queue.next() {
        let popped = queue.pop().unwrap();
        assert_eq!(popped.key, next, "the one announced is the one popped");
        let removed = queue.remove(next).unwrap();
        assert!(!removed.was_waiting && removed.waker.is_none());
        order.push(removed.payload);
    }
    order
}

#[test]
fn the_most_urgent_go_first_and_in_order_of_arrival_within_a_lane() {
    let (mut queue, _) = queue_of(&[Normal, Low, High, Normal, Critical, High]);
    assert_eq!(queue.urgency(), Some(Critical));
    assert_eq!(drain(&mut queue), [4, 2, 5, 0, 3, 1]);
    assert!(queue.is_empty() && queue.urgency().is_none() && queue.pop().is_none());
}

#[test]
fn no_lane_waits_longer_than_its_bound_while_more_urgent_waiters_keep_coming() {
    let (mut queue, keys) = queue_of(&[Low, Normal, High]);
    let mut gone = HashMap::new();
    for pops in 0..200 {
        queue.insert(Critical, Waker::noop().clone(), 9);
        let popped = queue.pop().unwrap();
        let removed = queue.remove(popped.key).unwrap();
        if removed.payload != 9 {
            gone.insert(removed.payload, pops);
        }
    }
    assert!(gone[&2] <= 10 && gone[&1] <= 18 && gone[&0] <= 66, "{gone:?}");
    assert!(keys.iter().all(|key| queue.payload(*key).is_none()));
}

#[test]
fn a_waiter_that_comes_back_goes_before_its_lane_but_not_before_more_urgent_ones() {
    let (mut queue, _) = queue_of(&[Normal, Normal, High]);
    queue.insert_first(Normal, Waker::noop().clone(), 7);
    assert_eq!(drain(&mut queue), [2, 7, 0, 1]);
}

#[test]
fn a_raised_waiter_goes_behind_those_who_were_urgent_before() {
    let (mut queue, keys) = queue_of(&[Normal, Normal, High, Normal]);
    assert!(queue.set_lane(keys[3], High));
    assert!(!queue.set_lane(keys[3], High), "it is there");
    assert_eq!(queue.lane(keys[3]), Some(High));
    assert_eq!(drain(&mut queue), [2, 3, 0, 1]);
}

#[test]
fn a_lowered_waiter_goes_before_those_whom_it_was_ahead_of() {
    let (mut queue, keys) = queue_of(&[Normal, High, Normal]);
    assert!(queue.set_lane(keys[1], Normal));
    assert_eq!(drain(&mut queue), [1, 0, 2]);
}

#[test]
fn a_waiter_that_gives_up_is_skipped_and_says_that_it_had_waited() {
    let (mut queue, keys) = queue_of(&[Normal; 3]);
    let removed = queue.remove(keys[1]).unwrap();
    assert!(removed.was_waiting && removed.waker.is_some());
    assert!(queue.remove(keys[1]).is_none(), "an entry is removed once");
    assert_eq!(drain(&mut queue), [0, 2]);
}

#[test]
fn a_key_of_an_entry_that_is_gone_finds_nothing_although_its_place_is_used_again() {
    let (mut queue, keys) = queue_of(&[Normal]);
    queue.remove(keys[0]).unwrap();
    let new = queue.insert(Normal, Waker::noop().clone(), 5);
    assert_eq!(new.index, keys[0].index, "the place is used again");
    assert!(!queue.is_waiting(keys[0]) && queue.payload_mut(keys[0]).is_none());
    assert!(!queue.set_lane(keys[0], High) && queue.remove(keys[0]).is_none());
    assert_eq!(queue.payload(new), Some(&5));
}

#[test]
fn a_message_left_at_the_pop_is_found_by_the_owner() {
    let (mut queue, keys) = queue_of(&[Normal]);
    let popped = queue.pop().unwrap();
    *queue.payload_mut(popped.key).unwrap() = 77;
    assert!(!queue.is_waiting(keys[0]));
    assert_eq!(queue.remove(keys[0]).unwrap().payload, 77);
}

#[test]
fn a_waker_is_replaced_while_its_entry_waits_and_handed_back_afterwards() {
    let ((_, one), (second, two)) = (counted(), counted());
    let mut queue = WaitQueue::new();
    let key = queue.insert(Normal, one.clone(), ());
    assert!(queue.wakes(key, &one) && !queue.wakes(key, &two));
    assert!(queue.set_waker(key, two.clone()).unwrap().will_wake(&one));
    queue.pop().unwrap().waker.wake();
    assert_eq!(second.0.load(Relaxed), 1);
    assert!(queue.set_waker(key, one.clone()).unwrap().will_wake(&one), "too late");
    assert!(!queue.wakes(key, &two));
}

#[test]
fn those_dismissed_are_woken_in_batches_and_those_who_come_later_are_not() {
    let (count, waker) = counted();
    let mut queue = WaitQueue::new();
    let old: Vec<_> = (0..100).map(|n| queue.insert(Normal, waker.clone(), n)).collect();
    queue.dismiss_all();
    assert!(queue.is_empty());
    let late = queue.insert(Normal, waker.clone(), 0);
    // One gives up before its waker is taken, and a raise of a dismissed one has no effect.
    let given_up = queue.remove(old[50]).unwrap();
    assert!(!given_up.was_waiting, "it had been let go");
    assert!(!queue.set_lane(old[51], High) && !queue.is_waiting(old[51]));
    let (mut list, mut batches) = (WakeList::new(), 1);
    while queue.pop_dismissed(&mut list) {
        assert!(list.is_full());
        list.wake_all();
        batches += 1;
    }
    list.wake_all();
    assert_eq!((count.0.load(Relaxed), batches), (99, 4));
    assert!(queue.is_waiting(late) && queue.len() == 1);
    for key in old {
        let _ = queue.remove(key);
    }
    assert_eq!(queue.pop().unwrap().key, late);
}

#[test]
fn popping_into_a_list_says_whether_some_are_left() {
    let (mut queue, _) = queue_of(&[Normal; 40]);
    let mut list = WakeList::new();
    assert!(queue.pop_into(&mut list) && list.is_full());
    assert_eq!(queue.len(), 8);
    list.wake_all();
    assert!(!queue.pop_into(&mut list) && !list.is_empty());
}

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        std::panic::resume_unwind(Box::new("a waker of a test"));
    }
}

#[test]
fn a_waker_of_the_list_that_panics_keeps_no_other_from_being_woken() {
    let (count, waker) = counted();
    let mut list = WakeList::new();
    list.push(waker.clone());
    list.push(Waker::from(Arc::new(Panics)));
    list.push(waker);
    list.wake_all();
    assert_eq!(count.0.load(Relaxed), 2);
}

#[test]
fn memory_goes_back_after_a_burst_of_a_hundred_thousand() {
    let mut queue = WaitQueue::new();
    let waker = Waker::noop();
    let keys: Vec<_> = (0..100_000_u32).map(|n| queue.insert(Normal, waker.clone(), n)).collect();
    assert!(queue.entries.pages() >= 100_000 / 8);
    // The first and the last stay: all the memory between them goes back.
    for key in &keys[1..99_999] {
        queue.remove(*key).unwrap();
    }
    assert!(queue.entries.pages() <= 2 + 4, "{}", queue.entries.pages());
    assert_eq!(queue.len(), 2);
    queue.remove(keys[0]).unwrap();
    queue.remove(keys[99_999]).unwrap();
    assert_eq!(queue.entries.index_capacity(), 0);
    let again = queue.insert(Normal, waker.clone(), 1);
    assert_eq!(queue.remove(again).unwrap().payload, 1);
}

/// Many random operations against lanes kept as plain lists.
#[test]
fn a_hundred_thousand_random_operations_agree_with_plain_lists() {
    let rng = Rng::new(42, 0);
    let mut queue = WaitQueue::new();
    let mut plain: [VecDeque<WaiterKey>; 4] = Default::default();
    let mut popped: Vec<WaiterKey> = Vec::new();
    for step in 0..100_000_usize {
        let lane = TaskPriority::from_bits(rng.below(4) as u64);
        match rng.below(6) {
            0 | 1 => {
                plain[lane.index()].push_back(queue.insert(lane, Waker::noop().clone(), step));
            }
            2 => {
                if let Some(taken) = queue.pop() {
                    let home = plain.iter_mut().find(|list| list.front() == Some(&taken.key));
                    assert_eq!(home.expect("the first of a lane").pop_front(), Some(taken.key));
                    popped.push(taken.key);
                }
            }
            3 => {
                if let Some(key) = plain[lane.index()].pop_back() {
                    assert!(queue.remove(key).unwrap().was_waiting);
                }
            }
            4 => {
                if let Some(key) = plain[Low.index()].pop_front() {
                    assert!(queue.set_lane(key, Critical));
                    plain[Critical.index()].push_back(key);
                }
            }
            _ => {
                if let Some(key) = popped.pop() {
                    assert!(!queue.remove(key).unwrap().was_waiting);
                }
            }
        }
        assert_eq!(queue.len(), plain.iter().map(VecDeque::len).sum::<usize>());
        let urgency = [Critical, High, Normal, Low].into_iter();
        assert_eq!(queue.urgency(), { urgency }.find(|lane| !plain[lane.index()].is_empty()));
    }
}
