//! TCP beyond transfers: sockets before they are connected, the quickest of several addresses,
//! options, ends.

use crate::net_support::{LOOPBACK, listen, on_1_and_4_workers, pair, poll_once};
use futures_util::StreamExt;
use futures_util::io::{AsyncReadExt, AsyncWriteExt};
use qi_runtime::net::{Interest, Shutdown, TcpKeepalive, TcpSocket, TcpStream};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::time::Duration;

#[test]
fn a_socket_is_set_up_and_then_listens_or_connects() {
    on_1_and_4_workers(|| async {
        let anywhere = SocketAddr::from(LOOPBACK);
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(anywhere).expect("a free port");
        let address = socket.local_addr().expect("it is bound");
        let listener = socket.listen(16).expect("nobody listens there");
        assert_eq!(listener.local_addr().expect("it listens"), address);

        let socket = TcpSocket::for_address(address).expect("a socket");
        socket.bind(anywhere).expect("a free port");
        let own = socket.local_addr().expect("it is bound");
        let (stream, accepted) =
            futures_util::future::join(socket.connect(address), listener.accept()).await;
        let (stream, (_, peer)) = (stream.expect("it listens"), accepted.expect("a client"));
        assert_eq!((stream.local_addr().expect("it is connected"), peer), (own, own));
    });
}

#[test]
fn options_of_a_socket_are_told_and_go_over_to_its_stream() {
    on_1_and_4_workers(|| async {
        let (listener, address) = listen().await;
        let socket = TcpSocket::new_v4().expect("a socket");
        let set = || -> io::Result<()> {
            socket.set_nodelay(true)?;
            socket.set_reuse_address(true)?;
            socket.set_linger(Some(Duration::from_secs(3)))?;
            socket.set_ttl(42)?;
            socket.set_recv_buffer_size(50_000)?;
            socket.set_send_buffer_size(60_000)?;
            let keepalive = TcpKeepalive::new().time(Duration::from_secs(77));
            socket.set_keepalive(Some(&keepalive.interval(Duration::from_secs(7))))
        };
        set().expect("every system has these");
        let told = || -> io::Result<_> {
            assert!(socket.recv_buffer_size()? >= 50_000 && socket.send_buffer_size()? >= 60_000);
            Ok((socket.nodelay()?, socket.reuse_address()?, socket.linger()?, socket.ttl()?))
        };
        let linger = Some(Duration::from_secs(3));
        assert_eq!(told().expect("they can be asked for"), (true, true, linger, 42));
        assert!(socket.keepalive().expect("it can be asked for"));
        assert!(socket.take_error().expect("it can be asked").is_none());
        let stream = socket.connect(address).await.expect("it listens");
        let told = || -> io::Result<_> {
            Ok((stream.nodelay()?, stream.keepalive()?, stream.linger()?, stream.ttl()?))
        };
        assert_eq!(told().expect("they can be asked for"), (true, true, linger, 42));
        stream.set_keepalive(None).expect("it can be switched off");
        assert!(!stream.keepalive().expect("it can be asked for"));
        stream.set_recv_buffer_size(70_000).expect("it can be set");
        assert!(stream.recv_buffer_size().expect("it can be asked for") >= 70_000);
        drop(listener);
    });
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[test]
fn options_that_only_linux_has_are_set_and_told() {
    on_1_and_4_workers(|| async {
        let (listener, address) = listen().await;
        let socket = TcpSocket::new_v4().expect("a socket");
        let minute = Some(Duration::from_secs(60));
        socket.set_user_timeout(minute).expect("it can be set");
        socket.set_tos(16).expect("it can be set");
        let often = TcpKeepalive::new().retries(4);
        socket.set_keepalive(Some(&often)).expect("it can be set");
        assert_eq!(socket.device().expect("it can be asked for"), None);
        socket.set_reuse_port(true).expect("it can be set");
        assert!(socket.reuse_port().expect("it can be asked for"));
        let stream = socket.connect(address).await.expect("it listens");
        assert_eq!(stream.user_timeout().expect("it can be asked for"), minute);
        assert_eq!(stream.tos().expect("it can be asked for"), 16);
        stream.set_quickack(false).expect("it can be set");
        stream.quickack().expect("it can be asked for");
        drop(listener);
    });
}

#[test]
fn both_families_are_served_by_their_own_sockets() {
    on_1_and_4_workers(|| async {
        let v6 = TcpSocket::new_v6().expect("a socket");
        v6.set_only_v6(true).expect("it is not bound yet");
        assert!(v6.only_v6().expect("it can be asked for"));
        v6.set_ttl(33).expect("the hop limit");
        assert_eq!(v6.ttl().expect("it can be asked for"), 33);
        let bound = v6.bind(SocketAddr::from((Ipv6Addr::LOCALHOST, 0)));
        if bound.is_err_and(|error| error.kind() == io::ErrorKind::AddrNotAvailable) {
            eprintln!("this machine has no IPv6");
            return;
        }
        let listener = v6.listen(4).expect("it is bound");
        let address = listener.local_addr().expect("it is bound");
        let (stream, _) =
            futures_util::future::join(TcpStream::connect(address), listener.accept()).await;
        assert!(stream.expect("it listens").peer_addr().expect("it is connected").is_ipv6());
    });
}

/// An address that neither answers nor refuses: its queue is full. (Elsewhere a full queue refuses.)
#[cfg(target_os = "linux")]
pub(crate) async fn silent() -> (qi_runtime::net::TcpListener, Vec<std::net::TcpStream>, SocketAddr)
{
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::from(LOOPBACK)).expect("a free port");
    let listener = socket.listen(0).expect("it is bound");
    let address = listener.local_addr().expect("it is bound");
    let mut waiting = Vec::new();
    let patience = Duration::from_millis(50);
    while let Ok(stream) = std::net::TcpStream::connect_timeout(&address, patience) {
        waiting.push(stream);
        assert!(waiting.len() < 100, "the queue has no end");
    }
    (listener, waiting, address)
}

