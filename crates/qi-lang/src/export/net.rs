//! TCP.

use std::ffi::{c_char, c_void};

use crate::{here, net};

/// Connects; the future has the stream's number.
///
/// # Safety
/// Null, or a string that ends with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_network_async_tcp_connect(
    host: *const c_char,
    port: u16,
) -> *mut c_void {
    here::settle();
    // SAFETY: the caller's word.
    net::connect(unsafe { super::text(host) }, port) as *mut c_void
}

/// Reads at most so many bytes; the future has the number of bytes of the language's library, or 0 at
/// the end of the stream.
#[unsafe(no_mangle)]
pub extern "C" fn qi_network_async_tcp_read_bytes(stream: i64, size: i64) -> *mut c_void {
    here::settle();
    net::read(stream, size) as *mut c_void
}

/// Writes bytes of the language's library; the future has how many.
#[unsafe(no_mangle)]
pub extern "C" fn qi_network_async_tcp_write_bytes(stream: i64, bytes: i64) -> *mut c_void {
    here::settle();
    net::write(stream, bytes) as *mut c_void
}

/// Ends a stream: 1, or 0 if there is no such one.
#[unsafe(no_mangle)]
pub extern "C" fn qi_network_async_tcp_close(stream: i64) -> i64 {
    here::settle();
    i64::from(net::close(stream))
}

/// Listens; the future has the listener's number.
///
/// # Safety
/// Null, or a string that ends with NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_network_async_tcp_listen(
    host: *const c_char,
    port: u16,
) -> *mut c_void {
    here::settle();
    // SAFETY: the caller's word.
    net::listen(unsafe { super::text(host) }, port) as *mut c_void
}

/// Takes the next stream; the future has its number, or -1 when the listener is closed.
#[unsafe(no_mangle)]
pub extern "C" fn qi_network_async_tcp_accept(listener: i64) -> *mut c_void {
    here::settle();
    net::accept(listener) as *mut c_void
}

/// Ends a listener: 1, or 0 if there is no such one.
#[unsafe(no_mangle)]
pub extern "C" fn qi_network_async_tcp_listener_close(listener: i64) -> i64 {
    here::settle();
    i64::from(net::close_listener(listener))
}

/// The port of a listener, -1 if there is no such one. New: for listeners on port 0.
#[unsafe(no_mangle)]
pub extern "C" fn qi_network_async_tcp_listener_port(listener: i64) -> i64 {
    here::settle();
    net::port(listener).map_or(-1, i64::from)
}
