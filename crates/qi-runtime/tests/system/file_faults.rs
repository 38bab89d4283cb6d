//! Files on bad days: errors that are told once, to the right one.

use crate::support::{Scratch, on_1_and_4_workers, runtime, watched};
use futures_util::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use qi_runtime::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, SeekFrom};

#[test]
fn a_file_that_is_not_there_or_there_already_is_an_error_of_the_system() {
    on_1_and_4_workers(|| async {
        let scratch = Scratch::new();
        let error = File::open(scratch.path("none")).await.expect_err("it is not there");
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.raw_os_error().is_some(), "the number is kept");
        let there = scratch.file("there", "");
        let error = File::create_new(&there).await.expect_err("it is there");
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        let error = fs::read(scratch.root().join("a").join("b")).await.expect_err("nothing there");
        assert_eq!(error.kind(), ErrorKind::NotFound);
    });
}

#[test]
fn writing_to_what_was_opened_for_reading_is_told_to_the_flush() {
    on_1_and_4_workers(|| async {
        let scratch = Scratch::new();
        let path = scratch.file("file", "content");
        let mut file = File::open(&path).await.expect("it is there");
        file.write_all(b"lost").await.expect("the bytes are taken");
        file.flush().await.expect_err("they could not be written");
        file.flush().await.expect("an error is told once");
        assert_eq!(std::fs::read(&path).expect("it is there"), b"content");
        let mut text = String::new();
        file.read_to_string(&mut text).await.expect("it can still be read");
        assert_eq!(text, "content");
    });
}

#[test]
fn an_error_of_writing_is_told_to_whichever_comes_next() {
    on_1_and_4_workers(|| async {
        let scratch = Scratch::new();
        let path = scratch.file("file", "content");
        for next in ["write", "close", "seek", "sync", "set_len", "into_std"] {
            let mut file = File::open(&path).await.expect("it is there");
            file.write_all(b"lost").await.expect("the bytes are taken");
            // The call has ended when the metadata is known.
            file.metadata().await.expect("it is there");
            let outcome = match next {
                "write" => file.write_all(b"more").await,
                "close" => file.close().await,
                "seek" => file.seek(SeekFrom::Start(0)).await.map(drop),
                "sync" => file.sync_all().await,
                "set_len" => file.set_len(1).await,
                _ => file.into_std().await.map(drop),
            };
            outcome.expect_err(next);
            assert_eq!(std::fs::read(&path).expect("it is there"), b"content", "{next}");
        }
    });
}

#[test]
fn reading_what_was_opened_for_writing_fails_each_time() {
    on_1_and_4_workers(|| async {
        let scratch = Scratch::new();
        let mut file = File::create(scratch.path("file")).await.expect("it can be made");
        for _ in 0..2 {
            file.read(&mut [0; 4]).await.expect_err("it is not open for reading");
        }
        file.write_all(b"ok").await.expect("there is room");
        file.close().await.expect("writing was never in question");
    });
}

#[test]
fn options_that_contradict_each_other_are_refused() {
    on_1_and_4_workers(|| async {
        let scratch = Scratch::new();
        let path = scratch.file("file", "");
        let error = OpenOptions::new().open(&path).await.expect_err("neither reading nor writing");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        let mut options = OpenOptions::new();
        let error = options.read(true).truncate(true).open(&path).await.expect_err("read only");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    });
}

#[test]
fn a_file_that_vanishes_while_it_is_open_can_be_used_on() {
    on_1_and_4_workers(|| async {
        let scratch = Scratch::new();
        let path = scratch.path("file");
        let mut file = File::create_new(&path).await.expect("it was not there");
        file.write_all(b"content").await.expect("there is room");
        file.flush().await.expect("there was no error");
        fs::remove_file(&path).await.expect("it is there");
        file.seek(SeekFrom::Start(0)).await.expect("there is such a place");
        let mut text = String::new();
        file.read_to_string(&mut text).await.expect("it is still there for who has it open");
        assert_eq!(text, "content");
    });
}

#[test]
fn paths_that_lead_nowhere_are_errors_of_the_system() {
    on_1_and_4_workers(|| async {
        let scratch = Scratch::new();
        let (file, none) = (scratch.file("file", "content"), scratch.path("none"));
        let folder = scratch.path("folder");
        fs::create_dir(&folder).await.expect("a free name");
        scratch.file("folder/leaf", "");
        let kind = |outcome: std::io::Result<()>| {
            let error = outcome.expect_err("it cannot be done");
            assert!(error.raw_os_error().is_some(), "the number is kept: {error}");
            error.kind()
        };
        let path = scratch.path("new");
        assert_eq!(kind(fs::hard_link(&none, &path).await), ErrorKind::NotFound);
        assert_eq!(kind(fs::hard_link(&file, &folder).await), ErrorKind::AlreadyExists);
        kind(fs::hard_link(&folder, &path).await);
        assert_eq!(kind(fs::rename(&none, &path).await), ErrorKind::NotFound);
        kind(fs::rename(&file, &folder).await);
        assert_eq!(kind(fs::create_dir(&folder).await), ErrorKind::AlreadyExists);
        assert_eq!(kind(fs::remove_dir(&folder).await), ErrorKind::DirectoryNotEmpty);
        kind(fs::remove_file(&folder).await);
        kind(fs::read(&folder).await.map(drop));
        kind(fs::read_dir(&file).await.map(drop));
        kind(fs::write(file.join("below"), "a file is no folder").await);
        kind(fs::metadata(scratch.path(&"n".repeat(300))).await.map(drop));
        assert_eq!(scratch.names(), ["file", "folder"]);
        assert_eq!(fs::read(&file).await.expect("it is there"), b"content");
    });
}

#[test]
fn a_folder_that_vanishes_while_it_is_read_ends_the_reading() {
    on_1_and_4_workers(|| async {
        let scratch = Scratch::new();
        for number in 0..600 {
            scratch.file(&number.to_string(), "");
        }
        let mut entries = fs::read_dir(scratch.root()).await.expect("it is there");
        let first = entries.next_entry().await.expect("it can be read").expect("it is full");
        drop(scratch);
        let error = fs::metadata(first.path()).await.expect_err("it is gone");
        assert_eq!(error.kind(), ErrorKind::NotFound);
        // Those that the system had told already, and then the end, or an error: not for ever.
        let mut told = 1;
        while let Ok(Some(_)) = entries.next_entry().await {
            told += 1;
        }
        assert!(told <= 600, "{told}");
    });
}

#[test]
fn a_file_of_a_runtime_that_has_ended_gives_errors_and_writes_what_it_is_given() {
    watched(|| {
        let scratch = Scratch::new();
        let path = scratch.file("file", "content");
        let (ended, other) = (runtime(1), runtime(1));
        let file = std::fs::OpenOptions::new().read(true).write(true).open(&path);
        let file = file.expect("it is there");
        let mut file = ended.handle().enter(|| File::from_std(file)).expect("a runtime");
        ended.shutdown().expect("nothing is left behind");
        other.block_on(async {
            for _ in 0..2 {
                file.read(&mut [0; 4]).await.expect_err("nobody reads any more");
                file.seek(SeekFrom::Start(1)).await.expect_err("nor seeks");
                file.set_len(0).await.expect_err("nor cuts it off");
            }
            file.write_all(b"C").await.expect("the bytes are taken");
            file.flush().await.expect("they are written by who hands them over");
        });
        assert_eq!(std::fs::read(&path).expect("it is there"), b"Content");
    });
}
