//! All that the network knows, and what becomes of packets that arrive.
#![forbid(unsafe_code)]

use super::connection::Connection;
use super::link::Link;
use super::packet::{Content, Due, Packet, Piece, Side};
use crate::simulation::dice::Dice;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::io;
use std::mem;
use std::net::{IpAddr, SocketAddr};
use std::task::Waker;
use std::time::Duration;

/// The first port that is given to who does not choose one.
const FIRST_PORT: u16 = 49_152;

/// Datagrams that wait at a socket; more are lost.
const MOST_DATAGRAMS: usize = 1_024;

/// The network.
#[derive(Debug)]
pub(super) struct State {
    pub(super) hosts: Vec<(String, IpAddr)>,
    pub(super) link: Link,
    pub(super) links: Vec<(IpAddr, IpAddr, Link)>,
    /// Pairs of hosts that do not reach each other.
    cuts: Vec<(IpAddr, IpAddr)>,
    queue: BinaryHeap<Due>,
    /// Packets of streams between hosts that are cut off.
    held: Vec<Due>,
    sent: u64,
    last_id: u64,
    next_port: u16,
    pub(super) listeners: BTreeMap<SocketAddr, Listener>,
    pub(super) sockets: BTreeMap<SocketAddr, Socket>,
    pub(super) connections: BTreeMap<u64, Connection>,
    pub(super) dials: BTreeMap<u64, Dial>,
    pub(super) dice: Dice,
    pub(super) log: Vec<String>,
}

/// Somebody listens.
#[derive(Debug, Default)]
pub(super) struct Listener {
    pub(super) queue: VecDeque<u64>,
    pub(super) waiting: Vec<Waker>,
}

/// A socket for datagrams.
#[derive(Debug, Default)]
pub(super) struct Socket {
    pub(super) inbox: VecDeque<(SocketAddr, Vec<u8>)>,
    pub(super) waiting: Vec<Waker>,
}

/// Somebody wants to connect.
#[derive(Debug, Default)]
pub(super) struct Dial {
    /// The answer.
    pub(super) answer: Option<Option<u64>>,
    pub(super) waiting: Vec<Waker>,
}

impl State {
    pub(super) fn new(dice: Dice, link: Link) -> Self {
        Self {
            hosts: Vec::new(),
            link,
            links: Vec::new(),
            cuts: Vec::new(),
            queue: BinaryHeap::new(),
            held: Vec::new(),
            sent: 0,
            last_id: 0,
            next_port: FIRST_PORT,
            listeners: BTreeMap::new(),
            sockets: BTreeMap::new(),
            connections: BTreeMap::new(),
            dials: BTreeMap::new(),
            dice,
            log: Vec::new(),
        }
    }

    /// A number for a connection, or for a wish for one.
    pub(super) fn fresh_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// An address of this host that nobody uses; with a port of its own if that is zero.
    pub(super) fn bind(&mut self, address: SocketAddr, datagrams: bool) -> io::Result<SocketAddr> {
        let is_taken = |state: &Self, address: &SocketAddr| match datagrams {
            true => state.sockets.contains_key(address),
            false => state.listeners.contains_key(address),
        };
        if address.port() != 0 {
            if is_taken(self, &address) {
                return Err(io::ErrorKind::AddrInUse.into());
            }
            return Ok(address);
        }
        for _ in FIRST_PORT..=u16::MAX {
            let candidate = SocketAddr::new(address.ip(), self.next_port);
            self.next_port = self.next_port.checked_add(1).unwrap_or(FIRST_PORT);
            if !is_taken(self, &candidate) {
                return Ok(candidate);
            }
        }
        Err(io::ErrorKind::AddrInUse.into())
    }

    fn link(&self, one: IpAddr, other: IpAddr) -> Link {
        let own = self
            .links
            .iter()
            .find(|(a, b, _)| (*a, *b) == (one, other) || (*b, *a) == (one, other));
        own.map_or_else(|| self.link.clone(), |(_, _, link)| link.clone())
    }

    /// Sends a packet off.
    pub(super) fn send(&mut self, now: Duration, packet: Packet) {
        let link = self.link(packet.from.ip(), packet.to.ip());
        if packet.is_datagram() {
            if link.loses(&mut self.dice) {
                self.log.push(format!("{packet} is lost"));
                return;
            }
            if link.doubles(&mut self.dice) {
                if let Content::Datagram(bytes) = &packet.content {
                    let copy = Content::Datagram(bytes.clone());
                    let at = now + link.delay(&mut self.dice);
                    self.enqueue(at, Packet { content: copy, ..packet });
                }
            }
            let at = now + link.delay(&mut self.dice);
            return self.enqueue(at, packet);
        }
        let at = now + link.delay_until_received(&mut self.dice);
        self.enqueue(at, packet);
    }

    fn enqueue(&mut self, at: Duration, packet: Packet) {
        self.sent += 1;
        self.queue.push(Due { at, sent: self.sent, packet });
    }

    /// When the next packet arrives.
    pub(super) fn next_due(&self) -> Option<Duration> {
        self.queue.peek().map(|due| due.at)
    }

    /// Lets everything arrive that is due; whom to wake is put into `woken`.
    pub(super) fn deliver(&mut self, now: Duration, woken: &mut Vec<Waker>) {
        while self.queue.peek().is_some_and(|due| due.at <= now) {
            let Some(due) = self.queue.pop() else { return };
            let (from, to) = (due.packet.from.ip(), due.packet.to.ip());
            if !self.is_cut(from, to) {
                self.log.push(due.packet.to_string());
                self.arrive(now, due.packet, woken);
            } else if due.packet.is_datagram() {
                self.log.push(format!("{} is cut off", due.packet));
            } else {
                self.log.push(format!("{} is held", due.packet));
                self.held.push(due);
            }
        }
    }

