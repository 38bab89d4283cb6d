//! What travels beside the bytes of a Unix socket: open descriptors, and who sends.
//!
//! # Protocol
//! Descriptors that were received belong to whoever received them, and are closed on `exec` from the
//! first moment on where the system can do that in the same call (all but macOS). Those that did not
//! fit are closed, and it is said that some are missing. (I66)

use super::credentials::Credentials;
use super::error::UnixError;
use super::peer;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, recvmsg, sendmsg,
};
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};

/// How many descriptors one message may carry here. (Linux allows 253.)
pub const MOST_DESCRIPTORS: usize = 64;

/// What came beside the bytes of a message.
///
/// # Examples
/// ```
/// use qi_runtime::net::UnixStream;
/// use std::io::{Read, Write};
/// use std::os::fd::AsFd;
/// use std::os::unix::net::UnixStream as Blocking;
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
/// # runtime.block_on(async {
/// let (one, other) = UnixStream::pair()?;
/// let (mut kept, given) = Blocking::pair()?;
/// one.send_with_descriptors(b"here", &[given.as_fd()]).await?;
/// drop(given);
///
/// let mut buffer = [0; 16];
/// let (length, ancillary) = other.recv_with_ancillary(&mut buffer).await?;
/// assert_eq!(&buffer[..length], b"here");
/// let mut given = Blocking::from(ancillary.descriptors.into_iter().next().unwrap());
/// given.write_all(b"from afar")?;
/// drop(given);
/// let mut text = String::new();
/// kept.read_to_string(&mut text)?;
/// assert_eq!(text, "from afar");
/// # std::io::Result::Ok(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Ancillary {
    /// Open descriptors, in the order in which they were sent.
    pub descriptors: Vec<OwnedFd>,
    /// Who sent the message: on Linux, if this socket asked for it (`set_passcred`).
    pub credentials: Option<Credentials>,
    /// Whether the message carried more than there was room for, or than this process may open.
    pub is_truncated: bool,
}

/// Sends `bytes` with descriptors. The kernel keeps them open until they are received.
pub(super) fn send(
    socket: BorrowedFd<'_>,
    bytes: &[u8],
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<usize> {
    if descriptors.len() > MOST_DESCRIPTORS {
        let (given, most) = (descriptors.len(), MOST_DESCRIPTORS);
        return Err(UnixError::TooManyDescriptors { given, most }.into());
    }
    let mut room = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
    let mut control = SendAncillaryBuffer::new(&mut room);
    if !descriptors.is_empty() {
        let fits = control.push(SendAncillaryMessage::ScmRights(descriptors));
        debug_assert!(fits, "there is room for the most that are allowed");
    }
    Ok(sendmsg(socket, &[IoSlice::new(bytes)], &mut control, peer::SEND)?)
}

/// Receives into `buffer`, and whatever comes beside it.
pub(super) fn receive(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<(usize, Ancillary)> {
    let mut room = [MaybeUninit::uninit(); peer::ROOM];
    let mut control = RecvAncillaryBuffer::new(&mut room);
    let message = recvmsg(socket, &mut [IoSliceMut::new(buffer)], &mut control, peer::RECEIVE)?;
    let mut ancillary = Ancillary {
        is_truncated: message.flags.contains(ReturnFlags::CTRUNC),
        ..Ancillary::default()
    };
    for part in control.drain() {
        match part {
            RecvAncillaryMessage::ScmRights(descriptors) => {
                ancillary.descriptors.extend(descriptors);
            }
            other => ancillary.credentials = peer::sender(&other).or(ancillary.credentials),
        }
    }
    peer::keep_from_children(&ancillary.descriptors)?;
    Ok((message.bytes, ancillary))
}
