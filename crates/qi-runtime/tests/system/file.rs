//! One file: what was written is read, wherever the cursor was, and nothing needs a flush to arrive.

use crate::support::{Scratch, on_1_and_4_workers, pattern, runtime, watched};
use futures_util::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use qi_runtime::fs::{self, File, OpenOptions};
use std::future::Future;
use std::io::{Read, SeekFrom};

#[test]
fn what_was_written_is_read() {
    on_1_and_4_workers(|| async {
        let scratch = Scratch::new();
        let path = scratch.path("file");
        let content = pattern(3_000_000, 1);
        let mut file = File::create(&path).await.expect("it can be made");
        for piece in content.chunks(77_777) {
            file.write_all(piece).await.expect("there is room");
        }
        file.close().await.expect("there was no error");
        let mut file = File::open(&path).await.expect("it is there");
        let mut read = Vec::new();
        file.read_to_end(&mut read).await.expect("it can be read");
        assert!(read == content, "the bytes differ");
        assert_eq!(file.read(&mut [0; 10]).await.expect("the end is no error"), 0);
    });
}

#[test]
fn reads_of_every_size_see_the_same_bytes() {
    on_1_and_4_workers(|| async {
        let scratch = Scratch::new();
        let content = pattern(200_000, 2);
        let path = scratch.file("file", &content);
        for size in [1_usize, 7, 4096, 16 * 1024, 100_000, 1 << 20] {
            let mut file = File::open(&path).await.expect("it is there");
            let (mut read, mut room) = (Vec::new(), vec![0; size]);
            // Single bytes of all would only take long.
            while read.len() < content.len().min(size * 3000) {
                match file.read(&mut room).await.expect("it can be read") {
                    0 => break,
                    count => read.extend_from_slice(&room[..count]),
                }
            }
            assert!(content.starts_with(&read) && !read.is_empty(), "in pieces of {size}");
            assert_eq!(file.read(&mut []).await.expect("nothing is asked for"), 0);
        }
    });
}

#[test]
fn a_write_needs_no_flush_to_arrive() {
    on_1_and_4_workers(|| async {
        let scratch = Scratch::new();
        let path = scratch.path("log");
        let mut file = File::create(&path).await.expect("it can be made");
        file.write_all(b"one\n").await.expect("there is room");
        while std::fs::read(&path).expect("it is there") != b"one\n" {
            qi_runtime::yield_now().await;
        }
        file.write_all(b"two\n").await.expect("there is room");
        drop(file);
        while std::fs::read(&path).expect("it is there") != b"one\ntwo\n" {
            qi_runtime::yield_now().await;
        }
    });
}

/// I70.
#[test]
fn bytes_that_were_taken_survive_the_end_of_the_runtime() {
    watched(|| {
        for _ in 0..20 {
            let scratch = Scratch::new();
            let path = scratch.path("log");
            let builder = qi_runtime::AsyncRuntime::builder().max_blocking_threads(1);
            let runtime = builder.worker_threads(1).build().expect("a runtime starts");
            let mut expected = Vec::new();
            let target = path.clone();
            runtime.block_on(async {
                let mut file = File::create(&target).await.expect("it can be made");
                // The pool's only thread is taken, so that the writing call waits in its queue.
                drop(qi_runtime::spawn_blocking(std::thread::yield_now));
                for number in 0..200 {
                    let line = format!("line {number}\n");
                    file.write_all(line.as_bytes()).await.expect("there is room");
                    expected.extend_from_slice(line.as_bytes());
                }
            });
            runtime.shutdown().expect("nothing is left behind");
            assert!(std::fs::read(&path).expect("it is there") == expected, "bytes are missing");
        }
    });
}

#[test]
fn a_file_outlives_its_runtime_and_still_writes() {
    watched(|| {
        let scratch = Scratch::new();
        let path = scratch.path("file");
        let first = runtime(1);
        let mut file = first.block_on(File::create(&path)).expect("it can be made");
        first.shutdown().expect("nothing is left behind");
        let other = runtime(1);
        other.block_on(async {
            file.write_all(b"later").await.expect("there is room");
            file.close().await.expect("there was no error");
            let mut file = File::open(&path).await.expect("it is there");
            let mut text = String::new();
            file.read_to_string(&mut text).await.expect("it can be read");
            assert_eq!(text, "later");
        });
        let mut again = first.handle().enter(|| {
            let file = std::fs::File::open(&path).expect("it is there");
            File::from_std(file).expect("there is a runtime")
        });
        let error = other.block_on(again.read(&mut [0; 8])).expect_err("nobody can read for it");
        assert_eq!(error.to_string(), "the runtime has shut down");
    });
}

#[test]
fn a_write_after_a_read_lands_where_the_read_ended() {
    on_1_and_4_workers(|| async {
        let scratch = Scratch::new();
        let path = scratch.file("file", b"0123456789");
        let mut file =
            OpenOptions::new().read(true).write(true).open(&path).await.expect("it is there");
        let mut room = [0; 3];
        file.read_exact(&mut room).await.expect("there is so much");
        file.write_all(b"abc").await.expect("there is room");
        file.read_exact(&mut room).await.expect("there is so much");
        assert_eq!(&room, b"678");
        file.flush().await.expect("there was no error");
        assert_eq!(std::fs::read(&path).expect("it is there"), b"012abc6789");
    });
}