    fn arrive(&mut self, now: Duration, packet: Packet, woken: &mut Vec<Waker>) {
        let Packet { from, to, content } = packet;
        let back = |content| Packet { from: to, to: from, content };
        match content {
            Content::Dial { dial } => {
                let is_host = self.hosts.iter().any(|(_, ip)| *ip == to.ip());
                let connection = self.listeners.contains_key(&to).then(|| self.fresh_id());
                if let (Some(id), Some(listener)) = (connection, self.listeners.get_mut(&to)) {
                    listener.queue.push_back(id);
                    woken.append(&mut listener.waiting);
                    self.connections.insert(id, Connection::new(from, to));
                }
                if is_host {
                    self.send(now, back(Content::Answer { dial, connection }));
                }
            }
            Content::Answer { dial, connection } => match self.dials.get_mut(&dial) {
                Some(dial) => {
                    dial.answer = Some(connection);
                    woken.append(&mut dial.waiting);
                }
                // Given up meanwhile.
                None => {
                    if let Some(id) = connection {
                        self.leave(now, id, Side::Client, true);
                    }
                }
            },
            Content::Piece { connection, to: side, number, piece } => {
                let Some(there) = self.connections.get_mut(&connection) else { return };
                if !there.receive(side, number, piece, woken) {
                    self.send(now, back(Content::Reset { connection, to: side.other() }));
                }
            }
            Content::Reset { connection, to: side } => {
                if let Some(there) = self.connections.get_mut(&connection) {
                    there.reset(side, woken);
                }
            }
            Content::Datagram(bytes) => {
                if let Some(socket) = self.sockets.get_mut(&to) {
                    if socket.inbox.len() < MOST_DATAGRAMS {
                        socket.inbox.push_back((from, bytes));
                        woken.append(&mut socket.waiting);
                    }
                }
            }
        }
    }

    /// Sends a piece of a stream.
    pub(super) fn send_piece(&mut self, now: Duration, connection: u64, side: Side, piece: Piece) {
        let Some(there) = self.connections.get_mut(&connection) else { return };
        let to = there.end(side.other()).address;
        let end = there.end_mut(side);
        let (from, number) = (end.address, end.number());
        let content = Content::Piece { connection, to: side.other(), number, piece };
        self.send(now, Packet { from, to, content });
    }

    /// Says that no more comes from this end.
    pub(super) fn finish(&mut self, now: Duration, connection: u64, side: Side) {
        let Some(there) = self.connections.get_mut(&connection) else { return };
        let end = there.end_mut(side);
        if !mem::replace(&mut end.finished, true) && !end.reset {
            self.send_piece(now, connection, side, Piece::End);
        }
    }

    /// Nobody holds this end any more. What it has not read breaks the connection off.
    pub(super) fn leave(&mut self, now: Duration, connection: u64, side: Side, abort: bool) {
        let Some(there) = self.connections.get_mut(&connection) else { return };
        let other = there.end(side.other()).address;
        let end = there.end_mut(side);
        end.gone = true;
        let breaks_off = (abort || !end.inbox.is_empty()) && !end.reset;
        let from = end.address;
        if breaks_off {
            let content = Content::Reset { connection, to: side.other() };
            self.send(now, Packet { from, to: other, content });
        } else {
            self.finish(now, connection, side);
        }
        if self.connections.get(&connection).is_some_and(Connection::is_over) {
            self.connections.remove(&connection);
        }
    }

    fn is_cut(&self, one: IpAddr, other: IpAddr) -> bool {
        self.cuts.iter().any(|cut| *cut == (one, other) || *cut == (other, one))
    }

    pub(super) fn cut(&mut self, one: IpAddr, other: IpAddr) {
        if one != other && !self.is_cut(one, other) {
            self.log.push(format!("{one} and {other} are cut off from each other"));
            self.cuts.push((one, other));
        }
    }

    /// Two hosts reach each other again: what waited between them is sent again.
    pub(super) fn heal(&mut self, now: Duration, one: IpAddr, other: IpAddr) {
        self.log.push(format!("{one} and {other} reach each other"));
        self.cuts.retain(|cut| *cut != (one, other) && *cut != (other, one));
        let (again, held) = mem::take(&mut self.held)
            .into_iter()
            .partition(|due| due.packet.is_between(one, other));
        self.held = held;
        let again: Vec<Due> = again;
        for due in again {
            self.send(now, due.packet);
        }
    }

    pub(super) fn all_cuts(&self) -> Vec<(IpAddr, IpAddr)> {
        self.cuts.clone()
    }

    /// Breaks all connections between two hosts off, at both ends; says how many.
    pub(super) fn reset(&mut self, one: IpAddr, other: IpAddr, woken: &mut Vec<Waker>) -> usize {
        self.log.push(format!("connections between {one} and {other} are reset"));
        let mut count = 0;
        for connection in self.connections.values_mut() {
            let ends = (connection.end(Side::Client), connection.end(Side::Server));
            let (client, server) = (ends.0.address.ip(), ends.1.address.ip());
            if (client, server) == (one, other) || (server, client) == (one, other) {
                connection.reset(Side::Client, woken);
                connection.reset(Side::Server, woken);
                count += 1;
            }
        }
        count
    }
}
