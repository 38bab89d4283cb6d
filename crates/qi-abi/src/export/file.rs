//! Files.

use std::ffi::{c_char, c_void};

use qi_runtime::fs::OpenOptions;

use super::{FileRef, operation, polling, waiting};
use crate::buffer::{Room, Source};
use crate::code::Code;
use crate::file;
use crate::file_mode;
use crate::object;
use crate::pointer::{self, Out};
use crate::poll_context::{Key, PollContext};

/// The file can be read.
pub const QI_FILE_READ: u32 = 1;
/// It can be written.
pub const QI_FILE_WRITE: u32 = 2;
/// Each write goes to its end, wherever that is by then and whatever the offset says.
pub const QI_FILE_APPEND: u32 = 4;
/// It is made if it is not there.
pub const QI_FILE_CREATE: u32 = 8;
/// It must be made: one that is there is an error.
pub const QI_FILE_CREATE_NEW: u32 = 16;
/// It is emptied.
pub const QI_FILE_TRUNCATE: u32 = 32;

const ALL_FLAGS: u32 = 2 * QI_FILE_TRUNCATE - 1;

fn options(flags: u32, mode: u32) -> Result<OpenOptions, Code> {
    if flags & !ALL_FLAGS != 0 {
        return Err(Code::ERR_INVALID);
    }
    let has = |flag| flags & flag != 0;
    let mut options = OpenOptions::new();
    options.read(has(QI_FILE_READ)).write(has(QI_FILE_WRITE)).append(has(QI_FILE_APPEND));
    options.create(has(QI_FILE_CREATE)).create_new(has(QI_FILE_CREATE_NEW));
    options.truncate(has(QI_FILE_TRUNCATE));
    file_mode::set(&mut options, mode);
    Ok(options)
}

/// A path in memory of its own.
///
/// # Safety
/// `path` is valid for reading `length` bytes.
unsafe fn named(path: *const c_char, length: usize) -> Result<String, Code> {
    // SAFETY: as the caller promises.
    unsafe { pointer::text(path.cast(), length) }.map(str::to_owned)
}

/// Opens a file. `flags` are `QI_FILE_…`, or'ed; `mode` is what Unix permits others on a file that is
/// made, less the process's mask (0: 0666). The file is closed with its last reference, when no call is
/// inside it. Given up, it goes on unheard. SUSPENDS.
///
/// # Safety
/// `path` is valid for reading `length` bytes, `out` for writing a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_file_open(
    path: *const c_char,
    length: usize,
    flags: u32,
    mode: u32,
    out: *mut FileRef,
) -> i32 {
    // SAFETY: as the caller promises.
    let (path, to) = unsafe { (named(path, length), Out::new(out)) };
    waiting(|| Ok(file::opened(path?, options(flags, mode)?, to?)))
}

/// The twin of `qi_file_open` for poll functions. The path is copied by the first call.
///
/// # Safety
/// As `qi_file_open`, for `out` until the operation ends or is not asked for any more; `cx` is the poll
/// function's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_file_poll_open(
    cx: *mut PollContext,
    path: *const c_char,
    length: usize,
    flags: u32,
    mode: u32,
    out: *mut FileRef,
) -> i32 {
    // SAFETY: as the caller promises.
    let to = unsafe { Out::new(out) };
    let key = Key { handle: 0, operation: operation::OPEN, data: out as usize };
    polling(cx, key, move || {
        // SAFETY: as the caller promises.
        let path = unsafe { named(path, length) }?;
        Ok(file::opened(path, options(flags, mode)?, to?))
    })
}

/// Reads from `offset` on into `buffer`, and says how many bytes there were: fewer than `capacity` only
/// where the file ends. `QI_EOF` if there is none. Any number of tasks may do it at once. Given up, it goes
/// on unheard, and writes nothing to `buffer`. SUSPENDS.
///
/// # Safety
/// `buffer` is valid for writing `capacity` bytes, `count` for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_file_read_at(
    file: FileRef,
    buffer: *mut c_void,
    capacity: usize,
    offset: u64,
    count: *mut usize,
) -> i32 {
    // SAFETY: as the caller promises.
    let (room, count) = unsafe { (Room::new(buffer, capacity), Out::new(count)) };
    waiting(|| Ok(file::was_read(object::find(file)?, room?, offset, count?)))
}

/// The twin of `qi_file_read_at` for poll functions.
///
/// # Safety
/// As `qi_file_read_at`, until the operation ends or is not asked for any more; `cx` is the poll
/// function's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_file_poll_read_at(
    file: FileRef,
    cx: *mut PollContext,
    buffer: *mut c_void,
    capacity: usize,
    offset: u64,
    count: *mut usize,
) -> i32 {
    // SAFETY: as the caller promises.
    let (room, count) = unsafe { (Room::new(buffer, capacity), Out::new(count)) };
    let key = Key { handle: file, operation: operation::READ, data: buffer as usize };
    polling(cx, key, move || Ok(file::was_read(object::find(file)?, room?, offset, count?)))
}

