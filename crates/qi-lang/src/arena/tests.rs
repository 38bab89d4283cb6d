//! Addresses of futures that are gone, and that stay.
#![forbid(unsafe_code)]

use super::*;
use crate::channel::Channel;
use crate::here::{self, Unsent};
use crate::ready;
use crate::strand::Value;

fn done(value: i64) -> &'static Strand {
    let strand = claim(Kind::Outside);
    strand.complete(Value::Bits, value);
    strand
}

fn value(value: i64) -> (usize, Ready) {
    let address = ready::put(Value::Bits, value);
    match find(address) {
        Found::Ready(ready) => (address, ready),
        _ => panic!("a value that was put there lies there"),
    }
}

#[test]
fn pages_go_back_once_nobody_can_miss_them_and_stale_addresses_know_it() {
    let address = |strand: &'static Strand| ptr::from_ref(strand) as usize;
    // Chunks of their own for each kind.
    let of_zeros: Vec<_> = (0..3 * SLOTS).map(|_| address(done(0))).collect();
    let taken: Vec<_> = (0..3 * SLOTS).map(|_| done(7)).collect();
    taken.iter().for_each(|strand| strand.seen());
    let unasked: Vec<_> = (0..3 * SLOTS).map(|_| done(8)).collect();
    let kept: Vec<_> = (0..3 * SLOTS).map(|_| done(9)).collect();
    kept.iter().for_each(|strand| {
        strand.seen();
        strand.seen();
    });
    let waits: Vec<_> = (0..3 * SLOTS).map(|_| claim(Kind::Coroutine)).collect();
    // More than the window, several times, so that all the above is looked at.
    for _ in 0..3 * WINDOW * SLOTS {
        done(1).seen();
    }
    // The middle of each: its neighbours are of the same kind.
    let middle = SLOTS + SLOTS / 2;
    assert!(matches!(find(of_zeros[middle]), Found::Gone { lossy: false }));
    assert!(matches!(find(address(taken[middle])), Found::Gone { lossy: true }));
    for strand in [unasked[middle], kept[middle], waits[middle]] {
        assert!(matches!(find(address(strand)), Found::Strand(one) if ptr::eq(one, strand)));
    }
    assert_eq!((unasked[middle].bits(), kept[middle].bits()), (8, 9));
    assert!(bytes() < 2 * (WINDOW + READY_WINDOW) * CHUNK, "{} bytes are in use", bytes());
}

#[test]
fn values_that_were_there_at_once_go_and_stay_by_the_same_rules() {
    const N: usize = 3 * READY_SLOTS;
    let make = |bits| -> Vec<_> { (0..N).map(|_| value(bits)).collect() };
    let (zeros, seen, unasked, kept, taken) = (make(0), make(7), make(8), make(9), make(6));
    seen.iter().for_each(|(_, ready)| {
        ready.seen();
    });
    kept.iter().for_each(|(_, ready)| {
        ready.seen();
        ready.seen();
    });
    taken.iter().for_each(|(_, ready)| {
        ready.seen();
        assert_eq!((ready.take_bits(), ready.take_bits()), (6, 0));
    });
    for _ in 0..4 * READY_WINDOW * READY_SLOTS {
        value(1).1.seen();
    }
    let middle = N / 2;
    for (all, was_lost) in [(&zeros, false), (&seen, true), (&taken, false)] {
        let found = find(all[middle].0);
        assert!(matches!(found, Found::Gone { lossy } if lossy == was_lost));
    }
    for (all, bits) in [(&unasked, 8), (&kept, 9)] {
        assert!(matches!(find(all[middle].0), Found::Ready(one) if one.bits() == bits));
    }
}

#[test]
fn addresses_of_others_are_foreign() {
    let strand = done(1);
    let address = ptr::from_ref(strand) as usize;
    for foreign in [0, 8, address + 1, &raw const address as usize, usize::MAX] {
        assert!(matches!(find(foreign), Found::Foreign));
    }
    let (ready, _) = value(1);
    assert!(matches!(find(ready + 8), Found::Foreign));
}

#[test]
fn value_put_last_is_known_until_another_comes_or_something_is_left_unsent() {
    let (first, _) = value(1);
    assert!(is_last(first) && !is_last(0));
    let (second, ready) = value(0);
    assert!(is_last(second) && !is_last(first));
    assert_eq!((ready.first_number(), ready.first_number()), (Some(0), None));
    let channel: &'static Channel = Box::leak(Box::new(Channel::new(1)));
    here::unsent(Unsent { channel, value: 1 });
    assert!(!is_last(second));
    assert!(here::take_unsent().is_some());
    let text = ready::put_text(Value::Text, c"text".into());
    assert!(matches!(find(text), Found::Ready(one) if one.first_number().is_none()));
}
