//! One of the platforms that continuous integration has no time for on every run: another one each
//! day, counted from 1 January 1970, so that each gets its turn. The workflow runs it every night, and
//! on request all of them by `cargo xtask platforms`.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::catalogue::platform::{
    ARMV7, FREEBSD, I686, MACOS_ARM, MACOS_X86, MUSL, OLDEST, POLL, Platform, RISCV64, THREADS,
};
use crate::context::Context;
use crate::report::Report;

/// In the order of their turns: those that run programs between those that only link.
const TURNS: &[&Platform] =
    &[&POLL, &OLDEST, &RISCV64, &MUSL, &MACOS_ARM, &I686, &FREEBSD, &ARMV7, &MACOS_X86, &THREADS];

const DAY_SECONDS: u64 = 24 * 60 * 60;

pub(crate) fn run(context: &Context) -> anyhow::Result<Report> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let platform = turn(now.as_secs() / DAY_SECONDS);
    let mut report = super::run(context, platform)?;
    report.notes.insert(0, format!("today {}", platform.step));
    Ok(report)
}

fn turn(day: u64) -> &'static Platform {
    let length = TURNS.len() as u64;
    TURNS[usize::try_from(day % length).unwrap_or_default()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::platform::{AARCH64, PLATFORMS, WINDOWS};

    #[test]
    fn every_platform_has_its_day_unless_it_has_every_day() {
        for platform in PLATFORMS {
            let days = (0..TURNS.len() as u64).filter(|day| turn(*day).step == platform.step);
            let every_day = [WINDOWS.step, AARCH64.step].contains(&platform.step);
            assert_eq!(days.count(), usize::from(!every_day), "{}", platform.step);
        }
    }
}
