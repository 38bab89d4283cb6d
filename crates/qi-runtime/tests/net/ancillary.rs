//! Descriptors and credentials that travel with messages.

use crate::net_support::on_1_and_4_workers;
use futures_util::io::AsyncReadExt;
use qi_runtime::net::unix::MOST_DESCRIPTORS;
use qi_runtime::net::{UnixDatagram, UnixStream};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;

#[test]
fn descriptors_arrive_open_in_order_and_closed_on_exec() {
    on_1_and_4_workers(|| async {
        let (one, other) = UnixStream::pair().expect("two sockets");
        let (mut kept, given) = std::os::unix::net::UnixStream::pair().expect("two sockets");
        let null = File::open("/dev/null").expect("every Unix has it");
        let sent = one.send_with_descriptors(b"two", &[given.as_fd(), null.as_fd()]).await;
        assert_eq!(sent.expect("there is room"), 3);
        drop((given, null));
        let (length, ancillary) = other.recv_with_ancillary(&mut [0; 8]).await.expect("bytes");
        assert_eq!((length, ancillary.is_truncated), (3, false));
        let mut descriptors = ancillary.descriptors.into_iter();
        let first = descriptors.next().expect("two were sent");
        let flags = nix::fcntl::fcntl(&first, nix::fcntl::FcntlArg::F_GETFD).expect("it is open");
        assert_eq!(flags & 1, 1, "FD_CLOEXEC");
        let mut given = std::os::unix::net::UnixStream::from(first);
        given.write_all(b"through").expect("it is open");
        drop(given);
        let mut text = String::new();
        kept.read_to_string(&mut text).expect("an end");
        assert_eq!(text, "through");
        let mut null = File::from(descriptors.next().expect("two were sent"));
        assert_eq!(null.read(&mut [0]).expect("it is open"), 0);
        assert!(descriptors.next().is_none());
    });
}

#[test]
fn descriptors_that_nobody_receives_are_closed() {
    on_1_and_4_workers(|| async {
        let (one, mut other) = UnixStream::pair().expect("two sockets");
        let (mut kept, given) = std::os::unix::net::UnixStream::pair().expect("two sockets");
        one.send_with_descriptors(b"x", &[given.as_fd()]).await.expect("there is room");
        drop(given);
        other.read_exact(&mut [0]).await.expect("a byte");
        // The other end was closed with the plain read: this would hang otherwise.
        assert_eq!(kept.read(&mut [0]).expect("an end"), 0);
    });
}

#[test]
fn a_message_carries_its_descriptors_and_one_without_has_none() {
    on_1_and_4_workers(|| async {
        let (one, other) = UnixDatagram::pair().expect("two sockets");
        let null = File::open("/dev/null").expect("every Unix has it");
        let many = vec![null.as_fd(); MOST_DESCRIPTORS];
        one.send(b"plain").await.expect("there is room");
        one.send_with_descriptors(b"laden", &many).await.expect("there is room");
        let (length, ancillary) = other.recv_with_ancillary(&mut [0; 8]).await.expect("a message");
        assert_eq!((length, ancillary.descriptors.len()), (5, 0));
        let (_, ancillary) = other.recv_with_ancillary(&mut [0; 8]).await.expect("a message");
        assert_eq!(ancillary.descriptors.len(), MOST_DESCRIPTORS);
        let too_many = vec![null.as_fd(); MOST_DESCRIPTORS + 1];
        let error = one.send_with_descriptors(b"x", &too_many).await.expect_err("too many");
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    });
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[test]
fn messages_say_who_sent_them_if_that_is_asked_for() {
    use futures_util::io::AsyncWriteExt;
    on_1_and_4_workers(|| async {
        let (one, other) = UnixStream::pair().expect("two sockets");
        assert!(!other.passcred().expect("told"));
        other.set_passcred(true).expect("it can be set");
        (&one).write_all(b"x").await.expect("there is room");
        let (_, ancillary) = other.recv_with_ancillary(&mut [0; 8]).await.expect("a byte");
        assert_eq!(ancillary.credentials, Some(one.peer_cred().expect("told")));
        let (one, other) = UnixDatagram::pair().expect("two sockets");
        other.set_passcred(true).expect("it can be set");
        assert!(other.passcred().expect("told"));
        one.send(b"x").await.expect("there is room");
        let (_, ancillary) = other.recv_with_ancillary(&mut [0; 8]).await.expect("a message");
        let pid = ancillary.credentials.expect("it was asked for").pid;
        assert_eq!(pid, Some(nix::unistd::getpid().as_raw()));
    });
}
