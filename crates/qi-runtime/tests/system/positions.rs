//! Reading and writing by position.

use crate::support::{Scratch, on_1_and_4_workers, pattern};
use futures_util::io::{AsyncReadExt, AsyncWriteExt};
use qi_runtime::fs::{File, OpenOptions};
use std::sync::Arc;

#[test]
fn pieces_are_read_where_they_lie_and_the_cursor_stays() {
    on_1_and_4_workers(|| async {
        let scratch = Scratch::new();
        let content = pattern(100_000, 1);
        let path = scratch.file("file", &content);
        let mut file = File::open(&path).await.expect("it is there");
        let mut room = [0; 10];
        file.read_exact(&mut room).await.expect("there is so much");
        assert_eq!(
            file.read_at(50_000, 100).await.expect("it can be read"),
            content[50_000..50_100]
        );
        assert_eq!(file.read_at(99_990, 100).await.expect("it can be read"), content[99_990..]);
        assert_eq!(file.read_at(200_000, 5).await.expect("the end is no error"), []);
        let pieces = vec![(70_000, 10), (0, 5), (99_999, 9)];
        let read = file.read_batch_at(pieces).await.expect("they can be read");
        assert_eq!(read, [&content[70_000..70_010], &content[..5], &content[99_999..]]);
        file.read_exact(&mut room).await.expect("there is so much");
        assert_eq!(room, content[10..20]);
    });
}

#[test]
fn pieces_are_written_where_they_belong_and_the_cursor_stays() {
    on_1_and_4_workers(|| async {
        let scratch = Scratch::new();
        let path = scratch.path("file");
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create_new(true);
        let mut file = options.open(&path).await.expect("it was not there");
        file.write_all(b"begin").await.expect("there is room");
        file.flush().await.expect("there was no error");
        file.write_at(8, *b"later").await.expect("there is room");
        let pieces = vec![(5, b"...".to_vec()), (13, b"!".to_vec())];
        file.write_batch_at(pieces).await.expect("there is room");
        file.write_all(b"_").await.expect("there is room");
        file.flush().await.expect("there was no error");
        assert_eq!(std::fs::read(&path).expect("it is there"), b"begin_..later!");
    });
}

#[test]
fn many_tasks_use_one_file_at_once() {
    on_1_and_4_workers(|| async {
        let scratch = Scratch::new();
        let path = scratch.path("file");
        let file = Arc::new(File::create_new(&path).await.expect("it was not there"));
        let mut tasks = Vec::new();
        for number in 0..40_u64 {
            let file = file.clone();
            tasks.push(qi_runtime::spawn(async move {
                let block = pattern(1000, number);
                file.write_at(number * 1000, block.clone()).await.expect("there is room");
                assert_eq!(file.read_at(number * 1000, 1000).await.expect("it is there"), block);
            }));
        }
        for task in tasks {
            task.join().await.expect("it does not panic");
        }
        let all: Vec<u8> = (0..40).flat_map(|number| pattern(1000, number)).collect();
        assert!(std::fs::read(&path).expect("it is there") == all, "the bytes differ");
    });
}
