//! TCP: listening, connecting, reading, writing.

use std::ffi::{c_char, c_void};
use std::net::{Shutdown, SocketAddr};

use super::{TcpListenerRef, TcpRef, operation, polling, shell, waiting, waiting_for};
use crate::boundary;
use crate::buffer::{Room, Source, TextRoom};
use crate::code::Code;
use crate::net::{self, Listener, Stream};
use crate::object;
use crate::pointer::{self, Out};
use crate::poll_context::{Key, PollContext};

/// Nothing more is received.
pub const QI_SHUTDOWN_READ: i32 = 0;
/// Nothing more is sent; the peer is told.
pub const QI_SHUTDOWN_WRITE: i32 = 1;
/// Neither.
pub const QI_SHUTDOWN_BOTH: i32 = 2;

/// A buffer of so many bytes holds every address, its ending zero too.
pub const QI_ADDRESS_SIZE: usize = 64;

fn key(handle: u64, operation: u32, data: usize) -> Key {
    Key { handle, operation, data }
}

/// Writes an address, if there is one.
///
/// # Safety
/// `buffer` is null or valid for writing `capacity` bytes.
pub(super) unsafe fn tell(
    buffer: *mut c_char,
    capacity: usize,
    address: impl FnOnce() -> Result<SocketAddr, Code>,
) -> usize {
    boundary::value(0, || {
        let text = address().map(|address| address.to_string()).unwrap_or_default();
        // SAFETY: as the caller promises.
        unsafe { TextRoom::new(buffer, capacity) }.put(&text)
    })
}

/// Makes a socket that accepts connections at an address in numbers, `127.0.0.1:7000` or `[::1]:7000`;
/// port 0 is any free one. `QI_ERR_ADDRESS` if the text is none. It belongs to the runtime of the calling
/// thread and is closed with its last reference, when no call is inside it.
///
/// # Safety
/// `address` is valid for reading `length` bytes, `out` for writing a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_tcp_listen(
    address: *const c_char,
    length: usize,
    out: *mut TcpListenerRef,
) -> i32 {
    shell(|| {
        // SAFETY: as the caller promises.
        let (text, out) = unsafe { (pointer::text(address.cast(), length)?, Out::new(out)?) };
        out.put(object::publish(Listener::bind(net::address(text)?)?)?);
        Ok(Code::OK)
    })
}

/// Waits for a connection. While the process or the system is out of descriptors the connections wait
/// in the system's queue, and this with them. SUSPENDS.
///
/// # Safety
/// `out` is valid for writing a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_tcp_accept(listener: TcpListenerRef, out: *mut TcpRef) -> i32 {
    // SAFETY: as the caller promises.
    let to = unsafe { Out::new(out) };
    waiting(|| Ok(net::accepted(object::find(listener)?, to?)))
}

/// As `qi_tcp_accept`, for at most `timeout_ns` nanoseconds: then `QI_ERR_TIMEOUT`. SUSPENDS.
///
/// # Safety
/// As `qi_tcp_accept`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_tcp_accept_timeout(
    listener: TcpListenerRef,
    timeout_ns: u64,
    out: *mut TcpRef,
) -> i32 {
    // SAFETY: as the caller promises.
    let to = unsafe { Out::new(out) };
    waiting_for(timeout_ns, || Ok(net::accepted(object::find(listener)?, to?)))
}

/// The twin of `qi_tcp_accept` for poll functions.
///
/// # Safety
/// As `qi_tcp_accept`, until the operation ends or is not asked for any more; `cx` is the poll
/// function's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_tcp_poll_accept(
    listener: TcpListenerRef,
    cx: *mut PollContext,
    out: *mut TcpRef,
) -> i32 {
    // SAFETY: as the caller promises.
    let to = unsafe { Out::new(out) };
    polling(cx, key(listener, operation::ACCEPT, out as usize), move || {
        Ok(net::accepted(object::find(listener)?, to?))
    })
}

/// The address at which connections are accepted, as `qi_error_message` gives texts; empty if the
/// handle is none of a listener.
///
/// # Safety
/// As `qi_error_message`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_tcp_listener_address(
    listener: TcpListenerRef,
    buffer: *mut c_char,
    capacity: usize,
) -> usize {
    // SAFETY: as the caller promises.
    unsafe { tell(buffer, capacity, || object::find::<Listener>(listener)?.address()) }
}