#[cfg(target_os = "linux")]
#[test]
fn an_address_that_does_not_answer_is_overtaken_by_the_next() {
    on_1_and_4_workers(|| async {
        let (_full, _waiting, mute) = silent().await;
        let (listener, address) = listen().await;
        // The first attempt would take minutes; the second begins a moment later, and wins.
        let stream = TcpStream::connect(&[mute, address][..]).await.expect("one of them answers");
        assert_eq!(stream.peer_addr().expect("it is connected"), address);
        drop(listener);
    });
}

#[test]
fn of_many_addresses_that_refuse_the_last_error_is_told() {
    on_1_and_4_workers(|| async {
        let mut refusing = Vec::new();
        let mut addresses = Vec::new();
        for _ in 0..3 {
            // Bound, so that nobody else listens there, and not listening itself.
            let socket = TcpSocket::new_v4().expect("a socket");
            socket.bind(SocketAddr::from(LOOPBACK)).expect("a free port");
            addresses.push(socket.local_addr().expect("it is bound"));
            refusing.push(socket);
        }
        let error = TcpStream::connect(addresses).await.expect_err("nobody listens");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    });
}

#[test]
fn a_connect_that_is_dropped_leaves_nothing_behind() {
    // What is left would be seen by the count of sources at the end.
    on_1_and_4_workers(|| async {
        let (listener, address) = listen().await;
        for addresses in [vec![address], vec![address, address]] {
            let mut attempt = Box::pin(TcpStream::connect(addresses));
            let _ = poll_once(&mut attempt);
            drop(attempt);
        }
        drop(listener);
    });
}

