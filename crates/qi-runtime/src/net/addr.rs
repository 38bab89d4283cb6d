//! What can be given as an address: the forms, and which of them need a lookup.

use super::error::AddressError;
use super::lookup::ResolvedAddrs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// What [`TcpStream::connect`](super::TcpStream::connect),
/// [`TcpListener::bind`](super::TcpListener::bind) and [`lookup_host`](super::lookup_host) take:
/// socket addresses, lists of them, pairs of an address or a name and a port, and texts of the form
/// `host:port`.
///
/// Literal addresses are understood in place; a name is looked up on a thread for blocking calls.
/// The trait is sealed.
pub trait ToSocketAddrs: sealed::Resolve {}

impl<T: sealed::Resolve + ?Sized> ToSocketAddrs for T {}

/// What an address amounts to before the network is asked.
#[derive(Debug)]
pub enum Resolution {
    /// These addresses.
    Known(ResolvedAddrs),
    /// Whatever this host has, with this port.
    Ask {
        /// A name.
        host: String,
        /// The port.
        port: u16,
    },
}

impl Resolution {
    fn one(address: impl Into<SocketAddr>) -> io::Result<Self> {
        Ok(Self::Known(ResolvedAddrs::one(address.into())))
    }
}

mod sealed {
    /// Seals the trait above.
    pub trait Resolve {
        /// Understands the address as far as that is possible without the network.
        fn resolve(&self) -> std::io::Result<super::Resolution>;
    }
}

/// As [`sealed::Resolve::resolve`], for the other modules.
pub(crate) fn resolve<A: ToSocketAddrs>(address: &A) -> io::Result<Resolution> {
    address.resolve()
}

impl<T: sealed::Resolve + ?Sized> sealed::Resolve for &T {
    fn resolve(&self) -> io::Result<Resolution> {
        (**self).resolve()
    }
}

impl sealed::Resolve for SocketAddr {
    fn resolve(&self) -> io::Result<Resolution> {
        Resolution::one(*self)
    }
}

impl sealed::Resolve for SocketAddrV4 {
    fn resolve(&self) -> io::Result<Resolution> {
        Resolution::one(*self)
    }
}

impl sealed::Resolve for SocketAddrV6 {
    fn resolve(&self) -> io::Result<Resolution> {
        Resolution::one(*self)
    }
}

impl sealed::Resolve for (IpAddr, u16) {
    fn resolve(&self) -> io::Result<Resolution> {
        Resolution::one(*self)
    }
}

impl sealed::Resolve for (Ipv4Addr, u16) {
    fn resolve(&self) -> io::Result<Resolution> {
        Resolution::one(*self)
    }
}

impl sealed::Resolve for (Ipv6Addr, u16) {
    fn resolve(&self) -> io::Result<Resolution> {
        Resolution::one(*self)
    }
}

impl sealed::Resolve for [SocketAddr] {
    fn resolve(&self) -> io::Result<Resolution> {
        Ok(Resolution::Known(ResolvedAddrs::many(self.to_vec())))
    }
}

impl<const N: usize> sealed::Resolve for [SocketAddr; N] {
    fn resolve(&self) -> io::Result<Resolution> {
        self.as_slice().resolve()
    }
}

impl sealed::Resolve for Vec<SocketAddr> {
    fn resolve(&self) -> io::Result<Resolution> {
        self.as_slice().resolve()
    }
}

impl sealed::Resolve for (&str, u16) {
    fn resolve(&self) -> io::Result<Resolution> {
        let (host, port) = *self;
        match host.parse::<IpAddr>() {
            Ok(address) => Resolution::one((address, port)),
            Err(_) => Ok(Resolution::Ask { host: host.to_owned(), port }),
        }
    }
}

impl sealed::Resolve for (String, u16) {
    fn resolve(&self) -> io::Result<Resolution> {
        (self.0.as_str(), self.1).resolve()
    }
}

impl sealed::Resolve for str {
    fn resolve(&self) -> io::Result<Resolution> {
        if let Ok(address) = self.parse::<SocketAddr>() {
            return Resolution::one(address);
        }
        let malformed = || AddressError::Malformed { given: self.to_owned() };
        let (host, port) = self.rsplit_once(':').ok_or_else(malformed)?;
        let port = port.parse::<u16>().map_err(|_| malformed())?;
        // A colon is left in an IPv6 address without brackets, which is ambiguous, not a name.
        if host.is_empty() || host.contains([':', '[', ']', '\0']) {
            return Err(malformed().into());
        }
        Ok(Resolution::Ask { host: host.to_owned(), port })
    }
}

impl sealed::Resolve for String {
    fn resolve(&self) -> io::Result<Resolution> {
        self.as_str().resolve()
    }
}

#[cfg(test)]
mod tests {
    use super::sealed::Resolve;
    use super::*;

    fn known<A: Resolve + ?Sized>(address: &A) -> Vec<String> {
        match address.resolve() {
            Ok(Resolution::Known(addresses)) => addresses.map(|a| a.to_string()).collect(),
            other => panic!("not understood in place: {other:?}"),
        }
    }

    fn asked<A: Resolve + ?Sized>(address: &A) -> (String, u16) {
        match address.resolve() {
            Ok(Resolution::Ask { host, port }) => (host, port),
            other => panic!("no name to look up: {other:?}"),
        }
    }

    #[test]
    fn literal_addresses_are_understood_without_a_lookup() {
        let v4 = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 1);
        let v6 = SocketAddrV6::new(Ipv6Addr::LOCALHOST, 2, 0, 0);
        assert_eq!(known(&v4), ["127.0.0.1:1"]);
        assert_eq!(known(&v6), ["[::1]:2"]);
        assert_eq!(known(&SocketAddr::from(v4)), ["127.0.0.1:1"]);
        assert_eq!(known(&(Ipv4Addr::LOCALHOST, 3)), ["127.0.0.1:3"]);
        assert_eq!(known(&(IpAddr::from(Ipv6Addr::LOCALHOST), 3)), ["[::1]:3"]);
        assert_eq!(known(&("127.0.0.1", 4)), ["127.0.0.1:4"]);
        assert_eq!(known(&("::1".to_owned(), 5)), ["[::1]:5"]);
        assert_eq!(known("127.0.0.1:6"), ["127.0.0.1:6"]);
        assert_eq!(known(&"[::1]:7".to_owned()), ["[::1]:7"]);
        let both = [SocketAddr::from(v4), SocketAddr::from(v6)];
        assert_eq!(known(&both), ["127.0.0.1:1", "[::1]:2"]);
        assert_eq!(known(&both.to_vec()), ["127.0.0.1:1", "[::1]:2"]);
        assert_eq!(known(&both[..1]), ["127.0.0.1:1"]);
        assert!(known(&both[..0]).is_empty());
    }

    #[test]
    fn names_are_left_to_a_lookup() {
        assert_eq!(asked("localhost:80"), ("localhost".to_owned(), 80));
        assert_eq!(asked(&("localhost", 81)), ("localhost".to_owned(), 81));
        assert_eq!(asked(&("localhost".to_owned(), 82)), ("localhost".to_owned(), 82));
    }

    #[test]
    fn texts_that_are_no_addresses_are_refused_at_once() {
        for text in ["", "localhost", ":80", "localhost:", "localhost:65536", "::1:80", "[::1]"] {
            let error = text.resolve().expect_err(text);
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{text}");
            assert!(error.to_string().contains(&format!("`{text}`")), "{error}");
        }
    }
}