#[test]
fn seeking_counts_from_where_the_user_is() {
    on_1_and_4_workers(|| async {
        let scratch = Scratch::new();
        let path = scratch.file("file", pattern(100_000, 3));
        let content = pattern(100_000, 3);
        let mut file = File::open(&path).await.expect("it is there");
        let mut room = [0; 10];
        file.read_exact(&mut room).await.expect("there is so much");
        assert_eq!(file.seek(SeekFrom::Current(90)).await.expect("there is such a place"), 100);
        file.read_exact(&mut room).await.expect("there is so much");
        assert_eq!(room, content[100..110]);
        assert_eq!(file.seek(SeekFrom::Current(-5)).await.expect("there is such a place"), 105);
        assert_eq!(file.seek(SeekFrom::End(-10)).await.expect("there is such a place"), 99_990);
        file.read_exact(&mut room).await.expect("there is so much");
        assert_eq!(room, content[99_990..]);
        assert_eq!(file.seek(SeekFrom::Start(0)).await.expect("there is such a place"), 0);
        file.read_exact(&mut room).await.expect("there is so much");
        assert_eq!(room, content[..10]);
        let before = file.seek(SeekFrom::Current(-100)).await;
        assert!(before.is_err(), "there is nothing before the beginning");
        file.read_exact(&mut room).await.expect("a seek that failed leaves the place");
        assert_eq!(room, content[10..20]);
    });
}

#[test]
fn appending_goes_to_the_end_whatever_was_read() {
    on_1_and_4_workers(|| async {
        let scratch = Scratch::new();
        let path = scratch.file("file", "begin ");
        let mut options = OpenOptions::new();
        let mut file = options.read(true).append(true).open(&path).await.expect("it is there");
        let mut room = [0; 2];
        file.read_exact(&mut room).await.expect("there is so much");
        file.write_all(b"end").await.expect("there is room");
        file.flush().await.expect("there was no error");
        assert_eq!(std::fs::read(&path).expect("it is there"), b"begin end");
    });
}

#[test]
fn what_depends_on_the_content_waits_for_the_writes_before_it() {
    on_1_and_4_workers(|| async {
        let scratch = Scratch::new();
        let mut file = File::create_new(scratch.path("file")).await.expect("it was not there");
        let content = pattern(700_000, 4);
        file.write_all(&content).await.expect("there is room");
        assert_eq!(file.metadata().await.expect("it is there").len(), 700_000);
        file.write_all(b"more").await.expect("there is room");
        file.set_len(700_002).await.expect("it can be cut");
        file.sync_all().await.expect("it can be stored");
        file.sync_data().await.expect("it can be stored");
        assert_eq!(fs::metadata(scratch.path("file")).await.expect("it is there").len(), 700_002);
        file.write_all(b"!").await.expect("there is room");
        let mut other = file.try_clone().await.expect("there are descriptors");
        assert_eq!(other.metadata().await.expect("it is there").len(), 700_005);
        other.seek(SeekFrom::Start(0)).await.expect("there is such a place");
        drop(file);
        let mut room = vec![0; 700_000];
        other.read_exact(&mut room).await.expect("there is so much");
        assert!(room == content, "the bytes differ");
    });
}

#[test]
fn a_file_given_back_has_all_bytes_and_the_cursor_where_the_user_was() {
    on_1_and_4_workers(|| async {
        let scratch = Scratch::new();
        let path = scratch.file("file", "0123456789");
        let std = std::fs::OpenOptions::new().read(true).write(true).open(&path);
        let mut file = File::from_std(std.expect("it is there")).expect("there is a runtime");
        let mut room = [0; 4];
        file.read_exact(&mut room).await.expect("there is so much");
        let mut std = file.into_std().await.expect("there was no error");
        let mut rest = String::new();
        std.read_to_string(&mut rest).expect("it can be read");
        assert_eq!(rest, "456789");
        let mut file = File::from_std(std).expect("there is a runtime");
        file.write_all(b"ab").await.expect("there is room");
        drop(file.into_std().await.expect("there was no error"));
        assert_eq!(std::fs::read(&path).expect("it is there"), b"0123456789ab");
    });
}

#[test]
fn a_task_that_always_finds_bytes_lets_others_run() {
    watched(|| {
        let scratch = Scratch::new();
        let path = scratch.file("file", pattern(16 * 1024, 5));
        let runtime = runtime(1);
        runtime.block_on(async {
            let reader = qi_runtime::spawn(async move {
                let mut file = File::open(&path).await.expect("it is there");
                let mut room = [0; 1];
                let mut polls = 0_u32;
                let reading = async {
                    for _ in 0..10_000 {
                        file.read_exact(&mut room).await.expect("there is so much");
                    }
                };
                let mut reading = std::pin::pin!(reading);
                std::future::poll_fn(|cx| {
                    polls += 1;
                    reading.as_mut().poll(cx)
                })
                .await;
                polls
            });
            let polls = reader.join().await.expect("it does not panic");
            assert!(polls >= 10_000 / 128, "one poll takes no more than its budget: {polls} polls");
        });
    });
}
