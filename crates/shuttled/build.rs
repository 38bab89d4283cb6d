//! Takes the sources of qi-sched and has them use shuttle's locks, atomics and threads: the names of the
//! standard library's modules are replaced by those of `src/shuttled.rs`, and nothing else is changed.
//!
//! Rejected: a facade in qi-sched, as for loom. Nothing may block but through shuttle, so each lock and each
//! thread-local of the crate would have to go through it, for a check that few builds make.
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::{env, fs, io};

const SOURCES: &str = "../qi-sched/src";

/// What is written in the place of what. Each is looked for in what the ones before have left.
const REPLACED: &[(&str, &str)] = &[
    ("std::sync::", "crate::shuttled::sync::"),
    ("std::thread", "crate::shuttled::thread"),
    ("std::hint::spin_loop", "crate::shuttled::spin_loop"),
    ("thread_local!", "shuttle::thread_local!"),
];

/// Cells in thread-locals have methods of their own in the standard library only.
const CELLS: &str = "use crate::shuttled::CellKey as _;\n";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={SOURCES}");
    // Sizes in memory are the production's alone.
    println!("cargo::rustc-cfg=shuttle");
    let out = env::var_os("OUT_DIR").map(PathBuf::from).ok_or(io::ErrorKind::NotFound)?;
    let target = out.join("scheduler");
    if target.exists() {
        fs::remove_dir_all(&target)?;
    }
    retype(Path::new(SOURCES), &target)
}

fn retype(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            retype(&path, &target)?;
            continue;
        }
        let mut text = fs::read_to_string(&path)?;
        let has_cells = text.contains("thread_local!");
        for (name, other) in REPLACED {
            text = text.replace(name, other);
        }
        if let Some(index) = text.find("\nuse ").filter(|_| has_cells) {
            text.insert_str(index + 1, CELLS);
        }
        if entry.file_name() == "lib.rs" {
            // It is included in another file, where no such comment may stand.
            let lines = text.lines().filter(|line| !line.starts_with("//!"));
            text = lines.map(|line| format!("{line}\n")).collect();
        }
        fs::write(target, text)?;
    }
    Ok(())
}
