//! A Redis client on Qi, against a Redis server.
//!
//! ```text
//! redis_client                              starts a server of its own (redis-server), and stops it
//! redis_client --addr 127.0.0.1:6379        uses one that runs: writes keys that begin with qi:
//! ```
//!
//! `client.rs` is the client: any number of tasks share one connection, and nobody waits for anybody
//! else's answer (pipelining). The crate redis itself asks for a runtime at compile time, Tokio's or
//! smol's, so the protocol comes from redis-protocol, which knows bytes only.
#![forbid(unsafe_code)]

mod client;
mod own_server;

use client::{Client, Subscription, Value};
use lexopt::prelude::*;
use own_server::OwnServer;
use qi_examples::Trouble;
use qi_runtime::time;
use std::process::ExitCode;
use std::time::{Duration, Instant};

const USAGE: &str = "\
usage: redis_client [--addr HOST:PORT]

Shows a pipelined Redis client at work: on a server that it starts and stops, or on one that runs,
where it writes and deletes keys that begin with `qi:`.
";

/// Tasks that share the connection, and what each of them adds to the counter.
const TASKS: usize = 50;
const STEPS: usize = 200;

/// A demonstration that takes longer has failed.
const LIMIT: Duration = Duration::from_secs(20);

fn parse() -> Result<Option<Option<String>>, lexopt::Error> {
    let mut addr = None;
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("addr") => addr = Some(parser.value()?.string()?),
            Short('h') | Long("help") => return Ok(None),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(addr))
}

#[qi_runtime::main]
async fn main() -> ExitCode {
    let outcome = match parse() {
        Ok(None) => {
            print!("{USAGE}");
            Ok(())
        }
        Ok(Some(addr)) => match time::timeout(LIMIT, run(addr)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Trouble::new("the demonstration takes too long", "演示超时")),
        },
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

async fn run(addr: Option<String>) -> Result<(), Trouble> {
    let (server, addr) = match addr {
        Some(addr) => (None, addr),
        None => {
            let server = OwnServer::start().await?;
            let addr = server.address().to_string();
            println!("started redis-server on {addr}");
            (Some(server), addr)
        }
    };
    let client = Client::connect(&addr).await?;
    keys(&client).await?;
    many_tasks(&client).await?;
    waiting(&client, &addr).await?;
    messages(&client, &addr).await?;
    client.call(&["DEL", "qi:tea", "qi:count", "qi:list"]).await?;
    if let Some(server) = server {
        lose(&client, server).await?;
    }
    Ok(())
}

/// Writing, reading, what is not there, and what is refused.
async fn keys(client: &Client) -> Result<(), Trouble> {
    client.call(&["SET", "qi:tea", "龙井\r\nwith a line break"]).await?;
    let tea = client.call(&["GET", "qi:tea"]).await?;
    println!("GET qi:tea: {:?}", tea.text());
    println!("GET qi:nothing: {:?}", client.call(&["GET", "qi:nothing"]).await?.text());
    match client.call(&["INCR", "qi:tea"]).await {
        Err(error) => println!("INCR qi:tea is refused: {error}"),
        Ok(value) => return Err(Trouble::new(format!("INCR gave {value:?}"), "本应被拒绝")),
    }
    Ok(())
}

/// Many tasks over one connection.
async fn many_tasks(client: &Client) -> Result<(), Trouble> {
    client.call(&["SET", "qi:count", "0"]).await?;
    let begun = Instant::now();
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let client = client.clone();
            qi_runtime::spawn(async move {
                for _ in 0..STEPS {
                    client.call(&["INCR", "qi:count"]).await?;
                }
                Ok::<(), client::Error>(())
            })
        })
        .collect();
    for task in tasks {
        task.await.map_err(|error| Trouble::new(error.to_string(), error.message_zh()))??;
    }
    let rate = (TASKS * STEPS) as f64 / begun.elapsed().as_secs_f64();
    let count = client.call(&["GET", "qi:count"]).await?;
    println!(
        "{TASKS} tasks counted to {} on one connection, {rate:.0} calls a second",
        count.text()
    );
    Ok(())
}

/// A call that waits on the server, on a connection of its own.
async fn waiting(client: &Client, addr: &str) -> Result<(), Trouble> {
    let other = Client::connect(addr).await?;
    let popped = qi_runtime::spawn(async move { other.call(&["BLPOP", "qi:list", "10"]).await });
    client.call(&["RPUSH", "qi:list", "cup"]).await?;
    let popped =
        popped.await.map_err(|error| Trouble::new(error.to_string(), error.message_zh()))??;
    println!("BLPOP waited for: {}", popped.text());
    Ok(())
}

/// Messages from one connection to another.
async fn messages(client: &Client, addr: &str) -> Result<(), Trouble> {
    let mut subscription = Subscription::open(addr, "qi:news").await?;
    for number in 1..=3 {
        client.call(&["PUBLISH", "qi:news", &format!("news {number}")]).await?;
    }
    let mut heard = Vec::new();
    for _ in 0..3 {
        heard.push(subscription.next().await?.text());
    }
    println!("heard in order: {}", heard.join(", "));
    Ok(())
}

/// What those learn who wait when the server goes away.
async fn lose(client: &Client, server: OwnServer) -> Result<(), Trouble> {
    let waiting = client.clone();
    let waiting = qi_runtime::spawn(async move { waiting.call(&["BLPOP", "qi:none", "0"]).await });
    // Its answer comes behind the waiting call's, so that is with the server now.
    let pinged = client.clone();
    let pinged = qi_runtime::spawn(async move { pinged.call(&["PING"]).await });
    qi_runtime::yield_now().await;
    server.stop();
    for call in [waiting, pinged] {
        match call.await.map_err(|error| Trouble::new(error.to_string(), error.message_zh()))? {
            Err(client::Error::Lost(reason)) => println!("the server stopped: {reason}"),
            other => return Err(Trouble::new(format!("after the end: {other:?}"), "本应断开")),
        }
    }
    let refused = client.call(&["PING"]).await;
    match refused {
        Err(client::Error::Lost(_)) => Ok(()),
        other => Err(Trouble::new(format!("long after the end: {other:?}"), "本应断开")),
    }
}

/// Shows a value's text.
impl Value {
    fn text(&self) -> String {
        match self {
            Self::Nothing => "nothing".to_owned(),
            Self::Integer(number) => number.to_string(),
            Self::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Self::List(values) => values.iter().map(Self::text).collect::<Vec<_>>().join(" "),
        }
    }
}
