//! Names to addresses, by the system's resolver.

use super::addr::{Resolution, ToSocketAddrs, resolve};
use crate::handle::Handle;
use crate::here;
use qi_sched::TaskHandle;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};

/// Looks up the addresses of a host.
///
/// Literal addresses are answered in place; for names the system's resolver is asked, on a thread
/// for blocking calls.
///
/// # Errors
/// The resolver's error; [`AddressError`](super::AddressError) for a text that is no address. A name
/// cannot be looked up on a thread that works for no runtime, nor while the runtime shuts down.
///
/// # Cancel safety
/// Nothing is lost. A lookup that has not begun is cancelled; one that has ends unheard.
///
/// # Examples
/// ```
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
/// use qi_runtime::net::lookup_host;
/// runtime.block_on(async {
///     for address in lookup_host("localhost:80").await? {
///         assert!(address.ip().is_loopback());
///     }
///     let literal: Vec<_> = lookup_host(("127.0.0.1", 80)).await?.collect();
///     assert_eq!(literal, ["127.0.0.1:80".parse().unwrap()]);
///     std::io::Result::Ok(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub async fn lookup_host<A: ToSocketAddrs>(host: A) -> io::Result<ResolvedAddrs> {
    match resolve(&host)? {
        Resolution::Known(addresses) => Ok(addresses),
        Resolution::Ask { host, port } => ask(host, port).await,
    }
}

async fn ask(host: String, port: u16) -> io::Result<ResolvedAddrs> {
    let handle = Handle::try_current().map_err(io::Error::other)?;
    here::refuse_in_simulation()?;
    let call = move || (host.as_str(), port).to_socket_addrs().map(|found| found.collect());
    let mut lookup = Lookup(handle.spawn_blocking(call));
    match (&mut lookup.0).await {
        Ok(found) => found.map(ResolvedAddrs::many),
        // Cancelled by a shutdown.
        Err(error) => Err(io::Error::other(error)),
    }
}

/// A lookup that nobody needs any more once this is dropped.
struct Lookup(TaskHandle<io::Result<Vec<SocketAddr>>>);

impl Drop for Lookup {
    fn drop(&mut self) {
        // An error says that it has begun or ended: nothing is left to be done.
        let _ = self.0.cancel();
    }
}

/// The addresses of a host, one after the other. Made by [`lookup_host`].
#[derive(Clone, Debug)]
pub struct ResolvedAddrs(Inner);

#[derive(Clone, Debug)]
enum Inner {
    /// Without an allocation.
    One(Option<SocketAddr>),
    Many(std::vec::IntoIter<SocketAddr>),
}

impl ResolvedAddrs {
    pub(super) fn one(address: SocketAddr) -> Self {
        Self(Inner::One(Some(address)))
    }

    pub(super) fn many(addresses: Vec<SocketAddr>) -> Self {
        Self(Inner::Many(addresses.into_iter()))
    }
}

impl Iterator for ResolvedAddrs {
    type Item = SocketAddr;

    fn next(&mut self) -> Option<SocketAddr> {
        match &mut self.0 {
            Inner::One(address) => address.take(),
            Inner::Many(addresses) => addresses.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = match &self.0 {
            Inner::One(address) => usize::from(address.is_some()),
            Inner::Many(addresses) => addresses.len(),
        };
        (left, Some(left))
    }
}

impl ExactSizeIterator for ResolvedAddrs {}
