//! The peer of a connection, and what comes beside its messages, as the BSDs and macOS tell it.

use super::ancillary::MOST_DESCRIPTORS;
use super::credentials::Credentials;
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::net::{RecvAncillaryMessage, RecvFlags, SendFlags};
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::SocketAddr;

/// Not to wait.
pub(super) const SEND: SendFlags = SendFlags::DONTWAIT;

/// Not to wait.
pub(super) const RECEIVE: RecvFlags = RecvFlags::DONTWAIT;

/// Bytes that the most that can come beside a message take.
pub(super) const ROOM: usize = rustix::cmsg_space!(ScmRights(MOST_DESCRIPTORS));

pub(super) fn credentials(socket: BorrowedFd<'_>) -> io::Result<Credentials> {
    let (uid, gid) = nix::unistd::getpeereid(socket)?;
    Ok(Credentials::new(uid.as_raw(), gid.as_raw(), None))
}

/// Messages do not say who sent them.
pub(super) fn sender(_: &RecvAncillaryMessage<'_>) -> Option<Credentials> {
    None
}

/// Marks what was received as to be closed on `exec`. A process that is started at this very moment
/// may get it all the same: not all of these systems can receive and mark in one call.
pub(super) fn keep_from_children(descriptors: &[OwnedFd]) -> io::Result<()> {
    for descriptor in descriptors {
        fcntl_setfd(descriptor, FdFlags::CLOEXEC)?;
    }
    Ok(())
}

/// There are none.
pub(super) fn abstract_name(_: &SocketAddr) -> Option<&[u8]> {
    None
}
