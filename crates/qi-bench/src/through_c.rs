//! Builds the side of the instrument that goes through the C ABI, with the library as it is handed out.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a static library of Rust needs of the system.
const NATIVE: &[&str] = &["-lpthread", "-ldl", "-lm", "-lrt", "-lgcc_s"];

/// Builds the library as `cargo xtask dist` does, and says where it lies.
fn library(beside: &Path) -> Result<PathBuf, String> {
    let target = beside.parent().and_then(Path::parent).ok_or("this program lies in no folder")?;
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--profile", "dist", "--package", "qi-abi", "--target-dir"])
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .map_err(|error| format!("no cargo: {error}"))?;
    match built.status.success() {
        true => Ok(target.join("dist").join("libqi_abi.a")),
        false => Err(first_line("the library cannot be built", &built.stderr)),
    }
}

fn first_line(what: &str, complaint: &[u8]) -> String {
    let complaint = String::from_utf8_lossy(complaint);
    format!("{what}: {}", complaint.lines().next().unwrap_or("no reason given"))
}

/// Builds the program, or says in a word why there is none.
pub(crate) fn prepare() -> Result<PathBuf, String> {
    let beside = env::current_exe().map_err(|error| error.to_string())?;
    let program = beside.with_file_name("qi-bench-c");
    let crates = Path::new(env!("CARGO_MANIFEST_DIR"));
    let built = Command::new("cc")
        .args(["-O2", "-std=gnu11", "-I"])
        .arg(crates.join("../qi-abi/include"))
        .arg(crates.join("c/abi.c"))
        .arg(library(&beside)?)
        .args(NATIVE)
        .arg("-o")
        .arg(&program)
        .output()
        .map_err(|error| format!("no C compiler: {error}"))?;
    match built.status.success() {
        true => Ok(program),
        false => Err(first_line("it cannot be built", &built.stderr)),
    }
}
