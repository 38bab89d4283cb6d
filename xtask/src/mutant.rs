//! This program in the place of the compiler, for crates of the workspace: plants a fault.
//!
//! Protocol: a copy of this program named `qi-mutant-NAME` is handed to cargo as
//! `RUSTC_WORKSPACE_WRAPPER`. Called by that name it runs the compiler that its first argument names, with
//! `--cfg qi_mutant="NAME"` added. Cargo keeps what a wrapper has built apart, by the wrapper's path, and
//! takes the other dependencies from the ordinary build: so a planted fault costs the workspace's crates,
//! and no build directory of its own.
//!
//! Rejected: `RUSTFLAGS`, which builds everything anew for each fault.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::Context as _;

/// What the names of the copies begin with.
const PREFIX: &str = "qi-mutant-";

/// Runs the compiler, if this program was called as such a copy.
pub(crate) fn compile() -> Option<ExitCode> {
    let mut args = env::args_os();
    let own = args.next()?;
    let mutant = mutant_of(Path::new(&own))?;
    let rustc = args.next()?;
    let code = compile_with(&rustc, args.collect(), &mutant);
    Some(ExitCode::from(code))
}

fn compile_with(rustc: &OsString, args: Vec<OsString>, mutant: &str) -> u8 {
    let cfg = format!("qi_mutant=\"{mutant}\"");
    match Command::new(rustc).args(args).arg("--cfg").arg(cfg).status() {
        Ok(status) => status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1),
        Err(error) => {
            eprintln!("cannot run {}: {error}", rustc.to_string_lossy());
            1
        }
    }
}

fn mutant_of(program: &Path) -> Option<String> {
    let name = program.file_stem()?.to_str()?;
    name.strip_prefix(PREFIX).map(str::to_owned)
}

/// The copy of this program that plants `mutant`, in `dir`.
pub(crate) fn wrapper(dir: &Path, mutant: &str) -> anyhow::Result<PathBuf> {
    let own = env::current_exe().context("cannot find this program")?;
    let copy = dir.join(format!("{PREFIX}{mutant}{}", env::consts::EXE_SUFFIX));
    fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
    fs::copy(&own, &copy).with_context(|| format!("cannot write {}", copy.display()))?;
    Ok(copy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_copies_take_the_compilers_place() {
        assert_eq!(mutant_of(Path::new("/a/qi-mutant-no_fence")).as_deref(), Some("no_fence"));
        assert_eq!(mutant_of(Path::new("qi-mutant-x.exe")).as_deref(), Some("x"));
        assert_eq!(mutant_of(Path::new("/a/xtask")), None);
    }
}
