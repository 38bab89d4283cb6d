//! A stream between two hosts: what each end has received, and may still send.
#![forbid(unsafe_code)]

use super::packet::{Piece, Side};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::task::Waker;

/// Bytes that may be under way to an end, or lie there unread.
pub(super) const WINDOW: usize = 64 * 1024;

/// A connection.
#[derive(Debug)]
pub(super) struct Connection {
    client: End,
    server: End,
}

/// One end.
#[derive(Debug)]
pub(super) struct End {
    pub(super) address: SocketAddr,
    /// Bytes to be read.
    pub(super) inbox: VecDeque<u8>,
    /// Pieces that came before their turn.
    early: BTreeMap<u64, Piece>,
    /// The number of the piece whose turn it is.
    expected: u64,
    /// The number of the next piece that is sent from here.
    next: u64,
    /// Bytes sent from here that the other end has not read.
    pub(super) unread: usize,
    /// The other end sends no more.
    ended: bool,
    /// This end reads no more.
    deaf: bool,
    /// This end sends no more.
    pub(super) finished: bool,
    /// Broken off.
    pub(super) reset: bool,
    /// Nobody holds this end any more.
    pub(super) gone: bool,
    waiting: Vec<Waker>,
}

impl End {
    fn new(address: SocketAddr) -> Self {
        Self {
            address,
            inbox: VecDeque::new(),
            early: BTreeMap::new(),
            expected: 0,
            next: 0,
            unread: 0,
            ended: false,
            deaf: false,
            finished: false,
            reset: false,
            gone: false,
            waiting: Vec::new(),
        }
    }

    /// The number of the piece that is sent now.
    pub(super) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }

    /// What a read that finds no bytes comes to; `None`: it waits.
    pub(super) fn empty_read(&self) -> Option<io::Result<usize>> {
        if self.reset {
            return Some(Err(io::ErrorKind::ConnectionReset.into()));
        }
        self.ended.then_some(Ok(0))
    }

    /// What keeps this end from writing for ever.
    pub(super) fn write_error(&self) -> Option<io::Error> {
        if self.reset {
            return Some(io::ErrorKind::ConnectionReset.into());
        }
        self.finished.then(|| io::ErrorKind::BrokenPipe.into())
    }

    pub(super) fn room(&self) -> usize {
        WINDOW - self.unread.min(WINDOW)
    }

    pub(super) fn wait(&mut self, waker: &Waker) {
        if !self.waiting.iter().any(|other| other.will_wake(waker)) {
            self.waiting.push(waker.clone());
        }
    }

    pub(super) fn wake(&mut self, woken: &mut Vec<Waker>) {
        woken.append(&mut self.waiting);
    }
}

impl Connection {
    pub(super) fn new(client: SocketAddr, server: SocketAddr) -> Self {
        Self { client: End::new(client), server: End::new(server) }
    }

    pub(super) fn end(&self, side: Side) -> &End {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }

    pub(super) fn end_mut(&mut self, side: Side) -> &mut End {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    /// A piece has arrived: what is in turn now can be read. `false`: nobody is there to read it.
    pub(super) fn receive(
        &mut self,
        to: Side,
        number: u64,
        piece: Piece,
        woken: &mut Vec<Waker>,
    ) -> bool {
        let end = self.end_mut(to);
        if end.gone {
            return matches!(piece, Piece::End);
        }
        if end.reset {
            return true;
        }
        end.early.insert(number, piece);
        let mut unheard = 0;
        while let Some(piece) = end.early.remove(&end.expected) {
            end.expected += 1;
            match piece {
                Piece::Bytes(bytes) if end.deaf => unheard += bytes.len(),
                Piece::Bytes(bytes) => end.inbox.extend(bytes),
                Piece::End => end.ended = true,
            }
        }
        end.wake(woken);
        let sender = self.end_mut(to.other());
        sender.unread -= unheard.min(sender.unread);
        true
    }

    /// Moves bytes out of an end's inbox; the other end may send as many more.
    pub(super) fn read(&mut self, side: Side, buffer: &mut [u8], woken: &mut Vec<Waker>) -> usize {
        let end = self.end_mut(side);
        let count = buffer.len().min(end.inbox.len());
        for (place, byte) in buffer.iter_mut().zip(end.inbox.drain(..count)) {
            *place = byte;
        }
        let sender = self.end_mut(side.other());
        sender.unread -= count.min(sender.unread);
        sender.wake(woken);
        count
    }

    /// This end reads no more: what is there is dropped, and so is what comes.
    pub(super) fn stop_reading(&mut self, side: Side, woken: &mut Vec<Waker>) {
        let end = self.end_mut(side);
        end.ended = true;
        end.deaf = true;
        let dropped = std::mem::take(&mut end.inbox).len();
        end.wake(woken);
        let sender = self.end_mut(side.other());
        sender.unread -= dropped.min(sender.unread);
        sender.wake(woken);
    }

    /// Breaks one end off.
    pub(super) fn reset(&mut self, side: Side, woken: &mut Vec<Waker>) {
        let end = self.end_mut(side);
        end.reset = true;
        end.inbox.clear();
        end.early.clear();
        end.wake(woken);
    }

    /// Whether nobody holds either end.
    pub(super) fn is_over(&self) -> bool {
        self.client.gone && self.server.gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection() -> Connection {
        let address = |port| SocketAddr::from(([10, 0, 0, 1], port));
        Connection::new(address(1), address(2))
    }

    fn bytes(text: &str) -> Piece {
        Piece::Bytes(text.as_bytes().to_vec())
    }

    #[test]
    fn pieces_are_read_in_the_order_in_which_they_were_sent() {
        let (mut connection, mut woken) = (connection(), Vec::new());
        let mut buffer = [0; 8];
        assert!(connection.receive(Side::Server, 1, bytes("cd"), &mut woken));
        assert!(connection.receive(Side::Server, 2, Piece::End, &mut woken));
        assert_eq!(connection.read(Side::Server, &mut buffer, &mut woken), 0);
        assert!(connection.end(Side::Server).empty_read().is_none(), "the first is not there yet");
        assert!(connection.receive(Side::Server, 0, bytes("ab"), &mut woken));
        assert_eq!(connection.read(Side::Server, &mut buffer, &mut woken), 4);
        assert_eq!(&buffer[..4], b"abcd");
        assert_eq!(connection.end(Side::Server).empty_read().unwrap().unwrap(), 0);
    }

    #[test]
    fn what_was_read_makes_room_and_wakes_the_sender() {
        let (mut connection, mut woken) = (connection(), Vec::new());
        connection.end_mut(Side::Client).unread = WINDOW;
        assert_eq!(connection.end(Side::Client).room(), 0);
        connection.end_mut(Side::Client).wait(Waker::noop());
        assert!(connection.receive(Side::Server, 0, bytes("abc"), &mut woken));
        connection.read(Side::Server, &mut [0; 2], &mut woken);
        assert_eq!(connection.end(Side::Client).room(), 2);
        assert_eq!(woken.len(), 1);
    }

    #[test]
    fn a_reset_end_neither_reads_what_is_left_nor_writes() {
        let (mut connection, mut woken) = (connection(), Vec::new());
        assert!(connection.receive(Side::Client, 0, bytes("abc"), &mut woken));
        connection.reset(Side::Client, &mut woken);
        let end = connection.end(Side::Client);
        assert!(end.inbox.is_empty());
        assert_eq!(end.empty_read().unwrap().unwrap_err().kind(), io::ErrorKind::ConnectionReset);
        assert!(end.write_error().is_some());
        assert!(!connection.is_over());
    }
}
