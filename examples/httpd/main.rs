//! An HTTP/1.1 server for the files of a directory, on Qi.
//!
//! ```text
//! httpd DIRECTORY --addr 127.0.0.1:8080      serves until Ctrl-C, then finishes what it has begun
//! httpd --self-test                          serves a directory of its own and fetches from it
//! ```
//!
//! Everything but `on_qi.rs` knows the runtime through the trait in `runtime.rs` only, so that the
//! same code runs on another one: see `main_tokio.rs`.
//!
//! ```text
//!   app ── args            a connection:  input ─► request ─► target ─► site ─► answer ─► output
//!    └── server ── stop                                        │ cache        │ validator, range
//!         └── connection …                                     └ listing      └ head
//! ```
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

mod on_qi;

fn main() -> std::process::ExitCode {
    app::main::<on_qi::Qi>()
}
