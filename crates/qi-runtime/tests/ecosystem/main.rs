//! The adapters for other crates' traits: hyper's and Tokio's.
#![forbid(unsafe_code)]

mod http;
mod hyper_rt;
mod tokio_io;
