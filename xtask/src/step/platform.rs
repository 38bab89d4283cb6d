//! The tests of the core crates on other platforms than the host: one file per way of having one.

pub(crate) mod emulated;
pub(crate) mod flagged;
pub(crate) mod oldest;
pub(crate) mod rotation;
pub(crate) mod zig;

use crate::catalogue::platform::{Platform, Way};
use crate::context::Context;
use crate::report::Report;
use crate::step::windows;

pub(crate) fn run(context: &Context, platform: &'static Platform) -> anyhow::Result<Report> {
    match &platform.way {
        Way::Wine => windows::run(context),
        Way::Emulated(machine) => emulated::run(context, platform, machine),
        Way::Flagged(flags, exceptions) => flagged::run(context, platform, flags, exceptions),
        Way::Musl => zig::run_musl(context, platform),
        Way::Linked => zig::link(context, platform),
        Way::Oldest => oldest::run(context, platform),
    }
}
