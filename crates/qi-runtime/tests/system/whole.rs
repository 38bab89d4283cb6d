//! Whole files: read, written, copied, replaced.

use crate::support::{Scratch, on_1_and_4_workers, pattern, watched};
use qi_runtime::fs;
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc;

#[test]
fn whole_files_are_written_and_read() {
    on_1_and_4_workers(|| async {
        let scratch = Scratch::new();
        let path = scratch.path("file");
        fs::write(&path, "一二三").await.expect("there is room");
        fs::write(&path, "四").await.expect("there is room");
        assert_eq!(fs::read_to_string(&path).await.expect("it is there"), "四");
        fs::write(&path, [0xff, 0xfe]).await.expect("there is room");
        let error = fs::read_to_string(&path).await.expect_err("it is no text");
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert_eq!(fs::read(&path).await.expect("it is there"), [0xff, 0xfe]);
    });
}

#[test]
fn a_copy_has_content_and_permissions() {
    on_1_and_4_workers(|| async {
        let scratch = Scratch::new();
        let content = pattern(1_000_000, 1);
        let from = scratch.file("from", &content);
        let to = scratch.file("to", pattern(2_000_000, 2));
        let mut permissions = fs::metadata(&from).await.expect("it is there").permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&from, permissions).await.expect("it is ours");
        assert_eq!(fs::copy(&from, &to).await.expect("there is room"), 1_000_000);
        assert!(fs::read(&to).await.expect("it is there") == content, "the bytes differ");
        assert!(fs::metadata(&to).await.expect("it is there").permissions().readonly());
        let error = fs::copy(scratch.path("none"), &to).await.expect_err("it is not there");
        assert_eq!(error.kind(), ErrorKind::NotFound);
        fs::copy(scratch.root(), scratch.path("x")).await.expect_err("it is a directory");
        for path in [from, to] {
            let mut permissions = fs::metadata(&path).await.expect("it is there").permissions();
            #[allow(clippy::permissions_set_readonly_false, reason = "it is removed in a moment")]
            permissions.set_readonly(false);
            fs::set_permissions(&path, permissions).await.expect("it is ours");
        }
    });
}

#[test]
fn a_replaced_file_has_the_new_content_and_leaves_nothing_beside_it() {
    on_1_and_4_workers(|| async {
        let scratch = Scratch::new();
        let path = scratch.path("settings");
        fs::replace(&path, "one").await.expect("there is room");
        assert_eq!(fs::read_to_string(&path).await.expect("it is there"), "one");
        fs::replace(&path, pattern(300_000, 3)).await.expect("there is room");
        assert!(fs::read(&path).await.expect("it is there") == pattern(300_000, 3));
        fs::replace(&path, "").await.expect("there is room");
        assert_eq!(fs::read(&path).await.expect("it is there"), b"");
        assert_eq!(scratch.names(), ["settings"]);
    });
}

/// I71.
#[test]
fn who_reads_while_a_file_is_replaced_sees_the_old_or_the_new_whole() {
    watched(|| {
        let scratch = Scratch::new();
        let path = scratch.file("state", [b'a'; 5000]);
        let ended = Arc::new(AtomicBool::new(false));
        let (begun, begins) = mpsc::channel();
        let reader = {
            let (path, ended) = (path.clone(), ended.clone());
            std::thread::spawn(move || {
                while !ended.load(SeqCst) {
                    // On Windows a reader may be in the way for a moment, as the writer is in its.
                    let Ok(content) = std::fs::read(&path) else { continue };
                    assert_eq!(content.len(), 5000, "a part was seen");
                    assert!(content.iter().all(|byte| *byte == content[0]), "a mixture was seen");
                    begun.send(()).expect("the test counts them");
                }
            })
        };
        begins.recv().expect("it can be read before anybody writes");
        let runtime = crate::support::runtime(1);
        runtime.block_on(async {
            let mut replaced = 0;
            for byte in (b'a'..=b'z').cycle().take(60) {
                match fs::replace(&path, [byte; 5000]).await {
                    Ok(()) => replaced += 1,
                    Err(error) => assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}"),
                }
            }
            assert!(replaced > 0, "not once");
        });
        ended.store(true, SeqCst);
        reader.join().expect("no part was seen");
        assert_eq!(scratch.names(), ["state"]);
    });
}

#[test]
fn a_replace_that_fails_leaves_the_old_content_and_nothing_else() {
    on_1_and_4_workers(|| async {
        let scratch = Scratch::new();
        let inside = scratch.path("none").join("file");
        let error = fs::replace(&inside, "x").await.expect_err("there is no such directory");
        assert_eq!(error.kind(), ErrorKind::NotFound);
        let error = fs::replace(scratch.root(), "x").await.expect_err("it is a directory");
        assert_eq!(error.kind(), ErrorKind::IsADirectory);
        let error = fs::replace(scratch.root().join(".."), "x").await.expect_err("no name");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert_eq!(scratch.names(), [""; 0]);
    });
}
