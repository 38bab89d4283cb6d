//! Hundreds of connections at once.
#![forbid(unsafe_code)]

#[cfg(unix)]
#[path = "net_support/limit_unix.rs"]
mod limit;
#[cfg(not(unix))]
#[path = "net_support/limit_other.rs"]
mod limit;
mod net_support;

use futures_util::io::{AsyncReadExt, AsyncWriteExt};
use net_support::{listen, on_1_and_4_workers, pattern};
use qi_runtime::net::TcpStream;

const CONNECTIONS: usize = 500;
const MESSAGES: usize = 10;
const LENGTH: usize = 500;

#[test]
fn five_hundred_connections_are_served_at_once() {
    limit::allow_descriptors(2 * CONNECTIONS as u32 + 200);
    on_1_and_4_workers(|| async {
        let (listener, address) = listen().await;
        let server = qi_runtime::spawn(async move {
            let mut echoes = Vec::new();
            for _ in 0..CONNECTIONS {
                let (stream, _) = listener.accept().await.expect("a client");
                echoes.push(qi_runtime::spawn(async move {
                    futures_util::io::copy(&stream, &mut &stream).await.expect("it is polite")
                }));
            }
            let mut echoed = 0;
            for echo in echoes {
                echoed += echo.join().await.expect("it does not panic");
            }
            echoed
        });
        // All are open before the first says something.
        let mut streams = Vec::new();
        for _ in 0..CONNECTIONS {
            streams.push(TcpStream::connect(address).await.expect("somebody listens"));
        }
        let clients: Vec<_> = streams
            .into_iter()
            .enumerate()
            .map(|(number, mut stream)| {
                qi_runtime::spawn(async move {
                    let mut got = [0; LENGTH];
                    for message in 0..MESSAGES {
                        let sent = pattern(LENGTH, (number * MESSAGES + message) as u64);
                        stream.write_all(&sent).await.expect("the server reads");
                        stream.read_exact(&mut got).await.expect("the server writes");
                        assert!(got[..] == sent, "connection {number}, message {message}");
                    }
                })
            })
            .collect();
        for client in clients {
            client.join().await.expect("it does not panic");
        }
        let all = (CONNECTIONS * MESSAGES * LENGTH) as u64;
        assert_eq!(server.join().await.expect("it does not panic"), all);
    });
}
