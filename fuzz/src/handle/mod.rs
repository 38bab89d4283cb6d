//! Handles of the C ABI against a list: made, shared, released once too often, used after that, made up.

mod raw;

use crate::Plan;
use qi_abi::export::codes::{
    QI_EOF, QI_ERR_CLOSED, QI_ERR_EMPTY, QI_ERR_FULL, QI_ERR_INVALID, QI_ERR_KIND, QI_ERR_STALE,
    QI_OK,
};
use qi_sync::WaitGroup;
use std::collections::VecDeque;

const MOST: usize = 24;
/// As many permits as a semaphore can have; a few times as much are more than anything counts to.
const HUGE: usize = usize::MAX >> 3;
/// `QI_UNBOUNDED` of the header.
const UNBOUNDED: usize = usize::MAX;

/// What the list knows of an object.
#[derive(Debug)]
enum Thing {
    Channel {
        capacity: usize,
        values: VecDeque<u64>,
        closed: bool,
    },
    Semaphore {
        permits: usize,
    },
    Group {
        count: usize,
    },
    /// Of what can only be told that it is there.
    Other {
        is_event: bool,
    },
}

struct Object {
    handle: u64,
    references: usize,
    thing: Thing,
}

#[derive(Default)]
struct World {
    objects: Vec<Object>,
    /// Handles that were released as often as they were given out.
    dead: Vec<u64>,
    sent: u64,
}

/// Runs one input.
///
/// # Panics
/// If an answer is not the list's.
pub fn run(input: &[u8]) {
    let mut plan = Plan::new(input);
    let mut world = World::default();
    while let Some(step) = plan.step(16) {
        world.step(step, &mut plan);
    }
    while let Some(one) = world.objects.len().checked_sub(1) {
        world.release(one);
    }
}

impl World {
    fn step(&mut self, step: usize, plan: &mut Plan<'_>) {
        match (step, plan.one_of(self.objects.len())) {
            (0..=3, _) => self.make(plan),
            (4, Some(one)) => {
                assert_eq!(raw::retain(self.objects[one].handle), QI_OK);
                self.objects[one].references += 1;
            }
            (5..=6, Some(one)) => self.release(one),
            (7..=11, Some(one)) => self.objects[one].call(plan, &mut self.sent),
            (12, Some(one)) => self.objects[one].call_as_another(),
            (13, Some(one)) => self.objects[one].make_up(plan),
            (14..=15, _) => {
                if let Some(one) = plan.one_of(self.dead.len()) {
                    refuse_everywhere(self.dead[one]);
                }
            }
            _ => assert_eq!(raw::release(0), QI_OK, "null is let pass"),
        }
    }

    fn make(&mut self, plan: &mut Plan<'_>) {
        if self.objects.len() == MOST {
            return;
        }
        let ((code, handle), thing) = match plan.below(7) {
            0..=1 => {
                let capacity = [0, 1, 2, 5, UNBOUNDED][plan.below(5)];
                let values = VecDeque::new();
                (raw::channel(capacity), Thing::Channel { capacity, values, closed: false })
            }
            2 => {
                let permits = plan.below(5);
                (raw::semaphore(permits), Thing::Semaphore { permits })
            }
            3 => (raw::group(), Thing::Group { count: 0 }),
            4 => (raw::event(plan.below(2) == 0), Thing::Other { is_event: true }),
            5 => (raw::mutex(), Thing::Other { is_event: false }),
            _ => (raw::rwlock(), Thing::Other { is_event: false }),
        };
        assert_eq!(code, QI_OK);
        let is_new = self.objects.iter().all(|object| object.handle != handle);
        assert!(handle != 0 && is_new, "two objects have one handle");
        assert!(!self.dead.contains(&handle), "a handle has come back to life");
        self.objects.push(Object { handle, references: 1, thing });
    }

    fn release(&mut self, one: usize) {
        let object = &mut self.objects[one];
        let before = raw::dropped();
        assert_eq!(raw::release(object.handle), QI_OK);
        object.references -= 1;
        let mut expected = 0;
        if object.references == 0 {
            let gone = self.objects.swap_remove(one);
            if let Thing::Channel { values, .. } = &gone.thing {
                expected = values.len() as u64;
            }
            self.dead.push(gone.handle);
            refuse_everywhere(gone.handle);
        }
        assert_eq!(raw::dropped() - before, expected, "values of a channel that were dropped");
    }
}

