//! Pipes, anonymous and with names.

use crate::net_support::{on_1_and_4_workers, pattern, poll_once};
use crate::unix_stream::Folder;
use futures_util::io::{AsyncReadExt, AsyncWriteExt};
use qi_runtime::net::unix::pipe::{self, Receiver, Sender};
use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::path::PathBuf;
use std::pin::pin;
use std::process::{Command, Stdio};

fn fifo(folder: &Folder) -> PathBuf {
    let path = folder.file("fifo");
    let mode = nix::sys::stat::Mode::S_IRUSR | nix::sys::stat::Mode::S_IWUSR;
    nix::unistd::mkfifo(&path, mode).expect("a free name");
    path
}

#[test]
fn bytes_go_through_an_anonymous_pipe_to_its_end() {
    on_1_and_4_workers(|| async {
        let (mut sender, mut receiver) = pipe::pipe().expect("a pipe");
        let sending = qi_runtime::spawn(async move {
            sender.write_all(&pattern(200_000, 1)).await.expect("somebody reads");
            sender.close().await.expect("closing does nothing");
        });
        let mut got = Vec::new();
        receiver.read_to_end(&mut got).await.expect("an end");
        assert!(got == pattern(200_000, 1), "the bytes differ");
        sending.join().await.expect("it does not panic");
    });
}

#[test]
fn a_writer_learns_that_nobody_reads() {
    on_1_and_4_workers(|| async {
        let (mut sender, receiver) = pipe::pipe().expect("a pipe");
        while sender.try_write(&[0; 4096]).is_ok() {}
        let waiting = qi_runtime::spawn(async move { sender.write_all(b"x").await });
        qi_runtime::yield_now().await;
        drop(receiver);
        let error = waiting.join().await.expect("no panic").expect_err("nobody reads");
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    });
}

#[test]
fn trying_transfers_without_waiting() {
    on_1_and_4_workers(|| async {
        let (sender, receiver) = pipe::pipe().expect("a pipe");
        let error = receiver.try_read(&mut [0]).expect_err("nothing is there");
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        assert!(poll_once(&mut pin!(receiver.readable())).is_pending());
        sender.writable().await.expect("there is room");
        let parts = [IoSlice::new(b"ab"), IoSlice::new(b"cd")];
        assert_eq!(sender.try_write_vectored(&parts).expect("there is room"), 4);
        receiver.readable().await.expect("four bytes");
        let (mut first, mut second) = ([0; 1], [0; 8]);
        let mut rooms = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
        assert_eq!(receiver.try_read_vectored(&mut rooms).expect("four bytes"), 4);
        assert_eq!((&first, &second[..3]), (b"a", &b"bcd"[..]));
    });
}

#[test]
fn a_named_pipe_is_opened_at_both_ends() {
    on_1_and_4_workers(|| async {
        let folder = Folder::new();
        let path = fifo(&folder);
        let error = pipe::open_sender(&path).expect_err("nobody reads");
        assert_eq!(error.raw_os_error(), Some(nix::errno::Errno::ENXIO as i32));
        let mut receiver = pipe::open_receiver(&path).expect("it exists");
        let mut sender = pipe::open_sender(&path).expect("somebody reads");
        for round in 0..3_u8 {
            sender.write_all(&[round; 100]).await.expect("somebody reads");
            let mut got = [9; 100];
            receiver.read_exact(&mut got).await.expect("all of it");
            assert_eq!(got, [round; 100]);
        }
        drop(sender);
        assert_eq!(receiver.read(&mut [0]).await.expect("an end"), 0);
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_pipe_with_both_ends_open_outlives_its_writers() {
    on_1_and_4_workers(|| async {
        let folder = Folder::new();
        let path = fifo(&folder);
        let (_kept, mut receiver) = pipe::open_both(&path).expect("it exists");
        for text in [b"first", b"later"] {
            let mut sender = pipe::open_sender(&path).expect("somebody reads");
            sender.write_all(text).await.expect("somebody reads");
            drop(sender);
            let mut got = [0; 5];
            receiver.read_exact(&mut got).await.expect("all of it");
            assert_eq!(&got, text);
        }
        assert!(poll_once(&mut pin!(receiver.read(&mut [0]))).is_pending(), "no end");
    });
}

#[test]
fn what_is_no_pipe_or_the_wrong_end_is_refused() {
    on_1_and_4_workers(|| async {
        let folder = Folder::new();
        let plain = folder.file("plain");
        std::fs::write(&plain, "text").expect("a free name");
        let refused = |outcome: io::Result<()>| {
            assert_eq!(outcome.expect_err("refused").kind(), io::ErrorKind::InvalidInput);
        };
        refused(pipe::open_receiver(&plain).map(drop));
        refused(pipe::open_sender(&plain).map(drop));
        refused(Receiver::from_file(File::open(&plain).expect("it is there")).map(drop));
        let path = fifo(&folder);
        let reader = OpenOptions::new().read(true).write(true).open(&path).expect("both ends");
        Receiver::from_file(reader.try_clone().expect("room")).expect("it reads too");
        Sender::from_file(reader).expect("it writes too");
        let _receiver = pipe::open_receiver(&path).expect("it exists");
        let writer =
            File::from(pipe::open_sender(&path).expect("read").into_owned_fd().expect("out"));
        refused(Receiver::from_file(writer).map(drop));
    });
}

#[test]
fn ends_of_a_childs_pipes_are_taken_over_and_given_back() {
    on_1_and_4_workers(|| async {
        let mut child = Command::new("cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("every Unix has it");
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let mut sender = Sender::from_owned_fd(input.expect("piped").into()).expect("a pipe");
        let mut receiver = Receiver::from_owned_fd(output.expect("piped").into()).expect("a pipe");
        sender.write_all(b"there and back").await.expect("it reads");
        drop(sender);
        let mut text = String::new();
        receiver.read_to_string(&mut text).await.expect("an end");
        assert_eq!(text, "there and back");
        child.wait().expect("it has ended");

        let (sender, receiver) = pipe::pipe().expect("a pipe");
        let mut sender = File::from(sender.into_blocking_fd().expect("it can be taken out"));
        let mut receiver = File::from(receiver.into_blocking_fd().expect("it can be taken out"));
        let reading = std::thread::spawn(move || {
            let mut text = String::new();
            receiver.read_to_string(&mut text).map(|_| text)
        });
        sender.write_all(b"blocking").expect("somebody reads");
        drop(sender);
        assert_eq!(reading.join().expect("no panic").expect("an end"), "blocking");
    });
}
