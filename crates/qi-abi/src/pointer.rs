//! Pointers that come from the other side: checked for null and alignment before they are used.
//!
//! That a pointer which passes both checks points to what it should is the caller's promise, stated
//! for each function in the header; no check could find out.

use std::slice;
use std::str;

use crate::code::Code;

/// Where a result is to be put.
pub(crate) struct Out<T>(*mut T);

// SAFETY: where a result goes is promised to stay and to be let alone until it is put there; so an
// operation may take it along to another thread.
unsafe impl<T: Send> Send for Out<T> {}

fn check<T>(pointer: *const T) -> Result<(), Code> {
    if pointer.is_null() {
        return Err(Code::ERR_NULL);
    }
    if !pointer.is_aligned() {
        return Err(Code::ERR_ALIGNMENT);
    }
    Ok(())
}

impl<T> Out<T> {
    /// # Safety
    /// A pointer that is not null and aligned must be valid for writing one `T` while this lives.
    pub(crate) unsafe fn new(pointer: *mut T) -> Result<Self, Code> {
        check(pointer)?;
        Ok(Self(pointer))
    }

    /// Writes the result. What was there is overwritten, not dropped: it may be uninitialised.
    pub(crate) fn put(&self, value: T) {
        // SAFETY: checked and promised in `new`.
        unsafe { self.0.write(value) };
    }
}

/// # Safety
/// A pointer that is not null and aligned must be valid for reading one `T` during `'a`.
pub(crate) unsafe fn read<'a, T>(pointer: *const T) -> Result<&'a T, Code> {
    check(pointer)?;
    // SAFETY: checked, and promised by the caller.
    Ok(unsafe { &*pointer })
}

/// # Safety
/// A pointer that is not null and aligned must be valid for reading `length` elements during `'a`.
pub(crate) unsafe fn elements<'a, T>(pointer: *const T, length: usize) -> Result<&'a [T], Code> {
    if length == 0 {
        return Ok(&[]);
    }
    check(pointer)?;
    fits::<T>(length)?;
    // SAFETY: checked, and promised by the caller.
    Ok(unsafe { slice::from_raw_parts(pointer, length) })
}

/// # Safety
/// As [`elements`], for bytes.
pub(crate) unsafe fn text<'a>(pointer: *const u8, length: usize) -> Result<&'a str, Code> {
    // SAFETY: the caller's promise is the one that `elements` asks for.
    let bytes = unsafe { elements(pointer, length) }?;
    str::from_utf8(bytes).map_err(|_| Code::ERR_UTF8)
}

/// Slices end at `isize::MAX` bytes.
fn fits<T>(length: usize) -> Result<(), Code> {
    let bytes = length.checked_mul(size_of::<T>()).ok_or(Code::ERR_INVALID)?;
    if isize::try_from(bytes).is_err() { Err(Code::ERR_INVALID) } else { Ok(()) }
}

/// Copies a text into a buffer of the other side, ended by a zero, cut at a character if need be;
/// returns the bytes that the whole text takes, without the zero.
///
/// # Safety
/// A `buffer` that is not null must be valid for writing `capacity` bytes.
pub(crate) unsafe fn copy_text(text: &str, buffer: *mut u8, capacity: usize) -> usize {
    if buffer.is_null() || capacity == 0 {
        return text.len();
    }
    let mut length = text.len().min(capacity - 1);
    while !text.is_char_boundary(length) {
        length -= 1;
    }
    // SAFETY: `length` bytes and a zero fit into `capacity`, which the caller promises; a Rust text
    // and a buffer for writing cannot overlap.
    unsafe {
        buffer.copy_from_nonoverlapping(text.as_ptr(), length);
        buffer.add(length).write(0);
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ptr;

    #[test]
    fn null_and_crooked_pointers_are_told_apart() {
        let words = [1_u64, 2];
        let crooked = words.as_ptr().cast::<u8>().wrapping_add(1).cast::<u64>();
        // SAFETY: pointers that do not pass the checks are not used.
        unsafe {
            assert_eq!(read::<u64>(ptr::null()).err(), Some(Code::ERR_NULL));
            assert_eq!(read(crooked).err(), Some(Code::ERR_ALIGNMENT));
            assert_eq!(read(words.as_ptr()), Ok(&1));
            assert_eq!(elements(words.as_ptr(), usize::MAX).err(), Some(Code::ERR_INVALID));
            assert_eq!(elements::<u64>(ptr::null(), 0), Ok(&[][..]));
            assert_eq!(text([0xff].as_ptr(), 1), Err(Code::ERR_UTF8));
        }
    }

    #[test]
    fn text_is_cut_at_a_character_and_always_ended() {
        let mut buffer = [0xaa_u8; 6];
        // SAFETY: the buffer is as long as is said.
        let whole = unsafe { copy_text("a通道", buffer.as_mut_ptr(), buffer.len()) };
        assert_eq!((whole, &buffer[..5]), (7, "a通\0".as_bytes()));
        // SAFETY: nothing is written to a null buffer.
        assert_eq!(unsafe { copy_text("ab", ptr::null_mut(), 9) }, 2);
    }
}
