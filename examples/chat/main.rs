//! A chat room in the browser: a page and its WebSockets from one port, hyper and tungstenite on Qi.
//!
//! ```text
//! chat --addr 127.0.0.1:8081     serves until Ctrl-C: open http://127.0.0.1:8081/ in some browsers
//! chat --self-test               two guests of its own meet, and it ends
//! ```
//!
//! `server.rs` answers requests and turns connections into WebSockets, `guest.rs` is one guest in the
//! room, `self_test.rs` a client; `page.html` is what browsers get. `?name=Lu&say=hello` in the page's
//! address says something at once.
#![forbid(unsafe_code)]

mod guest;
mod self_test;
mod server;

use lexopt::prelude::*;
use qi_examples::Trouble;
use qi_runtime::net::TcpListener;
use qi_runtime::sync::CancellationToken;
use server::Room;
use std::process::ExitCode;

const USAGE: &str = "\
usage: chat [OPTIONS]

  --addr HOST:PORT   where to listen (default 127.0.0.1:8081; port 0 takes a free one)
  --self-test        two guests of its own meet, and it ends
  -h, --help         this text
";

struct Options {
    addr: String,
    self_test: bool,
    help: bool,
}

fn parse() -> Result<Options, lexopt::Error> {
    let addr = "127.0.0.1:8081".to_owned();
    let mut options = Options { addr, self_test: false, help: false };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("addr") => options.addr = parser.value()?.string()?,
            Long("self-test") => options.self_test = true,
            Short('h') | Long("help") => options.help = true,
            other => return Err(other.unexpected()),
        }
    }
    Ok(options)
}

#[qi_runtime::main]
async fn main() -> ExitCode {
    let outcome = match parse() {
        Ok(options) => run(options).await,
        Err(error) => Err(Trouble::usage(&error)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("{trouble}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), Trouble> {
    if options.help {
        print!("{USAGE}");
        return Ok(());
    }
    let stop = CancellationToken::new();
    let interrupted = stop.clone();
    ctrlc::set_handler(move || interrupted.cancel())
        .map_err(|error| Trouble::new(error.to_string(), "无法处理 Ctrl-C"))?;
    let addr = if options.self_test { "127.0.0.1:0" } else { options.addr.as_str() };
    let bound = TcpListener::bind(addr).await;
    let told = bound.and_then(|listener| Ok((listener.local_addr()?, listener)));
    let (local, listener) = told.map_err(|error| {
        Trouble::io(&format!("cannot listen on {addr}"), &format!("无法监听 {addr}"), &error)
    })?;
    println!("the room is at http://{local}/");
    let room = Room::new(stop.clone());
    let serving = qi_runtime::spawn(server::serve(listener, room.clone()));
    let outcome = if options.self_test {
        let outcome = self_test::run(local).await;
        stop.cancel();
        outcome
    } else {
        Ok(())
    };
    serving.await.map_err(|error| Trouble::new(error.to_string(), error.message_zh()))?;
    println!("the room is closed; {} messages were said in it", room.said());
    outcome
}
