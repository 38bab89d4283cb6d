//! UDP: connected and not, peeking, batches, options.

use crate::net_support::{on_1_and_4_workers, poll_once};
use qi_runtime::net::{DatagramBatch, UdpSocket};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;

async fn bound() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
    let address = socket.local_addr().expect("it is bound");
    (socket, address)
}

/// Two sockets, each connected to the other.
async fn connected() -> (UdpSocket, UdpSocket) {
    let ((one, here), (other, there)) = (bound().await, bound().await);
    one.connect(there).await.expect("an address");
    other.connect(here).await.expect("an address");
    (one, other)
}

#[test]
fn connected_sockets_talk_to_each_other() {
    on_1_and_4_workers(|| async {
        let (one, other) = connected().await;
        assert_eq!(one.send(b"ping").await.expect("there is room"), 4);
        let mut buffer = [0; 64];
        let length = other.recv(&mut buffer).await.expect("a datagram");
        assert_eq!(&buffer[..length], b"ping");
        assert_eq!(one.peer_addr().expect("connected"), other.local_addr().expect("bound"));
    });
}

#[test]
fn datagrams_come_with_their_sender_and_stay_whole() {
    on_1_and_4_workers(|| async {
        let ((one, here), (other, there)) = (bound().await, bound().await);
        for text in [&b"first"[..], b"", b"third"] {
            assert_eq!(one.send_to(text, there).await.expect("there is room"), text.len());
        }
        let mut buffer = [0; 64];
        for text in [&b"first"[..], b"", b"third"] {
            let (length, from) = other.recv_from(&mut buffer).await.expect("a datagram");
            assert_eq!((&buffer[..length], from), (text, here));
        }
    });
}

#[test]
fn a_receive_that_waits_is_woken_and_one_that_is_dropped_loses_nothing() {
    on_1_and_4_workers(|| async {
        let (one, other) = connected().await;
        let mut buffer = [0; 8];
        assert!(poll_once(&mut pin!(other.recv(&mut buffer))).is_pending());
        let sending = qi_runtime::spawn(async move {
            one.send(b"x").await.expect("there is room");
            one
        });
        assert_eq!(other.recv(&mut buffer).await.expect("a datagram"), 1);
        drop(sending.join().await.expect("it does not panic"));
    });
}

#[test]
fn peeking_leaves_the_datagram() {
    on_1_and_4_workers(|| async {
        let ((one, here), (other, there)) = (bound().await, bound().await);
        one.send_to(b"still there", there).await.expect("there is room");
        let mut buffer = [0; 64];
        assert_eq!(other.peek_sender().await.expect("a datagram"), here);
        assert_eq!(other.peek_from(&mut buffer).await.expect("a datagram"), (11, here));
        assert_eq!(other.try_peek_from(&mut buffer).expect("a datagram"), (11, here));
        assert_eq!(other.peek(&mut buffer).await.expect("a datagram"), 11);
        assert_eq!(other.recv_from(&mut buffer).await.expect("a datagram"), (11, here));
        let error = other.try_recv_from(&mut buffer).expect_err("it was taken");
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    });
}

#[test]
fn trying_and_waiting_for_readiness_transfer_without_waiting() {
    on_1_and_4_workers(|| async {
        let (one, other) = connected().await;
        let mut buffer = [0; 8];
        let error = other.try_recv(&mut buffer).expect_err("nothing is there");
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        one.writable().await.expect("there is room");
        assert_eq!(one.try_send(b"ab").expect("there is room"), 2);
        loop {
            other.readable().await.expect("the runtime runs");
            match other.try_recv(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                received => break assert_eq!(received.expect("a datagram"), 2),
            }
        }
        let there = other.local_addr().expect("it is bound");
        assert_eq!(one.try_send_to(b"c", there).unwrap_or(1), 1, "some systems refuse");
    });
}

#[test]
fn one_socket_sends_and_receives_in_two_tasks() {
    on_1_and_4_workers(|| async {
        let (one, other) = connected().await;
        let one = Arc::new(one);
        let echo = qi_runtime::spawn(async move {
            let mut buffer = [0; 16];
            for _ in 0..20 {
                let length = other.recv(&mut buffer).await.expect("a datagram");
                other.send(&buffer[..length]).await.expect("there is room");
            }
        });
        let reader = one.clone();
        let reading = qi_runtime::spawn(async move {
            let mut buffer = [0; 16];
            let mut sum = 0;
            for _ in 0..20 {
                assert_eq!(reader.recv(&mut buffer).await.expect("a datagram"), 1);
                sum += u32::from(buffer[0]);
            }
            sum
        });
        for number in 0..20 {
            one.send(&[number]).await.expect("there is room");
        }
        assert_eq!(reading.join().await.expect("it does not panic"), 190);
        echo.join().await.expect("it does not panic");
    });
}

