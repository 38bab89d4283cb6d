//! Named pipes of Windows.

use crate::net_support::{on_1_and_4_workers, pattern, poll_once};
use futures_util::io::{AsyncReadExt, AsyncWriteExt};
use qi_runtime::net::windows::named_pipe::{ClientOptions, ServerOptions};
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

const ERROR_PIPE_BUSY: i32 = 231;

/// A name that nobody else uses.
fn name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!(r"\\.\pipe\qi-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Relaxed))
}

#[test]
fn a_client_and_a_server_talk_to_each_other() {
    on_1_and_4_workers(|| async {
        let name = name();
        let server = ServerOptions::new().first_instance(true).create(&name).expect("a free name");
        let echo = qi_runtime::spawn(async move {
            let mut server = server;
            server.connect().await.expect("a client");
            let mut got = vec![0; 100_000];
            server.read_exact(&mut got).await.expect("all of it");
            server.write_all(&got).await.expect("it reads");
            // The last word is the client's: an end that goes first may take back what it said.
            assert_eq!(server.read(&mut [0; 1]).await.unwrap_or(0), 0);
        });
        let client = ClientOptions::new().open(&name).expect("somebody serves");
        let sending = async { (&client).write_all(&pattern(100_000, 1)).await };
        let mut got = vec![0; 100_000];
        let receiving = async { (&client).read_exact(&mut got).await };
        let (sent, received) = futures_util::future::join(sending, receiving).await;
        sent.and(received).expect("the server is polite");
        assert!(got == pattern(100_000, 1), "the echo differs");
        drop(client);
        echo.join().await.expect("it does not panic");
    });
}

#[test]
fn clients_are_served_one_instance_each() {
    on_1_and_4_workers(|| async {
        let name = name();
        let mut free = ServerOptions::new().first_instance(true).create(&name).expect("a name");
        let mut clients = Vec::new();
        let mut servers = Vec::new();
        for number in 0..4_u8 {
            clients.push(ClientOptions::new().open(&name).expect("an instance is free"));
            let busy = ClientOptions::new().open(&name).expect_err("none is free");
            assert_eq!(busy.raw_os_error(), Some(ERROR_PIPE_BUSY));
            free.connect().await.expect("a client");
            let next = ServerOptions::new().create(&name).expect("another instance");
            let mut server = std::mem::replace(&mut free, next);
            server.write_all(&[number]).await.expect("it reads");
            servers.push(server);
        }
        for (number, client) in clients.iter_mut().enumerate() {
            let mut got = [9];
            client.read_exact(&mut got).await.expect("a byte");
            assert_eq!(usize::from(got[0]), number);
        }
    });
}

#[test]
fn only_one_instance_is_the_first() {
    on_1_and_4_workers(|| async {
        let name = name();
        let _first = ServerOptions::new().first_instance(true).create(&name).expect("a name");
        let again = ServerOptions::new().first_instance(true).create(&name);
        assert_eq!(again.expect_err("it is not the first").kind(), io::ErrorKind::PermissionDenied);
    });
}

#[test]
fn a_wait_for_a_client_that_is_dropped_loses_none() {
    on_1_and_4_workers(|| async {
        let name = name();
        let mut server = ServerOptions::new().create(&name).expect("a free name");
        for round in 0..3_u8 {
            assert!(poll_once(&mut pin!(server.connect())).is_pending());
            let mut client = ClientOptions::new().open(&name).expect("somebody serves");
            server.connect().await.expect("a client");
            server.write_all(&[round]).await.expect("it reads");
            let mut got = [9];
            client.read_exact(&mut got).await.expect("a byte");
            assert_eq!(got, [round]);
            server.disconnect().expect("it was connected");
        }
    });
}

#[test]
fn a_peer_that_goes_ends_what_the_other_reads() {
    on_1_and_4_workers(|| async {
        let name = name();
        let server = ServerOptions::new().create(&name).expect("a free name");
        let client = ClientOptions::new().open(&name).expect("somebody serves");
        server.connect().await.expect("a client");
        let reading = qi_runtime::spawn(async move { (&server).read(&mut [0; 4]).await });
        qi_runtime::yield_now().await;
        drop(client);
        assert_eq!(reading.join().await.expect("it does not panic").unwrap_or(0), 0);
        assert!(ClientOptions::new().open(&name).is_err(), "nobody serves any more");
    });
}
