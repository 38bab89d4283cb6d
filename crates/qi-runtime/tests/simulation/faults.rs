//! What can be done to the network.
#![forbid(unsafe_code)]

use futures_util::io::{AsyncReadExt, AsyncWriteExt};
use qi_runtime::AsyncRuntime;
use qi_runtime::simulation::net::{Link, TcpListener, TcpStream, UdpSocket};
use qi_runtime::simulation::{Simulation, each_seed};
use qi_runtime::time::{Duration, Instant, sleep, timeout};
use std::io::ErrorKind;

fn simulation(seed: u64) -> Simulation {
    AsyncRuntime::builder().worker_threads(2).simulated(seed).build().unwrap()
}

/// Two ends of a stream between the hosts `a` and `b`.
async fn pair(simulation: &Simulation) -> (TcpStream, TcpStream) {
    let network = simulation.network();
    let (a, b) = (network.host("a"), network.host("b"));
    let listener = b.run(TcpListener::bind("0.0.0.0:1")).await.unwrap();
    let client = a.run(TcpStream::connect("b:1")).await.unwrap();
    (client, listener.accept().await.unwrap().0)
}

#[test]
fn a_stream_stands_still_while_its_hosts_are_cut_off_and_loses_nothing() {
    each_seed(20, |seed| {
        let simulation = simulation(seed);
        let network = simulation.network().clone();
        let (a, b) = (network.host("a"), network.host("b"));
        simulation.run(async {
            let (mut client, mut server) = pair(&simulation).await;
            client.write_all(b"before ").await.unwrap();
            network.partition(&a, &b);
            client.write_all(b"meanwhile ").await.unwrap();
            let mut buffer = [0; 64];
            let mut text = Vec::new();
            while let Ok(count) = timeout(Duration::from_secs(60), server.read(&mut buffer)).await {
                text.extend_from_slice(&buffer[..count.unwrap()]);
            }
            assert!(b"before ".starts_with(&text), "what was under way may have been held");
            network.heal(&a, &b);
            client.write_all(b"after").await.unwrap();
            client.close().await.unwrap();
            server.read_to_end(&mut text).await.unwrap();
            assert_eq!(text, b"before meanwhile after");
        });
        simulation.finish().unwrap();
    });
}

#[test]
fn a_reset_reaches_readers_and_writers_at_both_ends() {
    each_seed(20, |seed| {
        let simulation = simulation(seed);
        let network = simulation.network().clone();
        simulation.run(async {
            let (mut client, mut server) = pair(&simulation).await;
            let reader = qi_runtime::spawn(async move { server.read(&mut [0; 8]).await });
            sleep(Duration::from_millis(1)).await;
            assert_eq!(network.reset(&network.host("a"), &network.host("b")), 1);
            let kind = |result: std::io::Result<usize>| result.unwrap_err().kind();
            assert_eq!(kind(reader.join().await.unwrap()), ErrorKind::ConnectionReset);
            assert_eq!(kind(client.write(b"x").await), ErrorKind::ConnectionReset);
            assert_eq!(kind(client.read(&mut [0; 8]).await), ErrorKind::ConnectionReset);
        });
        assert_eq!(network.connections(), 0);
        simulation.finish().unwrap();
    });
}

#[test]
fn connecting_to_a_host_that_is_cut_off_times_out_and_comes_late_after_it_healed() {
    let simulation = simulation(1);
    let network = simulation.network().clone();
    let (a, b) = (network.host("a"), network.host("b"));
    simulation.run(async {
        let listener = b.run(TcpListener::bind("0.0.0.0:1")).await.unwrap();
        network.partition(&a, &b);
        let begun = Instant::now();
        let late = a.run(TcpStream::connect("b:1")).await.unwrap_err();
        assert_eq!(late.kind(), ErrorKind::TimedOut);
        assert!(begun.elapsed() >= Duration::from_secs(75));
        // Others reach it all the while.
        TcpStream::connect("b:1").await.unwrap();
        network.heal_all();
        a.run(TcpStream::connect("b:1")).await.unwrap();
        drop(listener);
    });
    simulation.finish().unwrap();
}

#[test]
fn datagrams_between_hosts_that_are_cut_off_are_lost() {
    let simulation = simulation(1);
    let network = simulation.network().clone();
    let (a, b) = (network.host("a"), network.host("b"));
    simulation.run(async {
        let one = a.run(UdpSocket::bind("0.0.0.0:1")).await.unwrap();
        let other = b.run(UdpSocket::bind("0.0.0.0:1")).await.unwrap();
        let to = other.local_addr().unwrap();
        network.partition(&a, &b);
        one.send_to(b"lost", to).await.unwrap();
        sleep(Duration::from_secs(1)).await;
        network.heal(&a, &b);
        one.send_to(b"kept", to).await.unwrap();
        let mut buffer = [0; 4];
        other.recv_from(&mut buffer).await.unwrap();
        assert_eq!(&buffer, b"kept");
    });
    simulation.finish().unwrap();
}

#[test]
fn a_link_of_two_hosts_delays_them_and_no_others() {
    each_seed(10, |seed| {
        let simulation = simulation(seed);
        let network = simulation.network().clone();
        let (a, b) = (network.host("a"), network.host("b"));
        let far = Duration::from_secs(2);
        network.set_link(&b, &a, Link::new(far..=far));
        simulation.run(async {
            let _listener = b.run(TcpListener::bind("0.0.0.0:1")).await.unwrap();
            let begun = Instant::now();
            a.run(TcpStream::connect("b:1")).await.unwrap();
            assert!(begun.elapsed() >= far * 2, "there and back");
            let begun = Instant::now();
            TcpStream::connect("b:1").await.unwrap();
            assert!(begun.elapsed() < far);
        });
        simulation.finish().unwrap();
    });
}
