//! Streams and datagrams in memory.
#![forbid(unsafe_code)]

use futures_util::io::{AsyncReadExt, AsyncWriteExt};
use qi_runtime::AsyncRuntime;
use qi_runtime::simulation::net::{Link, TcpListener, TcpStream, UdpSocket};
use qi_runtime::simulation::{Simulation, each_seed};
use qi_runtime::time::{Duration, sleep, timeout};
use std::io::ErrorKind;
use std::net::Shutdown;

fn simulation(seed: u64) -> Simulation {
    AsyncRuntime::builder().worker_threads(2).simulated(seed).build().unwrap()
}

/// Bytes that tell their place.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from(at * 7 % 251).unwrap()).collect()
}

/// Sends back what comes.
async fn echo(mut stream: TcpStream) {
    let mut buffer = vec![0; 1 << 12];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        if stream.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

#[test]
fn more_bytes_than_fit_come_back_in_order_over_a_link_that_loses() {
    each_seed(20, |seed| {
        let simulation = simulation(seed);
        let network = simulation.network().clone();
        network.set_links(Link::new(Duration::ZERO..=Duration::from_millis(30)).loss(0.2));
        let (client, server) = (network.host("client"), network.host("server"));
        simulation.run(async {
            let listener = server.run(TcpListener::bind("0.0.0.0:7")).await.unwrap();
            server.spawn(async move {
                let (stream, _) = listener.accept().await.unwrap();
                echo(stream).await;
            });
            let stream = client.run(TcpStream::connect("server:7")).await.unwrap();
            let sent = pattern(200_000);
            let (mut reader, mut writer) = (&stream, &stream);
            let mut received = Vec::new();
            let writing = async {
                writer.write_all(&sent).await.unwrap();
                writer.close().await.unwrap();
            };
            let ((), count) = qi_runtime::join!(writing, reader.read_to_end(&mut received));
            assert_eq!(count.unwrap(), sent.len());
            assert!(received == sent);
        });
        assert_eq!(network.connections(), 0);
        simulation.finish().unwrap();
    });
}

#[test]
fn a_writer_whose_peer_does_not_read_waits() {
    let simulation = simulation(1);
    simulation.run(async {
        let listener = TcpListener::bind("127.0.0.1:1").await.unwrap();
        let mut writer = TcpStream::connect("127.0.0.1:1").await.unwrap();
        let (mut reader, peer) = listener.accept().await.unwrap();
        assert_eq!(peer, writer.local_addr().unwrap());
        assert_eq!(reader.local_addr().unwrap(), writer.peer_addr().unwrap());
        let sent = pattern(70_000);
        let stuck = timeout(Duration::from_secs(9), writer.write_all(&sent)).await;
        assert!(stuck.is_err(), "64 KiB fit");
        let mut all = vec![0; 65_536];
        reader.read_exact(&mut all).await.unwrap();
        assert!(all == sent[..65_536]);
        writer.write_all(b"room again").await.unwrap();
    });
    simulation.finish().unwrap();
}

#[test]
fn nobody_listens_nobody_is_there_and_the_name_is_unknown() {
    let simulation = simulation(1);
    simulation.run(async {
        let kind = |result: std::io::Result<TcpStream>| result.unwrap_err().kind();
        assert_eq!(kind(TcpStream::connect("localhost:1").await), ErrorKind::ConnectionRefused);
        assert_eq!(kind(TcpStream::connect("nowhere:1").await), ErrorKind::NotFound);
        assert_eq!(kind(TcpStream::connect("10.9.9.9:1").await), ErrorKind::TimedOut);
        let held = TcpListener::bind("localhost:1").await.unwrap();
        let again = TcpListener::bind("localhost:1").await.unwrap_err();
        assert_eq!(again.kind(), ErrorKind::AddrInUse);
        let elsewhere = TcpListener::bind("10.9.9.9:1").await.unwrap_err();
        assert_eq!(elsewhere.kind(), ErrorKind::AddrNotAvailable);
        drop(held);
        TcpListener::bind("localhost:1").await.unwrap();
    });
    simulation.finish().unwrap();
}

#[test]
fn an_end_that_is_shut_down_or_dropped_is_told_to_the_other() {
    each_seed(20, |seed| {
        let simulation = simulation(seed);
        simulation.run(async {
            let listener = TcpListener::bind("localhost:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let mut one = TcpStream::connect(address).await.unwrap();
            let (mut other, _) = listener.accept().await.unwrap();
            one.write_all(b"last words").await.unwrap();
            one.shutdown(Shutdown::Write).unwrap();
            assert_eq!(one.write(b"more").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
            let mut text = String::new();
            other.read_to_string(&mut text).await.unwrap();
            assert_eq!(text, "last words");
            other.write_all(b"unread").await.unwrap();
            sleep(Duration::from_secs(1)).await;
            drop(one);
            sleep(Duration::from_secs(1)).await;
            let broken = other.write(b"x").await.unwrap_err();
            assert_eq!(broken.kind(), ErrorKind::ConnectionReset, "something was not read");
        });
        simulation.finish().unwrap();
    });
}

#[test]
fn a_listener_that_goes_resets_who_was_not_accepted() {
    let simulation = simulation(1);
    simulation.run(async {
        let listener = TcpListener::bind("localhost:1").await.unwrap();
        let mut client = TcpStream::connect("localhost:1").await.unwrap();
        drop(listener);
        let broken = client.read(&mut [0; 4]).await.unwrap_err();
        assert_eq!(broken.kind(), ErrorKind::ConnectionReset);
    });
    simulation.finish().unwrap();
}

#[test]
fn connecting_can_be_given_up_at_any_moment() {
    each_seed(100, |seed| {
        let simulation = simulation(seed);
        let network = simulation.network().clone();
        simulation.run(async {
            let listener = TcpListener::bind("localhost:1").await.unwrap();
            let patience = Duration::from_micros(seed * 60);
            let attempt = timeout(patience, TcpStream::connect("localhost:1")).await;
            sleep(Duration::from_secs(1)).await;
            let accepted = timeout(Duration::from_secs(1), listener.accept()).await;
            if let (Err(_), Ok(Ok((mut stream, _)))) = (&attempt, accepted) {
                let broken = stream.read(&mut [0; 4]).await.unwrap_err();
                assert_eq!(broken.kind(), ErrorKind::ConnectionReset);
            }
        });
        assert_eq!(network.connections(), 0);
        simulation.finish().unwrap();
    });
}

#[test]
fn datagrams_are_lost_doubled_and_overtake_each_other_but_stay_whole() {
    let (mut lost, mut doubled, mut overtaken) = (0, 0, 0);
    each_seed(30, |seed| {
        let simulation = simulation(seed);
        let link = Link::new(Duration::ZERO..=Duration::from_millis(9));
        simulation.network().set_links(link.loss(0.2).duplication(0.2));
        let seen: Vec<u8> = simulation.run(async {
            let receiver = UdpSocket::bind("localhost:1").await.unwrap();
            let sender = UdpSocket::bind("localhost:2").await.unwrap();
            sender.connect("localhost:1").await.unwrap();
            for number in 0..30_u8 {
                sender.send(&[number; 5]).await.unwrap();
            }
            let mut seen = Vec::new();
            let mut buffer = [0; 16];
            let limit = Duration::from_secs(1);
            while let Ok(received) = timeout(limit, receiver.recv_from(&mut buffer)).await {
                let (length, from) = received.unwrap();
                assert_eq!(from, sender.local_addr().unwrap());
                assert_eq!(length, 5);
                assert!(buffer[..5].iter().all(|byte| *byte == buffer[0]));
                seen.push(buffer[0]);
            }
            seen
        });
        let times = |number| seen.iter().filter(|other| **other == number).count();
        lost += (0..30).filter(|number| times(*number) == 0).count();
        doubled += (0..30).filter(|number| times(*number) == 2).count();
        overtaken += seen.windows(2).filter(|pair| pair[0] > pair[1]).count();
        assert!((0..30).all(|number| times(number) <= 2));
        simulation.finish().unwrap();
    });
    if std::env::var_os("QI_SIMULATION_SEED").is_none() {
        assert!(lost > 0 && doubled > 0 && overtaken > 0, "{lost} {doubled} {overtaken}");
    }
}
