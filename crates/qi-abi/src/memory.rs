//! Memory for values of the other side, whose size, alignment and way of being dropped are known only
//! at run time: results of tasks, states of poll functions, elements of channels.

use std::alloc::{Layout, alloc, dealloc};
use std::ffi::c_void;
use std::ptr::NonNull;

use crate::code::Code;

/// Drops a value of the other side; it is called exactly once for each. Null: nothing is to be done.
pub type Dropper = Option<unsafe extern "C" fn(value: *mut c_void)>;

/// The largest alignment that is accepted: a page.
const LARGEST_ALIGNMENT: usize = 4096;

/// Values up to this size, aligned to no more than words, need no allocation of their own.
const INLINE: usize = 24;

/// The kind of a value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    layout: Layout,
    dropper: Dropper,
}

impl Shape {
    /// An alignment of 0 means that of the largest word.
    pub(crate) fn new(size: usize, alignment: usize, dropper: Dropper) -> Result<Self, Code> {
        let alignment = if alignment == 0 { align_of::<u128>() } else { alignment };
        if alignment > LARGEST_ALIGNMENT {
            return Err(Code::ERR_INVALID);
        }
        let layout = Layout::from_size_align(size, alignment).map_err(|_| Code::ERR_INVALID)?;
        Ok(Self { layout, dropper })
    }

    pub(crate) fn size(&self) -> usize {
        self.layout.size()
    }

    pub(crate) fn alignment(&self) -> usize {
        self.layout.align()
    }

    /// Drops a value.
    ///
    /// # Safety
    /// One of this shape is there, and is dropped nowhere else.
    pub(crate) unsafe fn drop_value(&self, value: *mut c_void) {
        if let Some(dropper) = self.dropper {
            // SAFETY: the caller's word, and the other side's that this is how.
            unsafe { dropper(value) };
        }
    }

    fn is_inline(&self) -> bool {
        self.layout.size() <= INLINE && self.layout.align() <= align_of::<u64>()
    }
}

/// Room for one value, which is there or not.
pub(crate) struct Place {
    shape: Shape,
    is_full: bool,
    room: Room,
}

enum Room {
    Inline([u64; INLINE / size_of::<u64>()]),
    Allocated(NonNull<u8>),
}

// SAFETY: a value of the other side may be moved to and dropped on any thread: the header demands so of
// whatever is handed over.
unsafe impl Send for Place {}
// SAFETY: a shared `Place` gives no access to the value.
unsafe impl Sync for Place {}

impl Place {
    pub(crate) fn new(shape: Shape) -> Result<Self, Code> {
        let room = if shape.is_inline() {
            Room::Inline([0; INLINE / size_of::<u64>()])
        } else {
            // SAFETY: what is not inline has a size above zero, or an alignment above a word's; a
            // size of zero is rounded up.
            let memory = unsafe { alloc(at_least_one(shape.layout)) };
            Room::Allocated(NonNull::new(memory).ok_or(Code::ERR_NO_MEMORY)?)
        };
        Ok(Self { shape, is_full: false, room })
    }

    /// Where the value is, or will be: valid until this is moved.
    pub(crate) fn pointer(&mut self) -> *mut c_void {
        match &mut self.room {
            Room::Inline(words) => words.as_mut_ptr().cast(),
            Room::Allocated(memory) => memory.as_ptr().cast(),
        }
    }

    /// Copies a value in; it now belongs to this place.
    ///
    /// # Safety
    /// `source` must be valid for reading as many bytes as the shape has, and what was there before
    /// must have been taken.
    pub(crate) unsafe fn fill_from(&mut self, source: *const c_void) {
        let size = self.shape.size();
        let target = self.pointer();
        // SAFETY: the caller vouches for the source; the room is as large and its own.
        unsafe { copy_value(source, target, size) };
        self.is_full = true;
    }

    /// The other side has written the value itself.
    pub(crate) fn was_filled(&mut self) {
        self.is_full = true;
    }

    /// Lets the value go without dropping it: it belongs to somebody else.
    pub(crate) fn forget(mut self) {
        self.is_full = false;
    }

