//! Unix streams: names, halves, ends, credentials, and a listener whose queue is full.

use crate::net_support::{on_1_and_4_workers, pattern, poll_once};
use futures_util::StreamExt;
use futures_util::io::{AsyncReadExt, AsyncWriteExt};
use qi_runtime::net::{Shutdown, UnixListener, UnixStream};
use std::io::{self, IoSlice, IoSliceMut};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// A folder of its own for each test, removed at the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("qi-net-{}-{}", std::process::id(), NEXT.fetch_add(1, Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).expect("nobody else uses the name");
        Self(path)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left over there is looked for by nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn clients_connect_by_name_and_talk() {
    on_1_and_4_workers(|| async {
        let folder = Folder::new();
        let path = folder.file("service");
        let listener = UnixListener::bind(&path).expect("a free name");
        assert_eq!(listener.local_addr().expect("bound").as_pathname(), Some(Path::new(&path)));
        let server = qi_runtime::spawn(async move {
            let (stream, peer) = listener.accept().await.expect("a client");
            assert!(peer.is_unnamed());
            futures_util::io::copy(&stream, &mut &stream).await.expect("it is polite")
        });
        let stream = UnixStream::connect(&path).await.expect("it listens");
        assert_eq!(stream.peer_addr().expect("connected").as_pathname(), Some(Path::new(&path)));
        let (mut reader, mut writer) = stream.into_split();
        let sending = qi_runtime::spawn(async move {
            writer.write_all(&pattern(300_000, 1)).await.expect("it reads");
        });
        let mut got = Vec::new();
        reader.read_to_end(&mut got).await.expect("an end");
        assert!(got == pattern(300_000, 1), "the echo differs");
        sending.join().await.expect("it does not panic");
        assert_eq!(server.join().await.expect("it does not panic"), 300_000);
    });
}

#[test]
fn a_name_stays_until_it_is_removed() {
    on_1_and_4_workers(|| async {
        let folder = Folder::new();
        let path = folder.file("service");
        drop(UnixListener::bind(&path).expect("a free name"));
        let error = UnixListener::bind(&path).expect_err("the file is still there");
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        let error = UnixStream::connect(&path).await.expect_err("nobody listens");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        std::fs::remove_file(&path).expect("it is there");
        let error = UnixStream::connect(&path).await.expect_err("nobody is there");
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        UnixListener::bind(&path).expect("it is free again");
        let long = "x".repeat(1000);
        assert!(UnixListener::bind(folder.file(&long)).is_err(), "no name is that long");
    });
}