#[test]
fn every_form_of_address_is_connected_to() {
    on_1_and_4_workers(|| async {
        let (listener, address) = listen().await;
        let port = address.port();
        let text = format!("127.0.0.1:{port}");
        let named = format!("localhost:{port}");
        let connected = [
            TcpStream::connect(address).await,
            TcpStream::connect(text.as_str()).await,
            TcpStream::connect(text).await,
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await,
            TcpStream::connect(("127.0.0.1", port)).await,
            TcpStream::connect(&[address][..]).await,
            TcpStream::connect(named).await,
            TcpStream::connect(("localhost", port)).await,
        ];
        for stream in connected {
            let peer = stream.expect("it listens").peer_addr().expect("it is connected");
            assert_eq!(peer.port(), port);
        }
        drop(listener);
    });
}

#[test]
fn many_are_accepted_each_once_by_several_tasks() {
    on_1_and_4_workers(|| async {
        let (listener, address) = listen().await;
        let listener = std::sync::Arc::new(listener);
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let listener = listener.clone();
                qi_runtime::spawn(async move {
                    let mut ports = Vec::new();
                    for _ in 0..10 {
                        ports.push(listener.accept().await.expect("a client").1.port());
                    }
                    ports
                })
            })
            .collect();
        let mut clients = Vec::new();
        for _ in 0..40 {
            clients.push(TcpStream::connect(address).await.expect("it listens"));
        }
        let mut accepted = Vec::new();
        for task in tasks {
            accepted.extend(task.join().await.expect("it does not panic"));
        }
        let mut connected: Vec<_> =
            clients.iter().map(|client| client.local_addr().expect("connected").port()).collect();
        accepted.sort_unstable();
        connected.sort_unstable();
        assert_eq!(accepted, connected);
    });
}

#[test]
fn shutting_down_again_and_after_a_reset_harms_nothing() {
    on_1_and_4_workers(|| async {
        let (mut one, other) = pair().await;
        for _ in 0..3 {
            one.close().await.expect("closing again is fine");
        }
        assert_eq!((&other).read(&mut [0]).await.expect("an end"), 0);
        let (mut one, other) = pair().await;
        other.set_linger(Some(Duration::ZERO)).expect("it can be set");
        drop(other);
        // An error, where the system has not lost it.
        assert_eq!(one.read(&mut [0]).await.unwrap_or(0), 0, "nothing was sent");
        // Whether the system minds differs; nobody panics or hangs.
        let _ = one.close().await;
        let _ = one.shutdown(Shutdown::Both);
    });
}

#[test]
fn readiness_of_either_kind_ends_the_wait() {
    on_1_and_4_workers(|| async {
        let (one, other) = pair().await;
        assert!(one.try_read(&mut [0]).is_err(), "nothing is there");
        let both = Interest::READABLE | Interest::WRITABLE;
        one.ready(both).await.expect("it can be written to");
        (&other).write_all(b"x").await.expect("there is room");
        one.ready(Interest::READABLE).await.expect("a byte is there");
        assert_eq!(one.try_read(&mut [0; 4]).expect("a byte is there"), 1);
    });
}

#[test]
fn the_room_for_a_read_is_not_part_of_its_future() {
    // 4 KiB of room: a future that held it would show it.
    let size = size_of_val(&TcpStream::peek);
    assert_eq!(size, 0);
    on_1_and_4_workers(|| async {
        let (one, _other) = pair().await;
        let mut room = vec![0; 4096];
        assert!(size_of_val(&one.peek(&mut room)) < 512);
    });
}

#[test]
fn a_listener_gives_its_connections_as_a_stream_and_can_be_asked_for_errors() {
    on_1_and_4_workers(|| async {
        let (listener, address) = listen().await;
        let _clients = [TcpStream::connect(address).await, TcpStream::connect(address).await];
        assert_eq!(listener.incoming().take(2).count().await, 2);
        assert!(listener.take_error().expect("it can be asked").is_none());
        assert!(poll_once(&mut pin!(listener.accept())).is_pending(), "nobody is left");
    });
}
