//! The tables that say what there is to check. Data only; the rules that use it live in the steps.

pub(crate) mod dependency;
pub(crate) mod ecosystem;
pub(crate) mod example;
pub(crate) mod exception;
pub(crate) mod fault;
pub(crate) mod fuzzed;
pub(crate) mod idle;
pub(crate) mod layer;
pub(crate) mod model;
pub(crate) mod platform;
pub(crate) mod simulated;
pub(crate) mod stress;
pub(crate) mod subset;
pub(crate) mod tool;
pub(crate) mod unsafe_file;