/// Where to connect to, in memory of its own.
///
/// # Safety
/// `address` is valid for reading `length` bytes.
unsafe fn target(address: *const c_char, length: usize) -> Result<String, Code> {
    // SAFETY: as the caller promises.
    unsafe { pointer::text(address.cast(), length) }.map(str::to_owned)
}

/// Connects to an address, `127.0.0.1:7000`, `[::1]:7000` or `example.org:7000`; of several that a name
/// has, to the one that answers first. `QI_ERR_ADDRESS` if the text is no address or the name has
/// none. The connection belongs to the runtime of the calling thread and is closed with its last
/// reference, when no call is inside it. SUSPENDS.
///
/// # Safety
/// `address` is valid for reading `length` bytes, `out` for writing a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_tcp_connect(
    address: *const c_char,
    length: usize,
    out: *mut TcpRef,
) -> i32 {
    // SAFETY: as the caller promises.
    let (at, to) = unsafe { (target(address, length), Out::new(out)) };
    waiting(|| Ok(net::connected(at?, to?)))
}

/// As `qi_tcp_connect`, for at most `timeout_ns` nanoseconds: then `QI_ERR_TIMEOUT`. SUSPENDS.
///
/// # Safety
/// As `qi_tcp_connect`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_tcp_connect_timeout(
    address: *const c_char,
    length: usize,
    timeout_ns: u64,
    out: *mut TcpRef,
) -> i32 {
    // SAFETY: as the caller promises.
    let (at, to) = unsafe { (target(address, length), Out::new(out)) };
    waiting_for(timeout_ns, || Ok(net::connected(at?, to?)))
}

/// The twin of `qi_tcp_connect` for poll functions. The address is copied by the first call.
///
/// # Safety
/// As `qi_tcp_connect`, for `out` until the operation ends or is not asked for any more; `cx` is the poll
/// function's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_tcp_poll_connect(
    cx: *mut PollContext,
    address: *const c_char,
    length: usize,
    out: *mut TcpRef,
) -> i32 {
    // SAFETY: as the caller promises.
    let to = unsafe { Out::new(out) };
    polling(cx, key(0, operation::CONNECT, out as usize), move || {
        // SAFETY: as the caller promises.
        Ok(net::connected(unsafe { target(address, length) }?, to?))
    })
}

/// Reads at least a byte and at most `capacity` into `buffer`, and says how many. `QI_EOF` when the peer
/// has ended. Several tasks may read and write at once. SUSPENDS.
///
/// # Safety
/// `buffer` is valid for writing `capacity` bytes, `count` for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_tcp_read(
    stream: TcpRef,
    buffer: *mut c_void,
    capacity: usize,
    count: *mut usize,
) -> i32 {
    // SAFETY: as the caller promises.
    let (room, count) = unsafe { (Room::new(buffer, capacity), Out::new(count)) };
    waiting(|| Ok(net::was_read(object::find(stream)?, room?, count?)))
}

/// As `qi_tcp_read`, for at most `timeout_ns` nanoseconds: then `QI_ERR_TIMEOUT`, and no byte is lost.
/// SUSPENDS.
///
/// # Safety
/// As `qi_tcp_read`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_tcp_read_timeout(
    stream: TcpRef,
    buffer: *mut c_void,
    capacity: usize,
    timeout_ns: u64,
    count: *mut usize,
) -> i32 {
    // SAFETY: as the caller promises.
    let (room, count) = unsafe { (Room::new(buffer, capacity), Out::new(count)) };
    waiting_for(timeout_ns, || Ok(net::was_read(object::find(stream)?, room?, count?)))
}

/// The twin of `qi_tcp_read` for poll functions.
///
/// # Safety
/// As `qi_tcp_read`, until the operation ends or is not asked for any more; `cx` is the poll function's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_tcp_poll_read(
    stream: TcpRef,
    cx: *mut PollContext,
    buffer: *mut c_void,
    capacity: usize,
    count: *mut usize,
) -> i32 {
    // SAFETY: as the caller promises.
    let (room, count) = unsafe { (Room::new(buffer, capacity), Out::new(count)) };
    polling(cx, key(stream, operation::READ, buffer as usize), move || {
        Ok(net::was_read(object::find(stream)?, room?, count?))
    })
}

