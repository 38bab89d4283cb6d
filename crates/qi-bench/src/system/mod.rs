//! Files and child processes: what runtimes do on threads that may block, and by waiting for ends.

mod peer;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process;

use crate::measure::Meter;
use crate::sample::Sample;
use crate::workload::Job;
use peer::System;

/// Bytes of the long file. It is in the system's cache when it is read.
const LONG: usize = 64 << 20;
/// Bytes that a read asks for.
const PIECE: usize = 64 * 1024;
/// Small files written and read again, their bytes, and how many at once.
const FILES: u64 = 4000;
const SMALL: usize = 4096;
const AT_ONCE: u64 = 64;
/// Children started and waited for, and how many at once.
const CHILDREN: u64 = 400;
const CHILDREN_AT_ONCE: u64 = 4;

/// The workloads of this family; `None` for a name that is not among them.
fn run<S: System>(workload: &str, job: &Job) -> Option<Sample> {
    Some(match workload {
        "file-long" => long::<S>(job),
        "file-small" => small::<S>(job),
        "child" => children::<S>(job),
        _ => return None,
    })
}

/// On Qi; `None` for a workload of another family.
pub(crate) fn on_qi(workload: &str, job: &Job) -> Option<Sample> {
    run::<crate::peer::qi::Qi>(workload, job)
}

/// On Tokio; `None` for a workload of another family.
pub(crate) fn on_tokio(workload: &str, job: &Job) -> Option<Sample> {
    run::<crate::peer::tokio::Tokio>(workload, job)
}

/// On smol; `None` for a workload of another family.
pub(crate) fn on_smol(workload: &str, job: &Job) -> Option<Sample> {
    run::<crate::peer::smol::Smol>(workload, job)
}

/// A folder of this process, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = env::temp_dir().join(format!("qi-bench-{}", process::id()));
        fs::create_dir(&path).expect("a folder can be made");
        Self(path)
    }

    fn file(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).expect("it is ours");
    }
}

/// One long file, read piece by piece (a piece).
fn long<S: System>(job: &Job) -> Sample {
    let runtime = S::start(job.workers);
    let folder = Folder::new();
    let path = folder.file("long");
    let length = job.count(LONG as u64) as usize;
    fs::write(&path, vec![7; length]).expect("there is room");
    let read = |path: PathBuf| runtime.run(async move { S::read_pieces(path, PIECE).await });
    assert_eq!(read(path.clone()), length, "all of it");
    let meter = Meter::start();
    read(path);
    meter.stop((length / PIECE) as u64)
}

/// Small files, each written whole and read whole (a file).
fn small<S: System>(job: &Job) -> Sample {
    let runtime = S::start(job.workers);
    let folder = Folder::new();
    let count = job.count(FILES);
    let round = |count: u64| {
        let folder = folder.0.clone();
        runtime.run(async move {
            let tasks: Vec<_> = (0..AT_ONCE)
                .map(|task| {
                    let folder = folder.clone();
                    S::spawn(async move {
                        for number in 0..count / AT_ONCE {
                            let path = folder.join(format!("{task}-{number}"));
                            S::write_whole(path.clone(), vec![1; SMALL]).await;
                            assert_eq!(S::read_whole(path).await.len(), SMALL);
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await;
            }
        });
        count / AT_ONCE * AT_ONCE
    };
    round(count / 4);
    let meter = Meter::start();
    let done = round(count);
    meter.stop(done)
}

/// Children that end at once, started and waited for (a child).
fn children<S: System>(job: &Job) -> Sample {
    let runtime = S::start(job.workers);
    let round = |count: u64| {
        runtime.run(async move {
            let tasks: Vec<_> = (0..CHILDREN_AT_ONCE)
                .map(|_| {
                    S::spawn(async move {
                        for _ in 0..count / CHILDREN_AT_ONCE {
                            assert!(S::run_child("true").await, "it succeeds");
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await;
            }
        });
        count / CHILDREN_AT_ONCE * CHILDREN_AT_ONCE
    };
    round(CHILDREN_AT_ONCE);
    let meter = Meter::start();
    let done = round(job.count(CHILDREN));
    meter.stop(done)
}
