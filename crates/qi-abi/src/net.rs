//! Sockets behind handles, and what is waited for at them.
#![forbid(unsafe_code)]

use std::future::poll_fn;
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::pin::Pin;

use futures_util::io::{AsyncRead, AsyncWrite};
use qi_runtime::net::{TcpListener, TcpStream, UdpSocket, lookup_host};

use crate::buffer::{Room, Source, TextRoom};
use crate::code::Code;
use crate::io_code;
use crate::object::{self, Here};
use crate::pointer::Out;
use crate::runtime::Instance;

/// A socket that accepts connections.
pub(crate) struct Listener(TcpListener);

/// A connection.
pub(crate) struct Stream(TcpStream);

/// A socket for datagrams.
pub(crate) struct Socket(UdpSocket);

fn code(error: io::Error) -> Code {
    io_code::of(&error)
}

/// An address in numbers: no name is looked up, so this waits for nothing.
pub(crate) fn address(text: &str) -> Result<SocketAddr, Code> {
    text.parse().map_err(|_| Code::ERR_ADDRESS)
}

impl Listener {
    pub(crate) fn bind(at: SocketAddr) -> Result<Self, Code> {
        let runtime = Instance::of(0)?;
        let bound = std::net::TcpListener::bind(at).map_err(code)?;
        runtime.enter(|| TcpListener::from_std(bound)).map(Self).map_err(code)
    }

    pub(crate) fn address(&self) -> Result<SocketAddr, Code> {
        self.0.local_addr().map_err(code)
    }
}

/// Waits for a connection, and gives it to the caller.
pub(crate) async fn accepted(listener: Here<Listener>, to: Out<u64>) -> Result<Code, Code> {
    let (stream, _peer) = listener.0.accept().await.map_err(code)?;
    to.put(object::publish(Stream(stream))?);
    Ok(Code::OK)
}

/// Connects, and gives the connection to the caller.
pub(crate) async fn connected(at: String, to: Out<u64>) -> Result<Code, Code> {
    let found = lookup_host(at).await.map_err(|error| io_code::of_lookup(&error))?;
    let addresses: Vec<SocketAddr> = found.collect();
    let stream = TcpStream::connect(addresses).await.map_err(code)?;
    to.put(object::publish(Stream(stream))?);
    Ok(Code::OK)
}

impl Stream {
    async fn write(&self, bytes: &[u8]) -> Result<usize, Code> {
        poll_fn(|cx| Pin::new(&mut &self.0).poll_write(cx, bytes)).await.map_err(code)
    }

    pub(crate) fn shut_down(&self, how: Shutdown) -> Result<(), Code> {
        self.0.shutdown(how).map_err(code)
    }

    pub(crate) fn set_nodelay(&self, is_on: bool) -> Result<(), Code> {
        self.0.set_nodelay(is_on).map_err(code)
    }

    pub(crate) fn local_address(&self) -> Result<SocketAddr, Code> {
        self.0.local_addr().map_err(code)
    }

    pub(crate) fn peer_address(&self) -> Result<SocketAddr, Code> {
        self.0.peer_addr().map_err(code)
    }
}

/// Reads what is there, and says how much.
pub(crate) async fn was_read(
    stream: Here<Stream>,
    mut room: Room,
    count: Out<usize>,
) -> Result<Code, Code> {
    let reading = poll_fn(|cx| Pin::new(&mut &stream.0).poll_read(cx, room.bytes()));
    let length = reading.await.map_err(code)?;
    if length == 0 && room.length() > 0 {
        return Ok(Code::EOF);
    }
    count.put(length);
    Ok(Code::OK)
}

/// Writes what there is room for, and says how much.
pub(crate) async fn written(
    stream: Here<Stream>,
    source: Source,
    count: Out<usize>,
) -> Result<Code, Code> {
    let length = stream.write(source.bytes()).await?;
    count.put(length);
    Ok(Code::OK)
}

/// Writes everything.
pub(crate) async fn all_written(stream: Here<Stream>, source: Source) -> Result<Code, Code> {
    let mut rest = source.bytes();
    while !rest.is_empty() {
        let length = stream.write(rest).await?;
        if length == 0 {
            return Err(Code::ERR_CLOSED);
        }
        rest = &rest[length..];
    }
    Ok(Code::OK)
}

impl Socket {
    pub(crate) fn bind(at: SocketAddr) -> Result<Self, Code> {
        let runtime = Instance::of(0)?;
        let bound = std::net::UdpSocket::bind(at).map_err(code)?;
        runtime.enter(|| UdpSocket::from_std(bound)).map(Self).map_err(code)
    }

    /// Waits for nothing, as the address is one in numbers.
    pub(crate) async fn connect(&self, to: SocketAddr) -> Result<Code, Code> {
        self.0.connect(to).await.map(|()| Code::OK).map_err(code)
    }

    pub(crate) fn local_address(&self) -> Result<SocketAddr, Code> {
        self.0.local_addr().map_err(code)
    }
}

/// Sends a datagram, to the socket's peer if no address is given.
pub(crate) async fn sent(
    socket: Here<Socket>,
    source: Source,
    to: Option<SocketAddr>,
) -> Result<Code, Code> {
    let length = match to {
        Some(to) => socket.0.send_to(source.bytes(), to).await,
        None => socket.0.send(source.bytes()).await,
    };
    // A datagram goes as a whole or not at all.
    length.map(|_| Code::OK).map_err(code)
}

/// Receives a datagram, and says how long it is and who sent it.
pub(crate) async fn received(
    socket: Here<Socket>,
    mut room: Room,
    count: Out<usize>,
    from: TextRoom,
) -> Result<Code, Code> {
    let (length, sender) = socket.0.recv_from(room.bytes()).await.map_err(code)?;
    count.put(length);
    from.put(&sender.to_string());
    Ok(Code::OK)
}
