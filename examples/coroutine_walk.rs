//! A recursive walk of a directory that suspends deep inside of the recursion.
//!
//! The function that walks is an ordinary recursive function. It lets others run now and then and hands
//! each file to a channel with little room, wherever it is; the blocking calls go to the pool for them.
//!
//! ```text
//! coroutine_walk DIRECTORY
//! ```
//!
//! Without a directory it makes one of its own, deep enough to show what it is about, and removes it.
#![forbid(unsafe_code)]

use qi_runtime::AsyncRuntime;
use qi_runtime::channel::mpsc::{self, Sender};
use qi_runtime::coroutine::Wait;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Directories inside of one another in the example's own tree.
const DEPTH: usize = 40;

struct File {
    depth: usize,
    bytes: u64,
}

/// What is in a directory: read by a thread that may block.
fn entries(directory: &Path) -> io::Result<Vec<(PathBuf, fs::Metadata)>> {
    let directory = directory.to_owned();
    let read = qi_runtime::spawn_blocking(move || {
        fs::read_dir(directory)?
            .map(|entry| entry.and_then(|entry| Ok((entry.path(), entry.metadata()?))))
            .collect()
    });
    read.join().wait().map_err(io::Error::other)?
}

/// Sends each file below `directory`, however deep.
fn walk(directory: &Path, depth: usize, found: &Sender<File>) -> io::Result<()> {
    for (path, metadata) in entries(directory)? {
        if metadata.is_dir() {
            walk(&path, depth + 1, found)?;
        } else if metadata.is_file() {
            let file = File { depth, bytes: metadata.len() };
            // Suspends all the calls of `walk` that are under way while nobody takes it.
            found.send(file).wait().map_err(|_| io::Error::other("nobody listens"))?;
        }
    }
    Ok(())
}

/// A directory with a file in each of its depths.
fn make_tree() -> io::Result<PathBuf> {
    let root = env::temp_dir().join(format!("qi-coroutine-walk-{}", std::process::id()));
    let mut directory = root.clone();
    for depth in 0..DEPTH {
        fs::create_dir_all(&directory)?;
        fs::write(directory.join("file"), vec![b'.'; depth + 1])?;
        directory.push("d");
    }
    Ok(root)
}

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = AsyncRuntime::builder().worker_threads(2).build()?;
    let own = if env::args_os().len() < 2 { Some(make_tree()?) } else { None };
    let root = own.clone().or_else(|| env::args_os().nth(1).map(PathBuf::from));
    let (sender, mut receiver) = mpsc::bounded(2);
    let walker = runtime
        .spawn_coroutine(move || walk(&root.ok_or(io::ErrorKind::InvalidInput)?, 1, &sender));
    // The other end is a future.
    let summary = runtime.spawn(async move {
        let (mut files, mut bytes, mut deepest) = (0_u64, 0, 0);
        while let Some(file) = receiver.recv().await {
            files += 1;
            bytes += file.bytes;
            deepest = deepest.max(file.depth);
        }
        (files, bytes, deepest)
    });
    let (files, bytes, deepest) = runtime.block_on(summary)?;
    let walked = runtime.block_on(walker)?;
    if let Some(own) = own {
        fs::remove_dir_all(own)?;
    }
    walked?;
    println!("{files} files, {bytes} bytes, the deepest in {deepest} directories");
    runtime.shutdown()?;
    Ok(())
}