    /// Copies the value out; it now belongs to whoever has the copy.
    ///
    /// # Safety
    /// `target` must be valid for writing as many bytes as the shape has.
    pub(crate) unsafe fn move_to(&mut self, target: *mut c_void) {
        let size = self.shape.size();
        let source = self.pointer();
        // SAFETY: the caller vouches for the target; the room is as large and its own.
        unsafe { copy_value(source, target, size) };
        self.is_full = false;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let value = self.pointer();
        if self.is_full {
            // SAFETY: the value is there, and is dropped nowhere else.
            unsafe { self.shape.drop_value(value) };
        }
        if let Room::Allocated(memory) = self.room {
            // SAFETY: allocated in `new` with this layout.
            unsafe { dealloc(memory.as_ptr(), at_least_one(self.shape.layout)) };
        }
    }
}

/// Copies a value. Most are words, which need no call of a function that copies any number of bytes.
///
/// # Safety
/// `source` is valid for reading `size` bytes and `target` for writing them, unless there are none, and
/// they do not overlap.
#[inline]
pub(crate) unsafe fn copy_value(source: *const c_void, target: *mut c_void, size: usize) {
    let (source, target) = (source.cast::<u8>(), target.cast::<u8>());
    match size {
        0 => {}
        // SAFETY: the caller's word.
        8 => unsafe { target.copy_from_nonoverlapping(source, 8) },
        // SAFETY: the caller's word.
        _ => unsafe { target.copy_from_nonoverlapping(source, size) },
    }
}

fn at_least_one(layout: Layout) -> Layout {
    Layout::from_size_align(layout.size().max(1), layout.align()).unwrap_or(layout)
}

/// A value of the other side that is only a pointer, with its way of being dropped.
pub(crate) struct Owned {
    pointer: *mut c_void,
    dropper: Dropper,
}

// SAFETY: as for `Place`.
unsafe impl Send for Owned {}
// SAFETY: a shared `Owned` gives no access to the value.
unsafe impl Sync for Owned {}

impl Owned {
    pub(crate) fn new(pointer: *mut c_void, dropper: Dropper) -> Self {
        Self { pointer, dropper }
    }

    pub(crate) fn pointer(&self) -> *mut c_void {
        self.pointer
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        if let Some(dropper) = self.dropper {
            // SAFETY: handed over with the pointer; this is the only place that calls it.
            unsafe { dropper(self.pointer) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    static DROPPED: AtomicUsize = AtomicUsize::new(0);

    unsafe extern "C" fn count(value: *mut c_void) {
        // SAFETY: the tests put a number there.
        let value = unsafe { *value.cast::<u8>() };
        DROPPED.fetch_add(usize::from(value), Ordering::SeqCst);
    }

    #[test]
    fn value_is_dropped_once_wherever_it_is() {
        for (size, alignment) in [(1, 1), (24, 8), (25, 1), (8, 64), (4096, 4096)] {
            let shape = Shape::new(size, alignment, Some(count)).unwrap();
            let mut source = vec![0_u8; size];
            source[0] = 1;
            let before = DROPPED.load(Ordering::SeqCst);
            let mut kept = Place::new(shape).unwrap();
            assert_eq!(kept.pointer() as usize % alignment, 0);
            // SAFETY: source and target are as long as the shape.
            unsafe { kept.fill_from(source.as_ptr().cast()) };
            drop(kept);
            assert_eq!(DROPPED.load(Ordering::SeqCst), before + 1, "{size}");

            let mut moved = Place::new(shape).unwrap();
            let mut target = vec![0_u8; size];
            // SAFETY: as above.
            unsafe {
                moved.fill_from(source.as_ptr().cast());
                moved.move_to(target.as_mut_ptr().cast());
            }
            drop(moved);
            assert_eq!((DROPPED.load(Ordering::SeqCst), target), (before + 1, source), "{size}");
        }
    }

    #[test]
    fn shapes_without_sense_are_refused() {
        assert!(Shape::new(8, 3, None).is_err());
        assert!(Shape::new(8, 8192, None).is_err());
        assert!(Shape::new(usize::MAX, 8, None).is_err());
        assert!(Place::new(Shape::new(0, 64, None).unwrap()).is_ok());
    }
}
