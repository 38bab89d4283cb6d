//! Hands over to the benchmark instrument, which is a program of its own with peers to build.

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::Context as _;

/// The kernels in which lanes that nobody uses could show.
const LANE_KERNELS: &str = "spawn-join,spawn-batch,spawn-detach,chain,yield,yield-many,wake-pair";

/// Builds the instrument and runs it with these arguments, on this terminal.
pub(crate) fn run(args: &[String]) -> anyhow::Result<ExitCode> {
    match args {
        [only] if only == "--lanes" => compare_lanes(),
        _ => call(&mut instrument(args)),
    }
}

fn instrument<A: AsRef<std::ffi::OsStr>>(args: &[A]) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["run", "--quiet", "--release", "--package", "qi-bench"]);
    let given = |option: &str| args.iter().any(|arg| arg.as_ref() == option);
    if given("--kernels") && !given("--runtimes") {
        // Qi's own are counted without the peers, the same way always: what else is built with them
        // may change what the compiler makes of them.
        command.arg("--no-default-features");
    }
    command.arg("--").args(args);
    command
}

fn call(command: &mut Command) -> anyhow::Result<ExitCode> {
    let status = command.status().context("cargo could not be started")?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Counts instructions of a build with one lane, then holds this build's against them.
fn compare_lanes() -> anyhow::Result<ExitCode> {
    let folder = Path::new("target").join("one-lane");
    std::fs::create_dir_all(&folder).context("a folder for the other build")?;
    let figures = folder.join("kernels.json");
    let figures = figures.to_str().context("a path that can be written down")?;
    println!("with one lane:");
    let mut one = instrument(&["--kernels", "--only", LANE_KERNELS, "--json", figures]);
    one.env("RUSTFLAGS", "--cfg qi_one_lane").env("CARGO_TARGET_DIR", &folder);
    let counted = call(&mut one)?;
    if counted != ExitCode::SUCCESS {
        return Ok(counted);
    }
    println!("with four, of which one is used:");
    call(&mut instrument(&["--kernels", "--only", LANE_KERNELS, "--against", figures]))
}