impl Object {
    /// Makes a call of the object's own kind.
    fn call(&mut self, plan: &mut Plan<'_>, sent: &mut u64) {
        let handle = self.handle;
        match &mut self.thing {
            Thing::Channel { capacity, values, closed } => match plan.below(6) {
                0..=2 => {
                    *sent += 1;
                    let expected = match (*closed, values.len() < *capacity) {
                        (true, _) => QI_ERR_CLOSED,
                        (false, true) => QI_OK,
                        (false, false) => QI_ERR_FULL,
                    };
                    assert_eq!(raw::try_send(handle, *sent), expected);
                    if expected == QI_OK {
                        values.push_back(*sent);
                    }
                }
                3..=4 => match (raw::try_recv(handle), values.pop_front()) {
                    ((QI_OK, value), expected) => assert_eq!(Some(value), expected),
                    ((QI_ERR_EMPTY, _), None) => assert!(!*closed),
                    ((QI_EOF | QI_ERR_CLOSED, _), None) => assert!(*closed),
                    (answer, expected) => panic!("{answer:?} instead of {expected:?}"),
                },
                _ => {
                    if plan.below(3) == 0 {
                        assert_eq!(raw::close(handle), QI_OK);
                        *closed = true;
                    }
                    assert_eq!(raw::length(handle), values.len());
                }
            },
            Thing::Semaphore { permits } => semaphore(handle, permits, plan),
            Thing::Group { count } => group(handle, count, plan),
            Thing::Other { is_event } => {
                let expected = if *is_event { QI_OK } else { QI_ERR_KIND };
                assert_eq!(raw::set(handle), expected);
                assert_eq!(raw::reset(handle), expected);
            }
        }
    }

    /// Makes a call of every other kind.
    fn call_as_another(&self) {
        let handle = self.handle;
        if !matches!(self.thing, Thing::Channel { .. }) {
            assert_eq!(raw::try_send(handle, 1), QI_ERR_KIND);
            assert_eq!(raw::try_recv(handle).0, QI_ERR_KIND);
            assert_eq!((raw::close(handle), raw::length(handle)), (QI_ERR_KIND, 0));
        }
        if !matches!(self.thing, Thing::Semaphore { .. }) {
            assert_eq!(raw::try_acquire(handle, 1), QI_ERR_KIND);
            assert_eq!((raw::give_permits(handle, 1), raw::available(handle)), (QI_ERR_KIND, 0));
        }
        if !matches!(self.thing, Thing::Group { .. }) {
            assert_eq!((raw::add(handle, 1), raw::count(handle)), (QI_ERR_KIND, 0));
        }
        if !matches!(self.thing, Thing::Other { is_event: true }) {
            assert_eq!((raw::set(handle), raw::reset(handle)), (QI_ERR_KIND, QI_ERR_KIND));
        }
    }

    /// A handle that is like one that was given out.
    fn make_up(&self, plan: &mut Plan<'_>) {
        match plan.below(3) {
            0 => refuse_everywhere(self.handle ^ 1 << (32 + plan.below(24))),
            1 => refuse_everywhere(self.handle | 0x8000_0000),
            _ => {
                let kind = 19 + plan.below(200) as u64;
                let forged = self.handle & ((1 << 56) - 1) | kind << 56;
                assert_eq!((raw::set(forged), raw::close(forged)), (QI_ERR_KIND, QI_ERR_KIND));
            }
        }
    }
}

fn semaphore(handle: u64, permits: &mut usize, plan: &mut Plan<'_>) {
    let amount = match plan.below(8) {
        7 => HUGE,
        few => few % 4,
    };
    if plan.below(2) == 0 {
        let expected = if amount <= *permits { QI_OK } else { QI_ERR_EMPTY };
        assert_eq!(raw::try_acquire(handle, amount), expected);
        *permits -= if expected == QI_OK { amount } else { 0 };
    } else {
        match raw::give_permits(handle, amount) {
            QI_OK => *permits += amount,
            code => assert!(code == QI_ERR_INVALID && amount > HUGE - *permits, "{code}"),
        }
    }
    assert_eq!(raw::available(handle), *permits);
}

fn group(handle: u64, count: &mut usize, plan: &mut Plan<'_>) {
    let amount = match plan.below(8) {
        7 => HUGE,
        few => few,
    };
    let change = i64::try_from(amount).expect("it is below the limit");
    let is_more = plan.below(2) == 0;
    let code = raw::add(handle, if is_more { change } else { -change });
    let changed = if is_more { count.checked_add(amount) } else { count.checked_sub(amount) };
    let changed = changed.filter(|changed| *changed <= WaitGroup::MAX_COUNT);
    assert_eq!(code, if changed.is_some() { QI_OK } else { QI_ERR_INVALID });
    *count = changed.unwrap_or(*count);
    assert_eq!(raw::count(handle), *count);
}

/// No call takes it, whatever it is said to be.
fn refuse_everywhere(handle: u64) {
    let refused = |code: i32| assert!(code == QI_ERR_STALE || code == QI_ERR_KIND, "{code}");
    assert_eq!((raw::retain(handle), raw::release(handle)), (QI_ERR_STALE, QI_ERR_STALE));
    refused(raw::try_send(handle, 1));
    refused(raw::try_recv(handle).0);
    refused(raw::close(handle));
    refused(raw::try_acquire(handle, 1));
    refused(raw::give_permits(handle, 1));
    refused(raw::add(handle, 1));
    refused(raw::set(handle));
    assert_eq!((raw::length(handle), raw::available(handle), raw::count(handle)), (0, 0, 0));
}
