//! Bad days of TCP: peers that reset at every byte, that never read, that are gone.

use crate::net_support::{listen, on_1_and_4_workers, pair, pattern, poll_once};
use futures_util::io::{AsyncReadExt, AsyncWriteExt};
use qi_runtime::io::copy_bidirectional;
use qi_runtime::net::TcpStream;
use std::io;
use std::task::Poll;
use std::time::Duration;

/// Bytes of the conversation that is cut at each of them.
const LENGTH: usize = 24;

/// Resets the connection instead of ending it.
fn reset(stream: TcpStream) {
    stream.set_linger(Some(Duration::ZERO)).expect("it can be set");
    drop(stream);
}

#[test]
fn a_reset_at_every_byte_ends_a_read_with_what_came_before_or_an_error() {
    on_1_and_4_workers(|| async {
        for cut in 0..LENGTH {
            let (mut sender, mut receiver) = pair().await;
            sender.write_all(&pattern(cut, 1)).await.expect("there is room");
            reset(sender);
            let mut got = Vec::new();
            // A reset may overtake what was sent; what is read is never anything else.
            let outcome = receiver.read_to_end(&mut got).await;
            assert!(pattern(cut, 1).starts_with(&got), "other bytes at {cut}");
            assert!(outcome.is_err() || got.len() == cut, "an orderly end that was none at {cut}");
        }
    });
}

#[test]
fn a_reset_at_every_byte_ends_a_proxied_connection_on_both_sides() {
    on_1_and_4_workers(|| async {
        for cut in 0..LENGTH {
            let (mut client, mut inbound) = pair().await;
            let (mut outbound, mut server) = pair().await;
            let proxy =
                qi_runtime::spawn(
                    async move { copy_bidirectional(&mut inbound, &mut outbound).await },
                );
            client.write_all(&pattern(cut, 2)).await.expect("there is room");
            let mut got = vec![0; cut];
            server.read_exact(&mut got).await.expect("the proxy passes it on");
            assert!(got == pattern(cut, 2), "other bytes at {cut}");
            if cut % 2 == 0 {
                reset(client);
            } else {
                reset(server);
            }
            let ended = proxy.join().await.expect("it does not panic");
            assert!(ended.is_err(), "an orderly end that was none at {cut}");
        }
    });
}

async fn write_some(mut stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    stream.write(bytes).await
}

#[test]
fn a_peer_that_never_reads_stops_the_writer_and_a_late_reader_gets_all() {
    on_1_and_4_workers(|| async {
        let (one, mut other) = pair().await;
        let mut sent = 0;
        let piece = pattern(64 * 1024, 3);
        // Until the system's buffers on both sides are full. What is on its way between them may make
        // room a moment later.
        let writing = loop {
            while let Ok(count) = one.try_write(&piece[sent % piece.len()..]) {
                sent += count;
            }
            let next = sent % piece.len();
            let mut writing = Box::pin(write_some(&one, &piece[next..=next]));
            match poll_once(&mut writing) {
                Poll::Ready(count) => sent += count.expect("nobody has gone"),
                Poll::Pending => break writing,
            }
        };
        let reading = qi_runtime::spawn(async move {
            let mut got = Vec::new();
            other.read_to_end(&mut got).await.expect("an end");
            got
        });
        assert_eq!(writing.await.expect("there is room now"), 1);
        drop(one);
        let got = reading.join().await.expect("it does not panic");
        assert_eq!(got.len(), sent + 1);
        assert!(got.iter().zip(piece.iter().cycle()).all(|(got, wanted)| got == wanted));
    });
}

#[test]
fn a_half_open_connection_is_written_to_until_the_system_says_otherwise() {
    on_1_and_4_workers(|| async {
        let (mut one, other) = pair().await;
        // The peer's process is gone without a word but for the kernel's: reads end, writes fail.
        other.set_linger(Some(Duration::ZERO)).expect("it can be set");
        drop(other);
        let error = loop {
            if let Err(error) = one.write_all(&[0; 1024]).await {
                break error;
            }
        };
        let kinds = [
            io::ErrorKind::BrokenPipe,
            io::ErrorKind::ConnectionReset,
            io::ErrorKind::ConnectionAborted,
        ];
        assert!(kinds.contains(&error.kind()), "{error}");
    });
}

#[test]
fn a_client_that_vanishes_before_it_is_accepted_harms_no_other() {
    on_1_and_4_workers(|| async {
        let (listener, address) = listen().await;
        for _ in 0..10 {
            reset(TcpStream::connect(address).await.expect("it listens"));
        }
        let client = TcpStream::connect(address).await.expect("it listens");
        let own = client.local_addr().expect("it is connected");
        // Some systems still hand out those that are gone.
        loop {
            let (_stream, peer) = listener.accept().await.expect("the listener lives");
            if peer == own {
                break;
            }
        }
    });
}
