//! Finds a Go toolchain and builds Go's side of the instrument with it.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Go's side, ready to run.
#[derive(Clone, Debug)]
pub(crate) struct Go {
    pub(crate) program: PathBuf,
    /// As `go version` prints it, less its first words.
    pub(crate) version: String,
}

/// The newest of Debian's side-by-side toolchains (`/usr/lib/go-1.23/bin/go`).
fn newest_packaged() -> Option<PathBuf> {
    let mut found: Vec<((u32, u32), PathBuf)> = fs::read_dir("/usr/lib")
        .ok()?
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let (major, minor) = name.strip_prefix("go-")?.split_once('.')?;
            let tool = entry.path().join("bin/go");
            tool.exists().then_some(((major.parse().ok()?, minor.parse().ok()?), tool))
        })
        .collect();
    found.sort();
    found.pop().map(|(_, tool)| tool)
}

fn version(tool: &OsString) -> Option<String> {
    let output = Command::new(tool).arg("version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.split_whitespace().nth(2).map(str::to_owned)
}

/// Finds the toolchain and builds the program, or says in a word why there is none.
pub(crate) fn prepare() -> Result<Go, String> {
    let tools = [newest_packaged().map(PathBuf::into_os_string), Some(OsString::from("go"))];
    let (tool, version) = tools
        .into_iter()
        .flatten()
        .find_map(|tool| version(&tool).map(|version| (tool, version)))
        .ok_or("no Go toolchain on PATH or in /usr/lib/go-*")?;
    let beside = env::current_exe().map_err(|error| error.to_string())?;
    let program = beside.with_file_name("qi-bench-go");
    let built = Command::new(tool)
        .arg("build")
        .arg("-o")
        .arg(&program)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("go"))
        // It has no dependencies: a build that wants the network is wrong.
        .env("GOPROXY", "off")
        .env("GOTOOLCHAIN", "local")
        .output()
        .map_err(|error| error.to_string())?;
    if built.status.success() {
        Ok(Go { program, version })
    } else {
        Err(format!("{version} cannot build it: {}", String::from_utf8_lossy(&built.stderr).trim()))
    }
}
