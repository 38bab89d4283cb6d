//! What is done to paths, each against what the standard library then sees.

use crate::support::{Scratch, on_1_and_4_workers};
use qi_runtime::fs::{self, DirBuilder};
use std::io::ErrorKind;

#[test]
fn directories_are_made_and_removed() {
    on_1_and_4_workers(|| async {
        let scratch = Scratch::new();
        let deep = scratch.path("a").join("b").join("c");
        let error = fs::create_dir(&deep).await.expect_err("nothing above is there");
        assert_eq!(error.kind(), ErrorKind::NotFound);
        fs::create_dir_all(&deep).await.expect("it can be made");
        fs::create_dir_all(&deep).await.expect("it is there already");
        assert!(deep.is_dir());
        let builder = DirBuilder::new();
        builder.create(scratch.path("d")).await.expect("it can be made");
        builder.create(scratch.path("d")).await.expect_err("it is there already");
        DirBuilder::new().recursive(true).create(scratch.path("d")).await.expect("that is fine");
        fs::remove_dir(scratch.path("a")).await.expect_err("it is not empty");
        fs::remove_dir(&deep).await.expect("it is empty");
        fs::remove_dir_all(scratch.path("a")).await.expect("it is there");
        assert_eq!(scratch.names(), ["d"]);
    });
}

#[test]
fn files_are_renamed_linked_and_removed() {
    on_1_and_4_workers(|| async {
        let scratch = Scratch::new();
        let one = scratch.file("one", "content");
        let other = scratch.file("other", "old");
        fs::rename(&one, &other).await.expect("they are there");
        assert!(!fs::try_exists(&one).await.expect("it can be known"));
        assert_eq!(fs::read(&other).await.expect("it is there"), b"content");
        fs::hard_link(&other, &one).await.expect("it is there");
        fs::write(&one, "changed").await.expect("there is room");
        assert_eq!(fs::read_to_string(&other).await.expect("it is there"), "changed");
        fs::remove_file(&one).await.expect("it is there");
        assert_eq!(
            fs::remove_file(&one).await.expect_err("it is gone").kind(),
            ErrorKind::NotFound
        );
        assert_eq!(scratch.names(), ["other"]);
    });
}

#[test]
fn a_path_without_detours_is_found() {
    on_1_and_4_workers(|| async {
        let scratch = Scratch::new();
        fs::create_dir(scratch.path("a")).await.expect("it can be made");
        let detour = scratch.path("a").join("..").join("a").join(".");
        let plain = std::fs::canonicalize(scratch.path("a")).expect("it is there");
        assert_eq!(fs::canonicalize(detour).await.expect("it is there"), plain);
    });
}

#[test]
fn permissions_are_changed() {
    on_1_and_4_workers(|| async {
        let scratch = Scratch::new();
        let path = scratch.file("file", "");
        let mut permissions = fs::metadata(&path).await.expect("it is there").permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&path, permissions.clone()).await.expect("it is ours");
        assert!(std::fs::metadata(&path).expect("it is there").permissions().readonly());
        let file = fs::File::open(&path).await.expect("it is there");
        #[allow(clippy::permissions_set_readonly_false, reason = "it is removed in a moment")]
        permissions.set_readonly(false);
        file.set_permissions(permissions).await.expect("it is ours");
        assert!(!std::fs::metadata(&path).expect("it is there").permissions().readonly());
    });
}

#[test]
fn a_call_without_a_runtime_is_an_error() {
    let mut future = std::pin::pin!(fs::read("x"));
    let poll = qi_test_kit::poll_once(future.as_mut());
    let error = qi_test_kit::assert_ready!(poll poll).expect_err("there is no runtime");
    assert!(error.to_string().contains("runtime"), "{error}");
}
