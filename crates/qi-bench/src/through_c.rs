//! Builds the side of the instrument that goes through the C ABI.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a static library of Rust needs of the system.
const NATIVE: &[&str] = &["-lpthread", "-ldl", "-lm", "-lrt", "-lgcc_s"];

/// Builds the program, or says in a word why there is none.
pub(crate) fn prepare() -> Result<PathBuf, String> {
    let beside = env::current_exe().map_err(|error| error.to_string())?;
    let program = beside.with_file_name("qi-bench-c");
    // Cargo puts the libraries of a dependency there.
    let library = beside.with_file_name("deps").join("libqi_abi.a");
    let crates = Path::new(env!("CARGO_MANIFEST_DIR"));
    let built = Command::new("cc")
        .args(["-O2", "-std=gnu11", "-I"])
        .arg(crates.join("../qi-abi/include"))
        .arg(crates.join("c/abi.c"))
        .arg(library)
        .args(NATIVE)
        .arg("-o")
        .arg(&program)
        .output()
        .map_err(|error| format!("no C compiler: {error}"))?;
    if built.status.success() {
        return Ok(program);
    }
    let complaint = String::from_utf8_lossy(&built.stderr).into_owned();
    Err(format!("it cannot be built: {}", complaint.lines().next().unwrap_or("no reason given")))
}
