//! What the examples share: errors for the people who run them.
#![forbid(unsafe_code)]

mod trouble;

pub use trouble::Trouble;
