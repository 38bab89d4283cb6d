//! What the examples share: errors for the people who run them.
#![forbid(unsafe_code)]

#[cfg(feature = "tokio-compare")]
pub mod contest;
mod trouble;

pub use trouble::Trouble;
