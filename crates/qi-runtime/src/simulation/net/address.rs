//! Addresses and names in the simulated network.
#![forbid(unsafe_code)]

use super::host;
use super::state::State;
use crate::net::{Resolution, ToSocketAddrs, resolve};
use std::io;
use std::net::{IpAddr, SocketAddr};

/// The addresses that are meant by `address`, as seen from this host.
pub(super) fn resolve_from_here<A: ToSocketAddrs>(
    state: &State,
    address: &A,
) -> io::Result<Vec<SocketAddr>> {
    let addresses: Vec<SocketAddr> = match resolve(address)? {
        Resolution::Known(addresses) => addresses.collect(),
        Resolution::Ask { host, port } => {
            let known = state.hosts.iter().find(|(name, _)| *name == host);
            let unknown =
                || io::Error::new(io::ErrorKind::NotFound, format!("there is no host `{host}`"));
            vec![SocketAddr::new(known.ok_or_else(unknown)?.1, port)]
        }
    };
    Ok(addresses.into_iter().map(own).collect())
}

/// `0.0.0.0`, `127.0.0.1` and their like are the host itself.
fn own(address: SocketAddr) -> SocketAddr {
    let ip = address.ip();
    let is_own = ip.is_unspecified() || ip.is_loopback();
    SocketAddr::new(if is_own { host::here() } else { ip }, address.port())
}

/// The addresses among them that this host may listen on.
pub(super) fn local<A: ToSocketAddrs>(state: &State, address: &A) -> io::Result<SocketAddr> {
    let here: IpAddr = host::here();
    let addresses = resolve_from_here(state, address)?;
    let own = addresses.into_iter().find(|address| address.ip() == here);
    own.ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
}