#[test]
fn batches_carry_many_datagrams_with_their_senders() {
    on_1_and_4_workers(|| async {
        let ((one, here), (two, beside), (receiver, there)) =
            (bound().await, bound().await, bound().await);
        let texts: Vec<Vec<u8>> =
            (0..40_u8).map(|number| vec![number; 1 + number as usize]).collect();
        let all: Vec<(&[u8], SocketAddr)> = texts.iter().map(|text| (&text[..], there)).collect();
        let mut sent = 0;
        while sent < all.len() {
            sent += one.send_batch(&all[sent..]).await.expect("there is room");
        }
        assert_eq!(one.send_batch(&[]).await.expect("nothing to do"), 0);
        two.send_to(b"from another", there).await.expect("there is room");
        let mut batch = DatagramBatch::new(16, 100);
        assert_eq!((batch.capacity(), batch.is_empty()), (16, true));
        let mut got = Vec::new();
        while got.len() < 41 {
            let count = receiver.recv_batch(&mut batch).await.expect("datagrams");
            assert!((1..=16).contains(&count) && count == batch.len());
            got.extend(batch.iter().map(|(bytes, from)| (bytes.to_vec(), from)));
        }
        let expected = texts.into_iter().map(|text| (text, here));
        let expected: Vec<_> = expected.chain([(b"from another".to_vec(), beside)]).collect();
        assert!(got == expected, "the datagrams differ");
    });
}

#[test]
fn a_batch_that_waits_is_woken_by_the_first_datagram() {
    on_1_and_4_workers(|| async {
        let (one, other) = connected().await;
        let receiving = qi_runtime::spawn(async move {
            let mut batch = DatagramBatch::new(8, 0);
            let count = other.recv_batch(&mut batch).await.expect("a datagram");
            (count, batch.iter().map(|(bytes, _)| bytes.len()).collect::<Vec<_>>())
        });
        qi_runtime::yield_now().await;
        one.send(b"x").await.expect("there is room");
        assert_eq!(receiving.join().await.expect("it does not panic"), (1, vec![1]));
    });
}

// Elsewhere the answer that nobody is there comes later, or not at all.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[test]
fn a_connected_socket_learns_that_nobody_is_there() {
    on_1_and_4_workers(|| async {
        let ((one, _), (other, there)) = (bound().await, bound().await);
        one.connect(there).await.expect("an address");
        // It listens to itself only, and keeps the port from others who might answer.
        other.connect(there).await.expect("an address");
        one.send(b"anybody?").await.expect("there is room");
        let error = one.recv(&mut [0; 8]).await.expect_err("nobody answers");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    });
}

#[test]
fn options_are_set_and_told() {
    on_1_and_4_workers(|| async {
        let (socket, _) = bound().await;
        let all = || -> io::Result<_> {
            socket.set_broadcast(true)?;
            socket.set_ttl(9)?;
            socket.set_multicast_loop_v4(false)?;
            socket.set_multicast_ttl_v4(3)?;
            socket.set_recv_buffer_size(90_000)?;
            socket.set_send_buffer_size(80_000)?;
            assert!(socket.recv_buffer_size()? >= 90_000 && socket.send_buffer_size()? >= 80_000);
            assert!(socket.take_error()?.is_none());
            Ok((
                socket.broadcast()?,
                socket.ttl()?,
                socket.multicast_loop_v4()?,
                socket.multicast_ttl_v4()?,
            ))
        };
        assert_eq!(all().expect("every system has these"), (true, 9, false, 3));
    });
}

#[test]
fn a_group_is_joined_and_left() {
    on_1_and_4_workers(|| async {
        let socket = UdpSocket::bind("0.0.0.0:0").await.expect("a free port");
        let (group, interface) = (Ipv4Addr::new(224, 0, 0, 123), Ipv4Addr::LOCALHOST);
        socket.join_multicast_v4(&group, &interface).expect("the loopback takes groups");
        socket.leave_multicast_v4(&group, &interface).expect("it has joined");
        assert!(socket.leave_multicast_v4(&group, &interface).is_err(), "it has left");
    });
}

#[test]
fn a_socket_goes_to_the_standard_library_and_comes_back() {
    on_1_and_4_workers(|| async {
        let (one, address) = bound().await;
        let blocking = one.into_std().expect("it can be taken out");
        blocking.send_to(b"to myself", address).expect("there is room");
        let one = UdpSocket::from_std(blocking).expect("it can be taken back");
        assert_eq!(one.recv(&mut [0; 16]).await.expect("a datagram"), 9);
    });
}

#[test]
fn a_name_without_an_address_is_an_error() {
    on_1_and_4_workers(|| async {
        let (one, _) = bound().await;
        let nowhere: [SocketAddr; 0] = [];
        assert!(one.connect(&nowhere[..]).await.is_err());
        assert!(one.send_to(b"x", &nowhere[..]).await.is_err());
        assert!(UdpSocket::bind(&nowhere[..]).await.is_err());
    });
}
