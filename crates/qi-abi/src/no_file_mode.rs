//! This system knows no such permissions.
#![forbid(unsafe_code)]

use qi_runtime::fs::OpenOptions;

pub(crate) fn set(_options: &mut OpenOptions, _mode: u32) {}