/// Writes all of `length` bytes to `offset`; what lies between it and the former end becomes zeros. With
/// any other answer than `QI_OK` some of them may have been written. Given up, it goes on unheard. SUSPENDS.
///
/// # Safety
/// `bytes` is valid for reading `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_file_write_at(
    file: FileRef,
    bytes: *const c_void,
    length: usize,
    offset: u64,
) -> i32 {
    // SAFETY: as the caller promises.
    let source = unsafe { Source::new(bytes, length) };
    waiting(|| Ok(file::written(object::find(file)?, source?, offset)))
}

/// The twin of `qi_file_write_at` for poll functions.
///
/// # Safety
/// As `qi_file_write_at`, until the operation ends or is not asked for any more; `cx` is the poll
/// function's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_file_poll_write_at(
    file: FileRef,
    cx: *mut PollContext,
    bytes: *const c_void,
    length: usize,
    offset: u64,
) -> i32 {
    // SAFETY: as the caller promises.
    let source = unsafe { Source::new(bytes, length) };
    let key = Key { handle: file, operation: operation::WRITE, data: bytes as usize };
    polling(cx, key, move || Ok(file::written(object::find(file)?, source?, offset)))
}

fn key(file: u64, operation: u32) -> Key {
    Key { handle: file, operation, data: 0 }
}

/// Waits until what was written is stored where a loss of power does not take it. Given up, it goes on
/// unheard. SUSPENDS.
#[unsafe(no_mangle)]
pub extern "C" fn qi_file_sync(file: FileRef) -> i32 {
    waiting(|| Ok(file::synced(object::find(file)?)))
}

/// The twin of `qi_file_sync` for poll functions.
///
/// # Safety
/// `cx` is the poll function's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_file_poll_sync(file: FileRef, cx: *mut PollContext) -> i32 {
    polling(cx, key(file, operation::SYNC), move || Ok(file::synced(object::find(file)?)))
}

/// Finds out how many bytes a file has. Given up, it goes on unheard. SUSPENDS.
///
/// # Safety
/// `size` is valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_file_size(file: FileRef, size: *mut u64) -> i32 {
    // SAFETY: as the caller promises.
    let to = unsafe { Out::new(size) };
    waiting(|| Ok(file::measured(object::find(file)?, to?)))
}

/// The twin of `qi_file_size` for poll functions.
///
/// # Safety
/// As `qi_file_size`, until the operation ends or is not asked for any more; `cx` is the poll
/// function's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_file_poll_size(
    file: FileRef,
    cx: *mut PollContext,
    size: *mut u64,
) -> i32 {
    // SAFETY: as the caller promises.
    let to = unsafe { Out::new(size) };
    let key = Key { handle: file, operation: operation::SIZE, data: size as usize };
    polling(cx, key, move || Ok(file::measured(object::find(file)?, to?)))
}

/// Cuts a file off, or lengthens it with zeros. Given up, it goes on unheard. SUSPENDS.
#[unsafe(no_mangle)]
pub extern "C" fn qi_file_set_size(file: FileRef, size: u64) -> i32 {
    waiting(|| Ok(file::resized(object::find(file)?, size)))
}

/// The twin of `qi_file_set_size` for poll functions.
///
/// # Safety
/// `cx` is the poll function's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_file_poll_set_size(
    file: FileRef,
    cx: *mut PollContext,
    size: u64,
) -> i32 {
    polling(cx, key(file, operation::SET_SIZE), move || {
        Ok(file::resized(object::find(file)?, size))
    })
}

/// Removes a file by its path. Given up, it goes on unheard. SUSPENDS.
///
/// # Safety
/// `path` is valid for reading `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_file_remove(path: *const c_char, length: usize) -> i32 {
    // SAFETY: as the caller promises.
    let path = unsafe { named(path, length) };
    waiting(|| Ok(file::removed(path?)))
}

/// The twin of `qi_file_remove` for poll functions. The path is copied by the first call.
///
/// # Safety
/// As `qi_file_remove`; `cx` is the poll function's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_file_poll_remove(
    cx: *mut PollContext,
    path: *const c_char,
    length: usize,
) -> i32 {
    let key = Key { handle: 0, operation: operation::REMOVE, data: path as usize };
    polling(cx, key, move || {
        // SAFETY: as the caller promises.
        Ok(file::removed(unsafe { named(path, length) }?))
    })
}
