//! Memory of the other side that an operation reads or fills while it goes on, on whatever thread.
//!
//! Each is checked when it is handed over; that it stays until the operation ends, and that nobody else
//! touches it meanwhile, is the caller's promise, stated in the header.

use std::ffi::{c_char, c_void};
use std::slice;

use crate::code::Code;
use crate::pointer;

/// Bytes to be read.
pub(crate) struct Source {
    pointer: *const u8,
    length: usize,
}

// SAFETY: what it points to is promised to stay and to be let alone until the operation ends.
unsafe impl Send for Source {}

impl Source {
    /// # Safety
    /// A `pointer` that is not null must be valid for reading `length` bytes while this lives.
    pub(crate) unsafe fn new(pointer: *const c_void, length: usize) -> Result<Self, Code> {
        let pointer = pointer.cast::<u8>();
        // SAFETY: as the caller promises.
        unsafe { pointer::elements(pointer, length) }?;
        Ok(Self { pointer, length })
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        if self.length == 0 {
            return &[];
        }
        // SAFETY: checked and promised in `new`.
        unsafe { slice::from_raw_parts(self.pointer, self.length) }
    }
}

/// Bytes to be filled.
pub(crate) struct Room {
    pointer: *mut u8,
    length: usize,
}

// SAFETY: as for `Source`.
unsafe impl Send for Room {}

impl Room {
    /// # Safety
    /// A `pointer` that is not null must be valid for writing `length` bytes while this lives.
    pub(crate) unsafe fn new(pointer: *mut c_void, length: usize) -> Result<Self, Code> {
        let pointer = pointer.cast::<u8>();
        // SAFETY: what can be written can be read: any byte that came from outside is a value.
        unsafe { pointer::elements(pointer.cast_const(), length) }?;
        Ok(Self { pointer, length })
    }

    pub(crate) fn length(&self) -> usize {
        self.length
    }

    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        if self.length == 0 {
            return &mut [];
        }
        // SAFETY: checked and promised in `new`.
        unsafe { slice::from_raw_parts_mut(self.pointer, self.length) }
    }
}

/// Where a text goes, ended by a zero and cut to fit; nowhere, if it is not wanted.
pub(crate) struct TextRoom {
    pointer: *mut u8,
    capacity: usize,
}

// SAFETY: as for `Source`.
unsafe impl Send for TextRoom {}

impl TextRoom {
    /// # Safety
    /// `pointer` is null or valid for writing `capacity` bytes while this lives.
    pub(crate) unsafe fn new(pointer: *mut c_char, capacity: usize) -> Self {
        Self { pointer: pointer.cast(), capacity }
    }

    /// Returns the bytes of the whole text without the zero.
    pub(crate) fn put(&self, text: &str) -> usize {
        // SAFETY: as promised in `new`.
        unsafe { pointer::copy_text(text, self.pointer, self.capacity) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ptr;

    #[test]
    fn null_is_refused_unless_there_is_nothing_to_read_or_fill() {
        // SAFETY: pointers that do not pass the checks are not used.
        unsafe {
            assert_eq!(Source::new(ptr::null(), 1).err(), Some(Code::ERR_NULL));
            assert_eq!(Room::new(ptr::null_mut(), 1).err(), Some(Code::ERR_NULL));
            assert!(Source::new(ptr::null(), 0).unwrap().bytes().is_empty());
            assert!(Room::new(ptr::null_mut(), 0).unwrap().bytes().is_empty());
            let one = [1_u8];
            let too_long = Source::new(one.as_ptr().cast(), usize::MAX);
            assert_eq!(too_long.err(), Some(Code::ERR_INVALID));
        }
    }

    #[test]
    fn what_is_filled_is_the_callers_memory() {
        let mut memory = [0_u8; 3];
        // SAFETY: the memory is as long as is said.
        let mut room = unsafe { Room::new(memory.as_mut_ptr().cast(), 3) }.unwrap();
        assert_eq!(room.length(), 3);
        room.bytes()[1] = 7;
        assert_eq!(memory, [0, 7, 0]);
    }
}