/// Writes as many of `length` bytes as there is room for, at least one, and says how many. SUSPENDS.
///
/// # Safety
/// `bytes` is valid for reading `length` bytes, `count` for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_tcp_write(
    stream: TcpRef,
    bytes: *const c_void,
    length: usize,
    count: *mut usize,
) -> i32 {
    // SAFETY: as the caller promises.
    let (source, count) = unsafe { (Source::new(bytes, length), Out::new(count)) };
    waiting(|| Ok(net::written(object::find(stream)?, source?, count?)))
}

/// As `qi_tcp_write`, for at most `timeout_ns` nanoseconds: then `QI_ERR_TIMEOUT`, and nothing was
/// written. SUSPENDS.
///
/// # Safety
/// As `qi_tcp_write`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_tcp_write_timeout(
    stream: TcpRef,
    bytes: *const c_void,
    length: usize,
    timeout_ns: u64,
    count: *mut usize,
) -> i32 {
    // SAFETY: as the caller promises.
    let (source, count) = unsafe { (Source::new(bytes, length), Out::new(count)) };
    waiting_for(timeout_ns, || Ok(net::written(object::find(stream)?, source?, count?)))
}

/// The twin of `qi_tcp_write` for poll functions.
///
/// # Safety
/// As `qi_tcp_write`, until the operation ends or is not asked for any more; `cx` is the poll
/// function's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_tcp_poll_write(
    stream: TcpRef,
    cx: *mut PollContext,
    bytes: *const c_void,
    length: usize,
    count: *mut usize,
) -> i32 {
    // SAFETY: as the caller promises.
    let (source, count) = unsafe { (Source::new(bytes, length), Out::new(count)) };
    polling(cx, key(stream, operation::WRITE, bytes as usize), move || {
        Ok(net::written(object::find(stream)?, source?, count?))
    })
}

/// Writes all of `length` bytes. With any other answer than `QI_OK` some of them may have been written:
/// given up, it may have written a part. SUSPENDS.
///
/// # Safety
/// `bytes` is valid for reading `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_tcp_write_all(
    stream: TcpRef,
    bytes: *const c_void,
    length: usize,
) -> i32 {
    // SAFETY: as the caller promises.
    let source = unsafe { Source::new(bytes, length) };
    waiting(|| Ok(net::all_written(object::find(stream)?, source?)))
}

/// Ends reading, writing or both (`QI_SHUTDOWN_…`), at once; whoever waits in this connection is told.
#[unsafe(no_mangle)]
pub extern "C" fn qi_tcp_shutdown(stream: TcpRef, how: i32) -> i32 {
    shell(|| {
        let how = match how {
            QI_SHUTDOWN_READ => Shutdown::Read,
            QI_SHUTDOWN_WRITE => Shutdown::Write,
            QI_SHUTDOWN_BOTH => Shutdown::Both,
            _ => return Err(Code::ERR_INVALID),
        };
        object::find::<Stream>(stream)?.shut_down(how).map(|()| Code::OK)
    })
}

/// Whether small writes are sent at once instead of being collected.
#[unsafe(no_mangle)]
pub extern "C" fn qi_tcp_set_nodelay(stream: TcpRef, is_on: bool) -> i32 {
    shell(|| object::find::<Stream>(stream)?.set_nodelay(is_on).map(|()| Code::OK))
}

/// This side's address, as `qi_error_message` gives texts; empty if there is none.
///
/// # Safety
/// As `qi_error_message`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_tcp_local_address(
    stream: TcpRef,
    buffer: *mut c_char,
    capacity: usize,
) -> usize {
    // SAFETY: as the caller promises.
    unsafe { tell(buffer, capacity, || object::find::<Stream>(stream)?.local_address()) }
}

/// The peer's address, as `qi_error_message` gives texts; empty if there is none.
///
/// # Safety
/// As `qi_error_message`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_tcp_peer_address(
    stream: TcpRef,
    buffer: *mut c_char,
    capacity: usize,
) -> usize {
    // SAFETY: as the caller promises.
    unsafe { tell(buffer, capacity, || object::find::<Stream>(stream)?.peer_address()) }
}
