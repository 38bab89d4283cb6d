//! Unix datagrams: names, order, a receiver that is behind.

use crate::net_support::{on_1_and_4_workers, poll_once};
use crate::unix_stream::Folder;
use qi_runtime::net::{Shutdown, UnixDatagram};
use std::io;
use std::pin::pin;

#[test]
fn messages_go_by_name_and_come_back() {
    on_1_and_4_workers(|| async {
        let folder = Folder::new();
        let (here, there) = (folder.file("one"), folder.file("other"));
        let one = UnixDatagram::bind(&here).expect("a free name");
        let other = UnixDatagram::bind(&there).expect("a free name");
        one.send_to(b"question", &there).await.expect("somebody is there");
        let mut buffer = [0; 64];
        let (length, from) = other.recv_from(&mut buffer).await.expect("a message");
        assert_eq!((&buffer[..length], from.as_pathname()), (&b"question"[..], Some(&*here)));
        other.send_to_addr(b"answer", &from).await.expect("somebody is there");
        one.connect(&there).expect("somebody is there");
        assert_eq!(one.recv(&mut buffer).await.expect("a message"), 6);
        one.connect_addr(&other.local_addr().expect("bound")).expect("somebody is there");
        assert_eq!(one.peer_addr().expect("connected").as_pathname(), Some(&*there));
        let unnamed = UnixDatagram::unbound().expect("a socket");
        assert_eq!(unnamed.try_send_to(b"!", &there).expect("there is room"), 1);
        let (_, from) = other.recv_from(&mut buffer).await.expect("a message");
        assert!(from.is_unnamed());
        let error = other.send_to_addr(b"x", &from).await.expect_err("it has no name");
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        let error = unnamed.send_to(b"x", folder.file("nobody")).await.expect_err("nobody");
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    });
}

#[test]
fn a_receiver_that_is_behind_holds_its_sender_up_and_loses_nothing() {
    on_1_and_4_workers(|| async {
        let (one, other) = UnixDatagram::pair().expect("two sockets");
        let mut sent = 0_u32;
        loop {
            match one.try_send(&sent.to_le_bytes()) {
                Ok(_) => sent += 1,
                Err(error) => break assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
        }
        let last = sent.to_le_bytes();
        let mut sending = pin!(one.send(&last));
        assert!(poll_once(&mut sending).is_pending(), "there is no room");
        let receiving = qi_runtime::spawn(async move {
            for number in 0..=sent {
                let mut buffer = [0; 4];
                assert_eq!(other.recv(&mut buffer).await.expect("a message"), 4);
                assert_eq!(u32::from_le_bytes(buffer), number);
            }
            other
        });
        sending.await.expect("there is room now");
        let other = receiving.join().await.expect("it does not panic");
        let error = other.try_recv(&mut [0]).expect_err("all were received");
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        assert!(other.try_recv_from(&mut [0]).is_err());
    });
}

#[test]
fn a_pair_can_be_written_to_at_once_and_shut_down() {
    on_1_and_4_workers(|| async {
        let (one, other) = UnixDatagram::pair().expect("two sockets");
        one.writable().await.expect("there is room");
        other.try_recv(&mut [0]).expect_err("nothing is there");
        assert!(poll_once(&mut pin!(other.readable())).is_pending());
        one.send(b"x").await.expect("there is room");
        other.readable().await.expect("a message");
        other.shutdown(Shutdown::Read).expect("it is connected");
        assert!(one.send(b"y").await.is_err(), "nobody reads any more");
        assert!(one.take_error().expect("it can be asked").is_none());
        let blocking = one.into_std().expect("it can be taken out");
        UnixDatagram::from_std(blocking).expect("it can be taken back");
    });
}

#[cfg(target_os = "linux")]
#[test]
fn an_abstract_name_receives_messages() {
    use std::os::linux::net::SocketAddrExt;
    on_1_and_4_workers(|| async {
        let name = format!("qi-net-datagram-{}", std::process::id());
        let address = std::os::unix::net::SocketAddr::from_abstract_name(&name).expect("a name");
        let named = UnixDatagram::bind_addr(&address).expect("a free name");
        let other = UnixDatagram::unbound().expect("a socket");
        other.send_to_addr(b"hello", &address).await.expect("somebody is there");
        other.connect_addr(&address).expect("somebody is there");
        other.send(b"again").await.expect("somebody is there");
        for _ in 0..2 {
            assert_eq!(named.recv(&mut [0; 8]).await.expect("a message"), 5);
        }
    });
}
