//! Searches a tree of files for a text, in parallel: `qigrep TEXT [PATH]...`.
//!
//! Directories are walked and files searched by tasks of their own, at most so many at once; each file's
//! findings are written in one piece. Names and contents that are no UTF-8 are searched like any other.
//! The exit code is that of grep: 0 when something was found, 1 when nothing was, 2 after an error.
//! Ctrl-C ends it early, with what was found so far.

use futures_util::TryStreamExt;
use futures_util::io::AsyncWriteExt;
use qi_runtime::task::JoinSet;
use qi_runtime::{AsyncRuntime, fs, select, signal, stdio};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Directories and files in work at once: enough to keep a disk and the processors busy.
const AT_ONCE: usize = 32;

/// Longer files are passed over: they are no text to be searched by eye.
const LONGEST_FILE: u64 = 64 << 20;

/// What came of one path.
enum Found {
    /// What lies in a directory.
    Paths(Vec<PathBuf>),
    /// Lines to be shown, and how many.
    Lines(Vec<u8>, usize),
}

#[derive(Default)]
struct Totals {
    files: usize,
    lines: usize,
    errors: usize,
}

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let Some(text) = arguments.next() else {
        eprintln!("usage: qigrep TEXT [PATH]...");
        return ExitCode::from(2);
    };
    let mut roots: Vec<PathBuf> = arguments.map(PathBuf::from).collect();
    if roots.is_empty() {
        roots.push(PathBuf::from("."));
    }
    let text: Arc<[u8]> = text.into_encoded_bytes().into();
    match run(roots, text) {
        Ok(totals) if totals.errors > 0 => ExitCode::from(2),
        Ok(totals) => ExitCode::from(u8::from(totals.lines == 0)),
        Err(error) => {
            eprintln!("qigrep: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(roots: Vec<PathBuf>, text: Arc<[u8]>) -> io::Result<Totals> {
    let runtime = AsyncRuntime::builder().build().map_err(io::Error::other)?;
    // The end of the runtime writes what is left of the output.
    runtime.block_on(async {
        let mut totals = Totals::default();
        let stopped = select! {
            searched = search(roots, text, &mut totals) => searched.map(|()| false),
            pressed = signal::ctrl_c() => pressed.map(|()| true),
        };
        let how = if stopped? { "stopped" } else { "done" };
        let Totals { files, lines, errors } = totals;
        let told = format!("{how}: {lines} lines in {files} files, {errors} errors\n");
        stdio::stderr()?.write_all(told.as_bytes()).await?;
        Ok(totals)
    })
}

async fn search(roots: Vec<PathBuf>, text: Arc<[u8]>, totals: &mut Totals) -> io::Result<()> {
    let mut out = stdio::stdout()?;
    let mut waiting = roots;
    let mut tasks = JoinSet::new();
    loop {
        while tasks.len() < AT_ONCE {
            let Some(path) = waiting.pop() else { break };
            let text = text.clone();
            tasks.spawn(async move {
                let found = look(&path, &text).await;
                (path, found)
            });
        }
        let Some(ended) = tasks.join_next().await else { break };
        match ended.map_err(io::Error::other)? {
            (_, Ok(Found::Paths(paths))) => waiting.extend(paths),
            (_, Ok(Found::Lines(shown, count))) => {
                totals.files += 1;
                totals.lines += count;
                out.write_all(&shown).await?;
            }
            (path, Err(error)) => {
                totals.errors += 1;
                let told = format!("qigrep: {}: {error}\n", path.display());
                stdio::stderr()?.write_all(told.as_bytes()).await?;
            }
        }
    }
    out.flush().await
}

/// Lists a directory, searches a file, passes over the rest. Links are not followed.
async fn look(path: &Path, text: &[u8]) -> io::Result<Found> {
    let metadata = fs::symlink_metadata(path).await?;
    if metadata.is_dir() {
        let entries = fs::read_dir(path).await?;
        let paths = entries.map_ok(|entry| entry.path()).try_collect().await?;
        return Ok(Found::Paths(paths));
    }
    if !metadata.is_file() || metadata.len() > LONGEST_FILE {
        return Ok(Found::Lines(Vec::new(), 0));
    }
    let content = fs::read(path).await?;
    Ok(lines_with(path, &content, text))
}

/// The lines that hold the text, with path and number.
fn lines_with(path: &Path, content: &[u8], text: &[u8]) -> Found {
    let mut shown = Vec::new();
    let mut count = 0;
    for (index, line) in content.split(|byte| *byte == b'\n').enumerate() {
        if !holds(line, text) {
            continue;
        }
        count += 1;
        shown.extend_from_slice(path.as_os_str().as_encoded_bytes());
        shown.extend_from_slice(format!(":{}:", index + 1).as_bytes());
        shown.extend_from_slice(line);
        shown.push(b'\n');
    }
    Found::Lines(shown, count)
}

fn holds(line: &[u8], text: &[u8]) -> bool {
    text.is_empty() || line.windows(text.len()).any(|window| window == text)
}
