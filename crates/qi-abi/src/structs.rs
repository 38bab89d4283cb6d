//! Structs that cross the boundary begin with their size, so that one side may know more fields than
//! the other.
//!
//! * A struct that is shorter than the first version ever was is refused.
//! * One that is shorter than today's lacks fields: they are read as zero, which every later field
//!   must take to mean "as before".
//! * One that is longer was compiled against a newer header: if what this library does not know is
//!   zero, it was not used, and all is well; otherwise it is refused, as ignoring a wish would be
//!   worse. (The kernel's `copy_struct_from_user` does the same.)

use std::mem::MaybeUninit;

use crate::code::Code;
use crate::pointer;

/// Far more than any version will need: a larger size is no size but a stray value.
const LARGEST: usize = 4096;

/// A struct of C whose first field is `struct_size`.
///
/// # Safety
/// `#[repr(C)]`, its first field is a `u32`, and all bytes zero are a value of it.
pub(crate) unsafe trait Versioned: Copy {
    /// The size of its first version.
    const FIRST: usize;
}

/// Reads a struct, whatever version the caller has.
///
/// # Safety
/// A pointer that is not null and aligned must be valid for reading as many bytes as the `u32` at its
/// beginning says.
pub(crate) unsafe fn read<T: Versioned>(source: *const T) -> Result<T, Code> {
    // SAFETY: the caller promises at least the size, which is the first field.
    let given = *unsafe { pointer::read(source.cast::<u32>()) }? as usize;
    if !source.is_aligned() {
        return Err(Code::ERR_ALIGNMENT);
    }
    if !(T::FIRST..=LARGEST).contains(&given) {
        return Err(Code::ERR_STRUCT_SIZE);
    }
    if given == size_of::<T>() {
        // SAFETY: the caller promises as many bytes, aligned as was checked; whatever they are, they are a
        // value (`Versioned`: numbers, pointers, and functions, of which the caller's word is good).
        return Ok(unsafe { source.read() });
    }
    // SAFETY: `given` bytes can be read, as the caller promises.
    let bytes = unsafe { pointer::elements(source.cast::<u8>(), given) }?;
    let (known, unknown) = bytes.split_at(given.min(size_of::<T>()));
    if unknown.iter().any(|byte| *byte != 0) {
        return Err(Code::ERR_STRUCT_SIZE);
    }
    let mut value = MaybeUninit::<T>::zeroed();
    // SAFETY: `known` is no longer than a `T`; the rest stays zero, which is a value (`Versioned`).
    unsafe {
        value.as_mut_ptr().cast::<u8>().copy_from_nonoverlapping(known.as_ptr(), known.len());
        Ok(value.assume_init())
    }
}

/// Writes a struct, whatever version the caller has: no field that it lacks, and zeros to those that
/// this library does not know. What `value` has in its first field does not matter.
///
/// # Safety
/// A pointer that is not null and aligned must be valid for reading a `u32` at its beginning, and for
/// writing as many bytes as that says.
pub(crate) unsafe fn fill<T: Versioned>(
    target: *mut T,
    value: impl FnOnce() -> Result<T, Code>,
) -> Result<Code, Code> {
    // SAFETY: the caller promises at least the size, which is the first field.
    let given = *unsafe { pointer::read(target.cast_const().cast::<u32>()) }? as usize;
    if !target.is_aligned() {
        return Err(Code::ERR_ALIGNMENT);
    }
    if !(T::FIRST..=LARGEST).contains(&given) {
        return Err(Code::ERR_STRUCT_SIZE);
    }
    let value = value()?;
    let kept = size_of::<u32>();
    let known = given.min(size_of::<T>());
    let bytes = target.cast::<u8>();
    // SAFETY: `known` bytes are in the value, and `given` may be written, of which the first are the
    // size and stay; a value of this function's own does not overlap what the caller has.
    unsafe {
        let source = std::ptr::from_ref(&value).cast::<u8>();
        bytes.add(kept).copy_from_nonoverlapping(source.add(kept), known - kept);
        bytes.add(known).write_bytes(0, given - known);
    }
    Ok(Code::OK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[repr(C)]
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Sample {
        struct_size: u32,
        first: u32,
        later: u64,
    }

    // SAFETY: as the trait demands.
    unsafe impl Versioned for Sample {
        const FIRST: usize = 8;
    }

    #[repr(C)]
    struct Newer {
        sample: Sample,
        newest: u64,
    }

    fn sample(size: usize) -> Sample {
        Sample { struct_size: size as u32, first: 1, later: 2 }
    }

    fn reading(sample: &Sample) -> Result<Sample, Code> {
        // SAFETY: the sizes of these tests are never larger than what lies there.
        unsafe { read(sample) }
    }

    #[test]
    fn fields_that_the_caller_does_not_know_are_zero() {
        let read = reading(&sample(8)).unwrap();
        assert_eq!((read.first, read.later), (1, 0));
        assert_eq!(reading(&sample(16)).unwrap().later, 2);
    }

    #[test]
    fn sizes_that_no_version_has_are_refused() {
        for size in [0, 4, 7, LARGEST + 1] {
            assert_eq!(reading(&sample(size)), Err(Code::ERR_STRUCT_SIZE), "{size}");
        }
    }

    #[test]
    fn newer_struct_is_read_only_if_its_new_fields_are_unused() {
        let mut newer = Newer { sample: sample(24), newest: 0 };
        // SAFETY: 24 bytes lie there.
        let read_newer =
            |newer: &Newer| unsafe { read(std::ptr::from_ref(newer).cast::<Sample>()) };
        assert_eq!(read_newer(&newer).unwrap().later, 2);
        newer.newest = 1;
        assert_eq!(read_newer(&newer), Err(Code::ERR_STRUCT_SIZE));
    }

    #[test]
    fn no_more_is_written_than_the_caller_has_room_for_and_the_unknown_is_zero() {
        let value = || Ok(Sample { struct_size: 99, first: 5, later: 6 });
        let mut old = sample(8);
        // SAFETY: the sizes of this test are never larger than what lies there.
        assert_eq!(unsafe { fill(&mut old, value) }, Ok(Code::OK));
        assert_eq!(old, Sample { struct_size: 8, first: 5, later: 2 });
        let mut newer = Newer { sample: sample(24), newest: 7 };
        let target = std::ptr::from_mut(&mut newer).cast::<Sample>();
        // SAFETY: as above.
        assert_eq!(unsafe { fill(target, value) }, Ok(Code::OK));
        assert_eq!(newer.sample, Sample { struct_size: 24, first: 5, later: 6 });
        assert_eq!(newer.newest, 0);
        let mut small = sample(4);
        // SAFETY: as above.
        assert_eq!(unsafe { fill(&mut small, value) }, Err(Code::ERR_STRUCT_SIZE));
    }
}
