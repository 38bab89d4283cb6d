//! TCP that gives futures: operations are tried at once, and wait (`outside`) only where they must.
#![forbid(unsafe_code)]

use std::future::Future;
use std::io::{self, ErrorKind};
use std::net::Shutdown;

use qi_runtime::net::{TcpListener, TcpStream};
use qi_runtime::sync::CancellationToken;

use crate::strand::Value;
use crate::table::Table;
use crate::{bytes, outside, ready, run, text};

/// Numbers begin where the language has always begun.
static STREAMS: Table<TcpStream> = Table::beginning_at(1_000_000);
static LISTENERS: Table<Listener> = Table::beginning_at(2_000_000);

/// Bytes of a read that says no size.
const USUAL: usize = 4096;
/// Bytes of a read at most.
const MOST: i64 = 1 << 30;

struct Listener {
    listener: TcpListener,
    closed: CancellationToken,
}

/// A future of an operation: its address.
fn begin<F>(operation: F) -> usize
where
    F: Future<Output = Result<i64, String>> + Send + 'static,
{
    let end = async move {
        match operation.await {
            Ok(value) => (Value::Bits, value),
            Err(message) => (Value::Failure, text::keep(text::from_str(&message))),
        }
    };
    outside::begin(end).address()
}

fn at_once(outcome: Result<i64, String>) -> usize {
    match outcome {
        Ok(value) => ready::put(Value::Bits, value),
        Err(message) => ready::put_text(Value::Failure, text::from_str(&message)),
    }
}

fn failed(chinese: &str, english: &str, error: &dyn std::fmt::Display) -> String {
    format!("{chinese} ({english}): {error}")
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// Connects; the future has the stream's number.
pub(crate) fn connect(host: String, port: u16) -> usize {
    begin(async move {
        let connected = TcpStream::connect((host.as_str(), port)).await;
        let stream = connected.map_err(|error| {
            failed(&format!("连接 {host}:{port} 失败"), "cannot connect", &error)
        })?;
        Ok(keep(stream))
    })
}

fn keep(stream: TcpStream) -> i64 {
    // Small messages at once; where that cannot be had they come a little later.
    drop(stream.set_nodelay(true));
    STREAMS.add(stream)
}

/// Reads some bytes; the future has their number, or 0 at the end.
pub(crate) fn read(number: i64, size: i64) -> usize {
    let Some(stream) = STREAMS.get(number) else { return at_once(Err(no_stream(number))) };
    let size = if size > 0 { usize::try_from(size.min(MOST)).unwrap_or(USUAL) } else { USUAL };
    match run::handle().enter(|| read_now(&stream, size)) {
        Some(outcome) => at_once(outcome),
        None => begin(async move {
            loop {
                stream.readable().await.map_err(|error| read_failed(&error))?;
                if let Some(outcome) = read_now(&stream, size) {
                    return outcome;
                }
            }
        }),
    }
}

fn no_stream(number: i64) -> String {
    failed("没有这个 TCP 连接", "no such TCP stream", &number)
}

fn read_failed(error: &io::Error) -> String {
    failed("读取失败", "cannot read", error)
}

/// `None` if there is nothing yet.
fn read_now(stream: &TcpStream, size: usize) -> Option<Result<i64, String>> {
    let mut buffer = vec![0; size];
    match stream.try_read(&mut buffer) {
        Ok(0) => Some(Ok(0)),
        Ok(length) => Some(bytes::give(&buffer[..length]).ok_or_else(no_bytes)),
        Err(error) if error.kind() == ErrorKind::WouldBlock => None,
        Err(error) => Some(Err(read_failed(&error))),
    }
}

fn no_bytes() -> String {
    "链接的语言库没有字节模块 (the language's library that is linked has no bytes)".into()
}

/// Writes all of the library's bytes; the future has how many these were.
pub(crate) fn write(number: i64, of: i64) -> usize {
    let Some(stream) = STREAMS.get(number) else { return at_once(Err(no_stream(number))) };
    let Some(data) = bytes::copy(of) else {
        return at_once(Err(failed("没有这些字节", "no such bytes", &of)));
    };
    let mut done = 0;
    match run::handle().enter(|| write_now(&stream, &data, &mut done)) {
        Some(outcome) => at_once(outcome),
        None => begin(async move {
            loop {
                stream.writable().await.map_err(|error| write_failed(&error))?;
                if let Some(outcome) = write_now(&stream, &data, &mut done) {
                    return outcome;
                }
            }
        }),
    }
}

fn write_failed(error: &io::Error) -> String {
    failed("写入失败", "cannot write", error)
}

/// `None` if there is no room yet.
fn write_now(stream: &TcpStream, data: &[u8], done: &mut usize) -> Option<Result<i64, String>> {
    while *done < data.len() {
        match stream.try_write(&data[*done..]) {
            Ok(length) => *done += length,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
            Err(error) => return Some(Err(write_failed(&error))),
        }
    }
    Some(Ok(count(data.len())))
}

/// Ends a stream, and operations on it that wait; whether it was there.
pub(crate) fn close(number: i64) -> bool {
    let Some(stream) = STREAMS.remove(number) else { return false };
    // Whoever waits sees the end; one that the peer has ended already needs no more.
    drop(stream.shutdown(Shutdown::Both));
    true
}

/// Listens; the future has the listener's number.
pub(crate) fn listen(host: String, port: u16) -> usize {
    begin(async move {
        let bound = TcpListener::bind((host.as_str(), port)).await;
        let listener = bound.map_err(|error| {
            failed(&format!("监听 {host}:{port} 失败"), "cannot listen", &error)
        })?;
        Ok(LISTENERS.add(Listener { listener, closed: CancellationToken::new() }))
    })
}

/// Takes the next stream; the future has its number, or -1 when the listener is closed or fails.
pub(crate) fn accept(number: i64) -> usize {
    let Some(listener) = LISTENERS.get(number) else {
        return at_once(Err(failed("没有这个监听", "no such listener", &number)));
    };
    begin(async move {
        let closed = listener.closed.cancelled();
        let accepted = qi_runtime::select! {
            accepted = listener.listener.accept() => accepted.ok(),
            () = closed => None,
        };
        Ok(accepted.map_or(-1, |(stream, _)| keep(stream)))
    })
}

/// Ends a listener, and what waits for it; whether it was there.
pub(crate) fn close_listener(number: i64) -> bool {
    let Some(listener) = LISTENERS.remove(number) else { return false };
    listener.closed.cancel();
    true
}

/// The port of a listener.
pub(crate) fn port(number: i64) -> Option<u16> {
    LISTENERS.get(number)?.listener.local_addr().ok().map(|address| address.port())
}
