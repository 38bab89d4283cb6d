//! The wakers of runners whose nodes are suspended: who must be woken when the run stops.

use super::lock;
use std::sync::Mutex;
use std::task::Waker;

/// A slab of wakers.
#[derive(Debug, Default)]
pub(crate) struct Sleepers {
    slots: Mutex<Slots>,
}

#[derive(Debug, Default)]
struct Slots {
    wakers: Vec<Option<Waker>>,
    free: Vec<usize>,
}

impl Sleepers {
    /// Keeps a waker. Who then finds that the run has not stopped will be woken when it does:
    /// the lock orders this against [`wake_all`](Self::wake_all).
    pub(crate) fn add(&self, waker: Waker) -> usize {
        let mut slots = lock(&self.slots);
        match slots.free.pop() {
            Some(place) => {
                slots.wakers[place] = Some(waker);
                place
            }
            None => {
                slots.wakers.push(Some(waker));
                slots.wakers.len() - 1
            }
        }
    }

    /// Keeps another waker in the same place.
    pub(crate) fn update(&self, place: usize, waker: &Waker) {
        let new = waker.clone();
        let mut slots = lock(&self.slots);
        let old = match &slots.wakers[place] {
            // It was woken for good, or is the same: nothing to keep.
            Some(old) if old.will_wake(waker) => Some(new),
            _ => slots.wakers[place].replace(new),
        };
        drop(slots);
        drop(old);
    }

    /// Forgets a waker.
    pub(crate) fn remove(&self, place: usize) {
        let mut slots = lock(&self.slots);
        let old = slots.wakers[place].take();
        slots.free.push(place);
        drop(slots);
        drop(old);
    }

    /// Wakes all, outside the lock.
    pub(crate) fn wake_all(&self) {
        let wakers: Vec<Waker> =
            lock(&self.slots).wakers.iter_mut().filter_map(Option::take).collect();
        wakers.into_iter().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use super::Sleepers;
    use qi_test_kit::WakeCount;

    #[test]
    fn each_is_woken_once_and_places_are_used_again() {
        let wakers: Vec<_> = (0..3).map(|_| WakeCount::new()).collect();
        let sleepers = Sleepers::default();
        let places: Vec<usize> = wakers.iter().map(|waker| sleepers.add(waker.waker())).collect();
        sleepers.remove(places[1]);
        assert_eq!(sleepers.add(wakers[2].waker()), places[1]);
        sleepers.wake_all();
        sleepers.wake_all();
        let woken: Vec<usize> = wakers.iter().map(WakeCount::count).collect();
        assert_eq!(woken, [1, 0, 2]);
    }
}
