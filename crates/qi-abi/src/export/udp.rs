//! UDP: datagrams, each sent and received as a whole or not at all.

use std::ffi::{c_char, c_void};
use std::net::SocketAddr;

use futures_util::FutureExt;

use super::{UdpRef, operation, polling, shell, waiting, waiting_for};
use crate::buffer::{Room, Source, TextRoom};
use crate::code::Code;
use crate::export::tcp::tell;
use crate::net::{self, Socket};
use crate::object;
use crate::pointer::{self, Out};
use crate::poll_context::{Key, PollContext};
use crate::runtime::Instance;

/// An address in numbers.
///
/// # Safety
/// `address` is valid for reading `length` bytes.
unsafe fn given(address: *const c_char, length: usize) -> Result<SocketAddr, Code> {
    // SAFETY: as the caller promises.
    net::address(unsafe { pointer::text(address.cast(), length) }?)
}

/// As [`given`]; null for the peer of the socket.
///
/// # Safety
/// `address` is null or valid for reading `length` bytes.
unsafe fn given_or_peer(address: *const c_char, length: usize) -> Result<Option<SocketAddr>, Code> {
    if address.is_null() {
        return Ok(None);
    }
    // SAFETY: as the caller promises.
    unsafe { given(address, length) }.map(Some)
}

/// Makes a socket for datagrams at an address in numbers, `127.0.0.1:7000` or `[::1]:7000`; port 0 is any
/// free one. `QI_ERR_ADDRESS` if the text is none. It belongs to the runtime of the calling thread and
/// is closed with its last reference, when no call is inside it.
///
/// # Safety
/// `address` is valid for reading `length` bytes, `out` for writing a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_udp_bind(
    address: *const c_char,
    length: usize,
    out: *mut UdpRef,
) -> i32 {
    shell(|| {
        // SAFETY: as the caller promises.
        let (at, out) = unsafe { (given(address, length)?, Out::new(out)?) };
        out.put(object::publish(Socket::bind(at)?)?);
        Ok(Code::OK)
    })
}

/// Chooses the peer of a socket, by an address in numbers: datagrams go there if nothing else is said,
/// and those of others are not received any more.
///
/// # Safety
/// `address` is valid for reading `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_udp_connect(
    socket: UdpRef,
    address: *const c_char,
    length: usize,
) -> i32 {
    shell(|| {
        // SAFETY: as the caller promises.
        let to = unsafe { given(address, length) }?;
        let socket = object::find::<Socket>(socket)?;
        let connected = Instance::here()?.enter(|| socket.connect(to).now_or_never());
        // An address in numbers is there at once.
        connected.unwrap_or(Err(Code::ERR_FAILED))
    })
}

/// Sends a datagram to an address in numbers, or to the peer if `address` is null. SUSPENDS.
///
/// # Safety
/// `bytes` is valid for reading `length` bytes, `address` is null or valid for reading `address_length`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_udp_send(
    socket: UdpRef,
    bytes: *const c_void,
    length: usize,
    address: *const c_char,
    address_length: usize,
) -> i32 {
    // SAFETY: as the caller promises.
    let (source, to) =
        unsafe { (Source::new(bytes, length), given_or_peer(address, address_length)) };
    waiting(|| Ok(net::sent(object::find(socket)?, source?, to?)))
}

/// The twin of `qi_udp_send` for poll functions. The address is copied by the first call.
///
/// # Safety
/// As `qi_udp_send`, for `bytes` until the operation ends or is not asked for any more; `cx` is the poll
/// function's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_udp_poll_send(
    socket: UdpRef,
    cx: *mut PollContext,
    bytes: *const c_void,
    length: usize,
    address: *const c_char,
    address_length: usize,
) -> i32 {
    // SAFETY: as the caller promises.
    let (source, to) =
        unsafe { (Source::new(bytes, length), given_or_peer(address, address_length)) };
    let key = Key { handle: socket, operation: operation::WRITE, data: bytes as usize };
    polling(cx, key, move || Ok(net::sent(object::find(socket)?, source?, to?)))
}

/// Receives a datagram into `buffer`, and says how many bytes it has and, unless `address` is null, who
/// sent it (`QI_ADDRESS_SIZE` bytes are enough). What does not fit is cut off; on Windows such a datagram
/// is an error. SUSPENDS.
///
/// # Safety
/// `buffer` is valid for writing `capacity` bytes, `count` for writing, `address` is null or valid for
/// writing `address_capacity` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_udp_recv(
    socket: UdpRef,
    buffer: *mut c_void,
    capacity: usize,
    count: *mut usize,
    address: *mut c_char,
    address_capacity: usize,
) -> i32 {
    // SAFETY: as the caller promises.
    let (room, count, from) = unsafe {
        let from = TextRoom::new(address, address_capacity);
        (Room::new(buffer, capacity), Out::new(count), from)
    };
    waiting(|| Ok(net::received(object::find(socket)?, room?, count?, from)))
}

/// As `qi_udp_recv`, for at most `timeout_ns` nanoseconds: then `QI_ERR_TIMEOUT`. SUSPENDS.
///
/// # Safety
/// As `qi_udp_recv`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_udp_recv_timeout(
    socket: UdpRef,
    buffer: *mut c_void,
    capacity: usize,
    timeout_ns: u64,
    count: *mut usize,
    address: *mut c_char,
    address_capacity: usize,
) -> i32 {
    // SAFETY: as the caller promises.
    let (room, count, from) = unsafe {
        let from = TextRoom::new(address, address_capacity);
        (Room::new(buffer, capacity), Out::new(count), from)
    };
    waiting_for(timeout_ns, || Ok(net::received(object::find(socket)?, room?, count?, from)))
}

/// The twin of `qi_udp_recv` for poll functions.
///
/// # Safety
/// As `qi_udp_recv`, until the operation ends or is not asked for any more; `cx` is the poll
/// function's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_udp_poll_recv(
    socket: UdpRef,
    cx: *mut PollContext,
    buffer: *mut c_void,
    capacity: usize,
    count: *mut usize,
    address: *mut c_char,
    address_capacity: usize,
) -> i32 {
    // SAFETY: as the caller promises.
    let (room, count, from) = unsafe {
        let from = TextRoom::new(address, address_capacity);
        (Room::new(buffer, capacity), Out::new(count), from)
    };
    let key = Key { handle: socket, operation: operation::READ, data: buffer as usize };
    polling(cx, key, move || Ok(net::received(object::find(socket)?, room?, count?, from)))
}

/// A socket's own address, as `qi_error_message` gives texts; empty if the handle is none of a socket.
///
/// # Safety
/// As `qi_error_message`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_udp_local_address(
    socket: UdpRef,
    buffer: *mut c_char,
    capacity: usize,
) -> usize {
    // SAFETY: as the caller promises.
    unsafe { tell(buffer, capacity, || object::find::<Socket>(socket)?.local_address()) }
}
