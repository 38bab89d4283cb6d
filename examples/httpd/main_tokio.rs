//! The server of `main.rs` on Tokio, to compare the two runtimes under the same handlers.
//!
//! `cargo build --release --package qi-examples --features tokio-compare --bin httpd_tokio`
#![forbid(unsafe_code)]

mod answer;
mod app;
mod args;
mod cache;
mod client;
mod clock;
mod connection;
mod entry;
mod head;
mod input;
mod listing;
mod output;
mod range;
mod request;
mod runtime;
mod self_test;
mod server;
mod site;
mod status;
mod stop;
mod summary;
mod target;
mod validator;

mod on_tokio;

fn main() -> std::process::ExitCode {
    app::main::<on_tokio::Tokio>()
}
