//! Hands over to the benchmark instrument, which is a program of its own with peers to build.

use std::process::{Command, ExitCode};

use anyhow::Context as _;

/// Builds the instrument and runs it with these arguments, on this terminal.
pub(crate) fn run(args: &[String]) -> anyhow::Result<ExitCode> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["run", "--quiet", "--release", "--package", "qi-bench", "--"])
        .args(args)
        .status()
        .context("cargo could not be started")?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
