//! What travels, and when it arrives.
#![forbid(unsafe_code)]

use std::cmp::Ordering;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// One of the two ends of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    /// Who connected.
    Client,
    /// Who accepted.
    Server,
}

impl Side {
    pub(super) fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// A part of a stream.
#[derive(Debug)]
pub(super) enum Piece {
    Bytes(Vec<u8>),
    End,
}

/// What travels.
#[derive(Debug)]
pub(super) enum Content {
    /// A wish to connect.
    Dial {
        dial: u64,
    },
    /// The answer: the connection, or nobody listens.
    Answer {
        dial: u64,
        connection: Option<u64>,
    },
    /// A piece of a stream, with its number.
    Piece {
        connection: u64,
        to: Side,
        number: u64,
        piece: Piece,
    },
    /// The stream is broken off.
    Reset {
        connection: u64,
        to: Side,
    },
    Datagram(Vec<u8>),
}

/// Content with its way.
#[derive(Debug)]
pub(super) struct Packet {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    pub(super) content: Content,
}

impl Packet {
    pub(super) fn is_datagram(&self) -> bool {
        matches!(self.content, Content::Datagram(_))
    }

    /// Whether it travels between these two.
    pub(super) fn is_between(&self, one: IpAddr, other: IpAddr) -> bool {
        let (from, to) = (self.from.ip(), self.to.ip());
        (from, to) == (one, other) || (from, to) == (other, one)
    }
}

impl fmt::Display for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}: ", self.from, self.to)?;
        match &self.content {
            Content::Dial { .. } => f.write_str("wants to connect"),
            Content::Answer { connection: Some(_), .. } => f.write_str("is connected"),
            Content::Answer { connection: None, .. } => f.write_str("is refused"),
            Content::Piece { number, piece: Piece::Bytes(bytes), .. } => {
                write!(f, "piece {number}, {} bytes", bytes.len())
            }
            Content::Piece { number, piece: Piece::End, .. } => {
                write!(f, "piece {number}, the end")
            }
            Content::Reset { .. } => f.write_str("reset"),
            Content::Datagram(bytes) => write!(f, "datagram, {} bytes", bytes.len()),
        }
    }
}

/// A packet on its way. The earliest is the greatest, for a heap; of two that arrive at once the one that
/// was sent first.
#[derive(Debug)]
pub(super) struct Due {
    pub(super) at: Duration,
    pub(super) sent: u64,
    pub(super) packet: Packet,
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.sent).cmp(&(self.at, self.sent))
    }
}
