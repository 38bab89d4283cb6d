//! A network in memory: hosts with addresses, streams like TCP's, datagrams like UDP's, and what can go
//! wrong with them.
//!
//! The types have the methods of those in [`qi_runtime::net`](crate::net) that have a meaning here, and the
//! `futures-io` traits. They are types of their own, so that a real socket carries no branch for tests, and
//! keeps what only a real one can do. A program that is to run on both names the module once:
//!
//! ```
//! #[cfg(not(test))]
//! use qi_runtime::net;
//! #[cfg(test)]
//! use qi_runtime::simulation::net;
//! ```
//!
//! or takes what it works on as a parameter (`S: AsyncRead + AsyncWrite`).
//!
//! # Hosts
//! Code runs on the host that it was [started on](Host::run), and so do the tasks that it spawns; code
//! outside of any runs on `localhost`. `0.0.0.0` and `127.0.0.1` are the host itself; others are reached by
//! address or by name (`server:80`).
//!
//! # What the network does
//! Each write travels as a packet of its own, cut at a place that the seed chooses, and takes the
//! [`Link`]'s delay. Streams put packets back in order, and send lost ones again after 200 ms; datagrams
//! come as they come, or not at all. Between hosts that are [cut off](Network::partition) from each other
//! packets of streams wait, and datagrams are lost.

mod address;
mod connect;
mod connection;
mod host;
mod link;
mod listener;
mod network;
mod packet;
mod state;
mod stream;
mod udp;

pub use host::Host;
pub use link::Link;
pub use listener::TcpListener;
pub use network::Network;
pub use stream::TcpStream;
pub use udp::UdpSocket;
