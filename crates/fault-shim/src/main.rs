//! A workload that uses every part of the runtime while system calls fail, and accounts for all of
//! it: every task has ended, every future was dropped once, every descriptor is closed, every
//! thread has ended, every error was an error. `cargo xtask faults` runs it under the shim.
//!
//! It says what it met line by line, and ends with a verdict:
//! `verdict: ok errors=E gave_up=G overdue=O warnings=W leaks=0 wrong=0 tasks=T`. Errors are allowed;
//! whether giving up and being overdue are, depends on what was made to fail, so that is left to the
//! caller. `verdict: bad …` means a broken promise. Linux only: the figures come from `/proc`.
#![forbid(unsafe_code)]

mod census;
mod ledger;
mod scene;
mod stage;
mod watch;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use crate::census::Census;
use crate::ledger::Ledger;

/// How long anything may take that no fault holds up, in milliseconds: generous, for busy machines.
const PATIENCE_MS: u64 = 5000;

const WORKERS: u64 = 2;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1).map(|arg| arg.parse::<u64>());
    let numbers = (args.next().unwrap_or(Ok(PATIENCE_MS)), args.next().unwrap_or(Ok(WORKERS)));
    let (Ok(patience_ms), Ok(workers), None) = (numbers.0, numbers.1, args.next()) else {
        eprintln!("usage: fault-workload [PATIENCE_MS [WORKERS]]");
        return ExitCode::from(2);
    };
    let ledger = Arc::new(Ledger::new(Duration::from_millis(patience_ms)));
    watch::begin(&ledger);
    let before = match Census::take() {
        Ok(before) => before,
        Err(error) => {
            eprintln!("/proc does not say what this process has: {error}");
            return ExitCode::from(2);
        }
    };
    scene::all(&ledger, &before, workers as usize);
    ledger.verdict()
}
