//! Places for entries, found by index: pages that come and go with the number of entries.
//!
//! A vector that grows would copy all entries under the primitive's lock, and could not shrink while
//! one entry at its end lives. Pages do neither. Few that became empty are kept, so that entries
//! that come and go allocate nothing.
#![forbid(unsafe_code)]

/// Entries of a page. More would make the first waiter of each of many locks dear.
const PAGE: u32 = 8;

/// Empty pages kept.
const SPARE: usize = 4;

/// With no entry left, an index of more pages than this is given back as well.
const INDEX_KEPT: usize = 64;

#[derive(Debug)]
struct Page<E> {
    slots: [Option<E>; PAGE as usize],
    /// A bit per slot in use.
    used: u8,
}

/// Where a page is, or could be.
#[derive(Debug)]
struct Place<E> {
    page: Option<Box<Page<E>>>,
    /// Whether `room` names this place.
    listed: bool,
}

/// Entries by index.
#[derive(Debug)]
pub(super) struct Slab<E> {
    places: Vec<Place<E>>,
    /// Every place with a free slot or without a page; some may have filled up since.
    room: Vec<u32>,
    spare: Vec<Box<Page<E>>>,
    len: usize,
}

impl<E> Slab<E> {
    pub(super) const fn new() -> Self {
        Self { places: Vec::new(), room: Vec::new(), spare: Vec::new(), len: 0 }
    }

    pub(super) fn get(&self, index: u32) -> Option<&E> {
        let place = self.places.get((index / PAGE) as usize)?;
        place.page.as_ref()?.slots[(index % PAGE) as usize].as_ref()
    }

    pub(super) fn get_mut(&mut self, index: u32) -> Option<&mut E> {
        let place = self.places.get_mut((index / PAGE) as usize)?;
        place.page.as_mut()?.slots[(index % PAGE) as usize].as_mut()
    }

    /// Puts an entry somewhere and says where.
    ///
    /// # Panics
    /// With four thousand million entries.
    pub(super) fn insert(&mut self, entry: E) -> u32 {
        let number = self.place_with_room();
        let page = self.places[number as usize].page.get_or_insert_with(|| {
            self.spare
                .pop()
                .unwrap_or_else(|| Box::new(Page { slots: std::array::from_fn(|_| None), used: 0 }))
        });
        let slot = page.used.trailing_ones();
        page.used |= 1 << slot;
        page.slots[slot as usize] = Some(entry);
        self.len += 1;
        number * PAGE + slot
    }

    /// A place with a free slot, or where a page can be put.
    fn place_with_room(&mut self) -> u32 {
        while let Some(&number) = self.room.last() {
            let place = &mut self.places[number as usize];
            if place.page.as_ref().is_none_or(|page| page.used != u8::MAX) {
                return number;
            }
            place.listed = false;
            self.room.pop();
        }
        let number = u32::try_from(self.places.len()).ok();
        // The last index stands for none.
        let number = number.filter(|number| *number < u32::MAX / PAGE).expect("waiters that fit");
        self.places.push(Place { page: None, listed: true });
        self.room.push(number);
        number
    }

    pub(super) fn remove(&mut self, index: u32) -> Option<E> {
        let (number, slot) = (index / PAGE, index % PAGE);
        let place = self.places.get_mut(number as usize)?;
        let page = place.page.as_mut()?;
        let entry = page.slots[slot as usize].take()?;
        page.used &= !(1 << slot);
        if page.used == 0 && self.spare.len() < SPARE {
            self.spare.extend(place.page.take());
        } else if page.used == 0 {
            place.page = None;
        }
        if !std::mem::replace(&mut place.listed, true) {
            self.room.push(number);
        }
        self.len -= 1;
        if self.len == 0 && self.places.len() > INDEX_KEPT {
            (self.places, self.room) = (Vec::new(), Vec::new());
        }
        Some(entry)
    }

    /// Pages held, the spare ones too.
    #[cfg(all(test, not(loom)))]
    pub(super) fn pages(&self) -> usize {
        self.places.iter().filter(|place| place.page.is_some()).count() + self.spare.len()
    }

    /// Room in the index.
    #[cfg(all(test, not(loom)))]
    pub(super) fn index_capacity(&self) -> usize {
        self.places.capacity() + self.room.capacity()
    }
}