#[cfg(target_os = "linux")]
#[test]
fn an_abstract_name_is_no_file_and_ends_with_its_socket() {
    use qi_runtime::net::unix::SocketAddr;
    use std::os::linux::net::SocketAddrExt;
    on_1_and_4_workers(|| async {
        let name = format!("qi-net-abstract-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).expect("a name");
        let listener = UnixListener::bind_addr(&address).expect("a free name");
        let (stream, accepted) =
            futures_util::future::join(UnixStream::connect_addr(&address), listener.accept()).await;
        let peer = stream.expect("it listens").peer_addr().expect("connected");
        assert_eq!(peer.as_abstract_name(), Some(name.as_bytes()));
        accepted.expect("a client");
        drop(listener);
        UnixListener::bind_addr(&address).expect("it is free at once");
    });
}

#[test]
fn halves_end_reunite_and_write_vectored() {
    on_1_and_4_workers(|| async {
        let (mut one, other) = UnixStream::pair().expect("two sockets");
        {
            let (mut reader, mut writer) = one.halves();
            let buffers = [IoSlice::new(b"pi"), IoSlice::new(b"ng")];
            assert_eq!(writer.write_vectored(&buffers).await.expect("there is room"), 4);
            let (mut first, mut second) = ([0; 1], [0; 3]);
            let mut rooms = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
            assert_eq!((&other).read_vectored(&mut rooms).await.expect("four bytes"), 4);
            assert_eq!((&first, &second), (b"p", b"ing"));
            (&other).write_all(b"pong").await.expect("there is room");
            reader.read_exact(&mut [0; 4]).await.expect("four bytes");
        }
        let (reader, writer) = one.into_split();
        let (stranger, _own) = other.into_split();
        let error = stranger.reunite(writer).expect_err("they are of two streams");
        let one = reader.reunite(error.1).expect("they are of one stream");
        let (mut reader, mut writer) = one.into_split();
        writer.close().await.expect("it is connected");
        let mut rest = Vec::new();
        let (mut stranger, _) = (error.0, ());
        stranger.read_to_end(&mut rest).await.expect("an end");
        assert!(poll_once(&mut pin!(reader.read(&mut [0]))).is_pending(), "the other way is open");
    });
}

#[test]
fn trying_and_waiting_for_readiness_transfer_without_waiting() {
    on_1_and_4_workers(|| async {
        let (one, other) = UnixStream::pair().expect("two sockets");
        one.writable().await.expect("there is room");
        assert_eq!(
            other.try_read(&mut [0]).expect_err("nothing is there").kind(),
            io::ErrorKind::WouldBlock
        );
        assert!(poll_once(&mut pin!(other.readable())).is_pending());
        let mut sent = 0;
        loop {
            match one.try_write(&[7; 10_000]) {
                Ok(count) => sent += count,
                Err(error) => break assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
        }
        let mut got = 0;
        while got < sent {
            other.readable().await.expect("the runtime runs");
            let mut room = [0; 9_999];
            match other.try_read_vectored(&mut [IoSliceMut::new(&mut room)]) {
                Ok(count) => got += count,
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
        }
        one.writable().await.expect("there is room again");
        assert_eq!(one.try_write_vectored(&[IoSlice::new(b"x")]).expect("there is room"), 1);
    });
}

#[test]
fn the_end_of_a_peer_is_an_end_to_reads_and_an_error_to_writes() {
    on_1_and_4_workers(|| async {
        let (mut one, other) = UnixStream::pair().expect("two sockets");
        let reading = qi_runtime::spawn(async move {
            let mut text = Vec::new();
            one.read_to_end(&mut text).await.expect("an end");
            one
        });
        other.shutdown(Shutdown::Write).expect("it is connected");
        let mut one = reading.join().await.expect("it does not panic");
        drop(other);
        let error = one.write_all(b"x").await.expect_err("nobody reads");
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
        assert!(one.take_error().expect("it can be asked").is_none());
    });
}

#[test]
fn a_peer_is_known_by_its_credentials() {
    on_1_and_4_workers(|| async {
        let (one, other) = UnixStream::pair().expect("two sockets");
        let (mine, theirs) = (one.peer_cred().expect("told"), other.peer_cred().expect("told"));
        assert_eq!(mine, theirs);
        assert_eq!(mine.uid, nix::unistd::geteuid().as_raw());
        assert_eq!(mine.gid, nix::unistd::getegid().as_raw());
        if let Some(pid) = mine.pid {
            assert_eq!(pid, nix::unistd::getpid().as_raw());
        }
    });
}

#[test]
fn connections_come_as_a_stream() {
    on_1_and_4_workers(|| async {
        let folder = Folder::new();
        let path = folder.file("service");
        let listener = UnixListener::bind(&path).expect("a free name");
        let mut clients = Vec::new();
        for _ in 0..3 {
            clients.push(UnixStream::connect(&path).await.expect("it listens"));
        }
        assert_eq!(listener.incoming().take(3).count().await, 3);
        let blocking = listener.into_std().expect("it can be taken out");
        let listener = UnixListener::from_std(blocking).expect("it can be taken back");
        assert!(poll_once(&mut pin!(listener.accept())).is_pending(), "nobody is left");
        let blocking = clients.pop().expect("three").into_std().expect("it can be taken out");
        UnixStream::from_std(blocking).expect("it can be taken back");
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_client_waits_for_room_in_a_full_queue() {
    on_1_and_4_workers(|| async {
        let folder = Folder::new();
        let path = folder.file("service");
        let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None);
        let socket = socket.expect("a socket");
        socket.bind(&socket2::SockAddr::unix(&path).expect("a name")).expect("a free name");
        socket.listen(0).expect("it is bound");
        let listener = UnixListener::from_std(socket.into()).expect("a runtime");
        let mut waiting = Vec::new();
        loop {
            let mut attempt = Box::pin(UnixStream::connect(&path));
            match poll_once(&mut attempt) {
                std::task::Poll::Ready(stream) => waiting.push(stream.expect("it listens")),
                std::task::Poll::Pending => {
                    // The queue is full; accepting makes room.
                    listener.accept().await.expect("a client");
                    break waiting.push(attempt.await.expect("there is room now"));
                }
            }
            assert!(waiting.len() < 100, "the queue has no end");
        }
    });
}
