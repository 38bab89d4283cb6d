//! Making an instance of a pipe, and opening one as a client.
//!
//! # Protocol
//! Both give a handle for overlapped use, as mio needs it, to mio, which closes it.

use crate::options::Instance;
use mio::windows::NamedPipe;
use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::{FromRawHandle, IntoRawHandle, OwnedHandle};
use std::ptr;
use windows_sys::Win32::Foundation::INVALID_HANDLE_VALUE;
use windows_sys::Win32::Storage::FileSystem::{
    FILE_FLAG_FIRST_PIPE_INSTANCE, FILE_FLAG_OVERLAPPED, PIPE_ACCESS_INBOUND, PIPE_ACCESS_OUTBOUND,
    SECURITY_IDENTIFICATION,
};
use windows_sys::Win32::System::Pipes::{
    CreateNamedPipeW, PIPE_READMODE_BYTE, PIPE_REJECT_REMOTE_CLIENTS, PIPE_TYPE_BYTE,
};

/// Makes an instance of the pipe `name`, a text of the form `\\.\pipe\…`.
///
/// # Errors
/// The system's error; a name with a zero in it is invalid.
pub fn create(name: &OsStr, instance: &Instance) -> io::Result<NamedPipe> {
    let mut wide: Vec<u16> = name.encode_wide().collect();
    if wide.contains(&0) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a zero in the name of a pipe"));
    }
    wide.push(0);
    let mut access = FILE_FLAG_OVERLAPPED;
    for (is_wanted, flag) in [
        (instance.is_first, FILE_FLAG_FIRST_PIPE_INSTANCE),
        (instance.is_inbound, PIPE_ACCESS_INBOUND),
        (instance.is_outbound, PIPE_ACCESS_OUTBOUND),
    ] {
        access |= if is_wanted { flag } else { 0 };
    }
    let remote = if instance.takes_remote { 0 } else { PIPE_REJECT_REMOTE_CLIENTS };
    // SAFETY: the name ends with a zero and lives as long as the call; no security attributes are
    // given, which the system allows.
    let handle = unsafe {
        CreateNamedPipeW(
            wide.as_ptr(),
            access,
            PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | remote,
            u32::from(instance.most_instances),
            instance.buffer_size,
            instance.buffer_size,
            0,
            ptr::null(),
        )
    };
    if handle == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call above made the handle just now, and nobody else knows it.
    Ok(unsafe { NamedPipe::from_raw_handle(handle.cast()) })
}

/// Opens the pipe `name` as a client.
///
/// # Errors
/// The system's error: [`NotFound`](io::ErrorKind::NotFound) without such a pipe, ERROR_PIPE_BUSY (231)
/// while no instance is free.
pub fn open(name: &OsStr, reads: bool, writes: bool) -> io::Result<NamedPipe> {
    let file = OpenOptions::new()
        .read(reads)
        .write(writes)
        .custom_flags(FILE_FLAG_OVERLAPPED)
        // A server must not act in the client's name: it might be anybody's.
        .security_qos_flags(SECURITY_IDENTIFICATION)
        .open(name)?;
    let handle = OwnedHandle::from(file).into_raw_handle();
    // SAFETY: the handle was owned here until now, and was opened for overlapped use.
    Ok(unsafe { NamedPipe::from_raw_handle(handle) })
}
