//! Workers stepped by hand: the order of the lanes, urgency, and runs that can be repeated.
#![forbid(unsafe_code)]

mod blocked;
mod determinism;
mod escalation;
mod fairness;
mod handing;
mod lanes;
mod urgent;
mod world;
