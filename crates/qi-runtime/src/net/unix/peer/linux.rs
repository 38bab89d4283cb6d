//! The peer of a connection, and what comes beside its messages, as Linux tells it.

use super::ancillary::MOST_DESCRIPTORS;
use super::credentials::Credentials;
use super::datagram::UnixDatagram;
use super::stream::UnixStream;
use rustix::net::{RecvAncillaryMessage, RecvFlags, SendFlags, UCred, sockopt};
use std::io;
#[cfg(target_os = "android")]
use std::os::android::net::SocketAddrExt;
use std::os::fd::{BorrowedFd, OwnedFd};
#[cfg(target_os = "linux")]
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::SocketAddr;

/// Not to wait, and no signal when the peer has gone.
pub(super) const SEND: SendFlags = SendFlags::DONTWAIT.union(SendFlags::NOSIGNAL);

/// Not to wait, and to close what is received on `exec`.
pub(super) const RECEIVE: RecvFlags = RecvFlags::DONTWAIT.union(RecvFlags::CMSG_CLOEXEC);

/// Bytes that the most that can come beside a message take.
pub(super) const ROOM: usize = rustix::cmsg_space!(ScmRights(MOST_DESCRIPTORS), ScmCredentials(1));

fn known(peer: &UCred) -> Credentials {
    let pid = Some(peer.pid.as_raw_nonzero().get());
    Credentials::new(peer.uid.as_raw(), peer.gid.as_raw(), pid)
}

/// As they were when the peer connected or began to listen.
pub(super) fn credentials(socket: BorrowedFd<'_>) -> io::Result<Credentials> {
    Ok(known(&sockopt::socket_peercred(socket)?))
}

/// Who sent a message, if this part of it says so.
pub(super) fn sender(part: &RecvAncillaryMessage<'_>) -> Option<Credentials> {
    match part {
        RecvAncillaryMessage::ScmCredentials(peer) => Some(known(peer)),
        _ => None,
    }
}

/// Nothing is left to be done: [`RECEIVE`] has seen to it.
pub(super) fn keep_from_children(_: &[OwnedFd]) -> io::Result<()> {
    Ok(())
}

/// The abstract name of an address, if it has one.
pub(super) fn abstract_name(address: &SocketAddr) -> Option<&[u8]> {
    address.as_abstract_name()
}

impl UnixStream {
    /// Whether what is received says who sent it (`SO_PASSCRED`). Only on Linux and Android.
    ///
    /// # Errors
    /// The system's error.
    pub fn passcred(&self) -> io::Result<bool> {
        Ok(sockopt::socket_passcred(self)?)
    }

    /// Sets whether what is received says who sent it: see
    /// [`recv_with_ancillary`](Self::recv_with_ancillary).
    ///
    /// # Errors
    /// The system's error.
    pub fn set_passcred(&self, on: bool) -> io::Result<()> {
        Ok(sockopt::set_socket_passcred(self, on)?)
    }
}

impl UnixDatagram {
    /// Whether messages say who sent them (`SO_PASSCRED`). Only on Linux and Android.
    ///
    /// # Errors
    /// The system's error.
    pub fn passcred(&self) -> io::Result<bool> {
        Ok(sockopt::socket_passcred(self)?)
    }

    /// Sets whether messages say who sent them: see
    /// [`recv_with_ancillary`](Self::recv_with_ancillary).
    ///
    /// # Errors
    /// The system's error.
    pub fn set_passcred(&self, on: bool) -> io::Result<()> {
        Ok(sockopt::set_socket_passcred(self, on)?)
    }
}
