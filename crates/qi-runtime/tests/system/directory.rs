//! The entries of directories, in batches.

use crate::support::{Scratch, on_1_and_4_workers};
use futures_util::{StreamExt, TryStreamExt};
use qi_runtime::fs::{self, ReadDir};
use std::collections::BTreeSet;
use std::io::ErrorKind;

#[test]
fn every_entry_is_given_once_however_many_batches_it_takes() {
    on_1_and_4_workers(|| async {
        for count in [0, 1, 255, 256, 257, 700] {
            let scratch = Scratch::new();
            let names: BTreeSet<String> = (0..count).map(|number| format!("{number}")).collect();
            for name in &names {
                scratch.file(name, "");
            }
            let entries: ReadDir = fs::read_dir(scratch.root()).await.expect("it is there");
            let found: Vec<_> = entries
                .map_ok(|entry| entry.file_name())
                .try_collect()
                .await
                .expect("it can be read");
            assert_eq!(found.len(), count, "each once");
            let found: BTreeSet<String> =
                found.into_iter().map(|name| name.into_string().expect("it is a text")).collect();
            assert_eq!(found, names);
        }
    });
}

#[test]
fn an_entry_knows_its_kind_and_path_at_once_and_the_rest_for_a_call() {
    on_1_and_4_workers(|| async {
        let scratch = Scratch::new();
        scratch.file("file", "seven b");
        std::fs::create_dir(scratch.path("inner")).expect("it can be made");
        let mut entries = fs::read_dir(scratch.root()).await.expect("it is there");
        let mut seen = Vec::new();
        while let Some(entry) = entries.next_entry().await.expect("it can be read") {
            let kind = entry.file_type().expect("it was found out");
            let metadata = entry.metadata().await.expect("it is there");
            assert_eq!(kind.is_dir(), metadata.is_dir());
            assert_eq!(entry.path(), scratch.root().join(entry.file_name()));
            seen.push((entry.file_name(), kind.is_dir(), kind.is_file().then_some(metadata.len())));
        }
        seen.sort();
        assert_eq!(seen, [("file".into(), false, Some(7)), ("inner".into(), true, None)]);
        assert!(entries.next().await.is_none(), "the end stays the end");
    });
}

#[test]
fn a_path_that_is_gone_or_no_directory_is_an_error() {
    on_1_and_4_workers(|| async {
        let scratch = Scratch::new();
        let error = fs::read_dir(scratch.path("none")).await.expect_err("it is not there");
        assert_eq!(error.kind(), ErrorKind::NotFound);
        let file = scratch.file("file", "");
        fs::read_dir(&file).await.expect_err("it is a file");
        // Removed between the reading of its name and the question.
        let mut entries = fs::read_dir(scratch.root()).await.expect("it is there");
        std::fs::remove_file(&file).expect("it is there");
        let entry = entries.next_entry().await.expect("it was read").expect("it was there");
        assert!(entry.file_type().is_ok(), "that was found out with the name");
        let gone = fs::metadata(entry.path()).await.expect_err("it is gone");
        assert_eq!(gone.kind(), ErrorKind::NotFound);
    });
}
