//! The tests of the core crates, built by the oldest compiler that the workspace's manifest says it
//! supports, with today's cargo and the committed lock file.
//!
//! The compiler is rustup's if it has that version, or Debian's, taken out of its packages into the
//! target directory: it stands beside the installed one, which is newer.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::catalogue::platform::Platform;
use crate::catalogue::subset::SUBSET;
use crate::context::Context;
use crate::process::{self, Job};
use crate::report::{Report, tail};
use crate::rig::{PROGRAM_LIMIT, Program, Rig};

/// The packages of Debian that hold the compiler and the standard library, in the version of the
/// workspace's manifest.
const PACKAGES: &[&str] = &["rustc-web", "libstd-rust-web-dev"];

/// The one that has the version in its name: the compiler's own libraries.
const LIBRARIES: &str = "libstd-rust-web";

/// The library that this compiler needs and a newer one does not bring.
const LLVM: &str = "libllvm19";

/// A compiler and how it is started.
enum Compiler {
    Rustup(String),
    Unpacked(PathBuf),
}

pub(super) fn run(context: &Context, platform: &'static Platform) -> anyhow::Result<Report> {
    let version = stated_version(context)?;
    let Some(compiler) = find(context, platform.step, &version)? else {
        let why = format!("neither rustup nor apt has Rust {version} here");
        return Ok(Report::skipped(why));
    };
    let rig = Rig {
        context,
        step: platform.step,
        target: platform.target,
        cargo: &|| cargo(context, platform.step, &compiler),
        build_args: &["--locked"],
        names_lines: false,
        subset: SUBSET,
        exceptions: &[],
        program_limit: PROGRAM_LIMIT,
        start: &|program: &Program| context.job(platform.step, &program.path),
    };
    let mut report = Report::default();
    rig.test(&mut report)?;
    report.note(format!("Rust {version}"));
    Ok(report)
}

/// The version in the workspace's manifest.
fn stated_version(context: &Context) -> anyhow::Result<String> {
    let path = context.root.join("Cargo.toml");
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    let line = text.lines().find_map(|line| line.trim().strip_prefix("rust-version"));
    let value = line.and_then(|rest| rest.split('"').nth(1));
    Ok(value.context("Cargo.toml states no rust-version")?.to_owned())
}

fn find(context: &Context, step: &str, version: &str) -> anyhow::Result<Option<Compiler>> {
    if process::probe("rustup", &["run", version, "rustc", "--version"]) {
        return Ok(Some(Compiler::Rustup(version.to_owned())));
    }
    let folder = context.target.join(format!("xtask-{step}")).join("compiler");
    if !folder.join("usr/bin/rustc").exists() && !unpack(context, step, version, &folder)? {
        return Ok(None);
    }
    Ok(Some(Compiler::Unpacked(folder)))
}

/// The first two numbers of a version, which may have no third.
fn series(version: &str) -> String {
    version.split('.').take(2).collect::<Vec<_>>().join(".")
}

/// Takes the packages apart into `folder`; `false` if there are none.
fn unpack(context: &Context, step: &str, version: &str, folder: &Path) -> anyhow::Result<bool> {
    if !process::exists("apt-get") || !process::exists("dpkg-deb") {
        return Ok(false);
    }
    let shelf = folder.with_file_name("packages");
    let _ = std::fs::remove_dir_all(&shelf);
    std::fs::create_dir_all(&shelf)
        .with_context(|| format!("cannot create {}", shelf.display()))?;
    let of_version = PACKAGES.iter().map(|name| format!("{name}={version}*"));
    let more = [format!("{LIBRARIES}-{}", series(version)), LLVM.to_owned()];
    let names: Vec<String> = of_version.chain(more).collect();
    let job = context.job(step, "apt-get").args(&["-q", "download"]).args(&names).in_dir(&shelf);
    if !job.run()?.end.is_success() {
        return Ok(false);
    }
    for entry in std::fs::read_dir(&shelf).context("the folder was just made")?.flatten() {
        let job = context.job(step, "dpkg-deb").args(&["-x".into(), entry.path(), folder.into()]);
        let unpacked = job.run()?;
        anyhow::ensure!(unpacked.end.is_success(), "dpkg-deb: {}", tail(&unpacked.output));
    }
    Ok(folder.join("usr/bin/rustc").exists())
}

fn cargo(context: &Context, step: &str, compiler: &Compiler) -> Job {
    let job = context.cargo(step, &[]).without_env("RUSTFLAGS");
    match compiler {
        Compiler::Rustup(version) => job.env("RUSTUP_TOOLCHAIN", version.as_str()),
        Compiler::Unpacked(folder) => job
            .env("RUSTC", folder.join("usr/bin/rustc"))
            .env("LD_LIBRARY_PATH", folder.join("usr/lib/x86_64-linux-gnu")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_of_a_version_are_its_first_two_numbers() {
        assert_eq!(series("1.85"), "1.85");
        assert_eq!(series("1.85.1"), "1.85");
    }
}
