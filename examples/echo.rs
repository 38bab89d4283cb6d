//! An echo server and its client over TCP, in one program.
//!
//! ```text
//! echo                                          both, in one process: a demonstration
//! echo serve --addr 127.0.0.1:7000              the server, until Ctrl-C
//! echo ping --addr 127.0.0.1:7000 --connections 100 --messages 1000 --size 64
//! ```
//!
//! `cargo run --release --example echo` prints something like
//!
//! ```text
//! listening on 127.0.0.1:38211
//! 50 connections × 200 messages of 1024 bytes: every byte came back, in 0.14 s (71429 per second)
//! nobody listens any more: cannot connect to 127.0.0.1:38211: Connection refused (os error 111)
//! ```
#![forbid(unsafe_code)]

use futures_util::io::{AsyncReadExt, AsyncWriteExt};
use lexopt::prelude::*;
use qi_examples::Trouble;
use qi_runtime::net::{TcpListener, TcpStream};
use qi_runtime::{AsyncRuntime, AsyncRuntimeConfig};
use std::fmt::Display;
use std::io;
use std::process::ExitCode;
use std::time::Instant;

const USAGE: &str = "\
usage: echo [COMMAND] [OPTIONS]

  (no command)   a demonstration: server and client in one process
  serve          echoes what clients send, until Ctrl-C
  ping           sends messages to a server and checks the echo

  --addr HOST:PORT   where the server listens (default 127.0.0.1:7000)
  --connections N    ping: connections at once (default 50)
  --messages N       ping: messages per connection (default 200)
  --size BYTES       ping: bytes per message (default 1024)
  --workers N        worker threads (default: one per usable processor)
  -h, --help         this text
";

/// Bytes that the server reads at once.
const BUFFER: usize = 16 * 1024;

/// What is to be done.
enum Command {
    Demo,
    Serve,
    Ping,
    Help,
}

/// The options of all commands, with their defaults.
struct Options {
    addr: String,
    connections: usize,
    messages: usize,
    size: usize,
    workers: Option<usize>,
}

fn parse() -> Result<(Command, Options), lexopt::Error> {
    let mut command = Command::Demo;
    let mut options = Options {
        addr: "127.0.0.1:7000".to_owned(),
        connections: 50,
        messages: 200,
        size: 1024,
        workers: None,
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Value(name) if name == "serve" => command = Command::Serve,
            Value(name) if name == "ping" => command = Command::Ping,
            Long("addr") => options.addr = parser.value()?.string()?,
            Long("connections") => options.connections = parser.value()?.parse()?,
            Long("messages") => options.messages = parser.value()?.parse()?,
            Long("size") => options.size = parser.value()?.parse()?,
            Long("workers") => options.workers = Some(parser.value()?.parse()?),
            Short('h') | Long("help") => command = Command::Help,
            other => return Err(other.unexpected()),
        }
    }
    Ok((command, options))
}

/// Serves every connection in a task of its own.
async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, peer) = listener.accept().await?;
        qi_runtime::spawn(async move {
            if let Err(error) = echo(stream).await {
                eprintln!("{peer}: {error}");
            }
        });
    }
}

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; BUFFER];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            count => stream.write_all(&buffer[..count]).await?,
        }
    }
}

/// Sends the messages of one connection, and compares what comes back.
async fn ping_one(addr: &str, number: usize, messages: usize, size: usize) -> io::Result<()> {
    let mut stream = TcpStream::connect(addr).await?;
    stream.set_nodelay(true)?;
    let (mut sent, mut got) = (vec![0; size], vec![0; size]);
    for message in 0..messages {
        for (at, byte) in sent.iter_mut().enumerate() {
            *byte = (number ^ message ^ at) as u8;
        }
        stream.write_all(&sent).await?;
        stream.read_exact(&mut got).await?;
        if got != sent {
            let text = format!("message {message} of connection {number} came back changed");
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
    }
    Ok(())
}

async fn ping(options: &Options) -> Result<(), Trouble> {
    let Options { connections, messages, size, .. } = *options;
    let begun = Instant::now();
    let clients: Vec<_> = (0..connections)
        .map(|number| {
            let addr = options.addr.clone();
            qi_runtime::spawn(async move { ping_one(&addr, number, messages, size).await })
        })
        .collect();
    for client in clients {
        let outcome = client.join().await;
        let outcome = outcome.map_err(|error| Trouble::new(error.to_string(), error.message_zh()));
        outcome?
            .map_err(|error| failed("cannot talk to", "无法访问服务器", &options.addr, &error))?;
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{connections} connections × {messages} messages of {size} bytes: every byte came back, \
         in {seconds:.2} s ({:.0} per second)",
        (connections * messages) as f64 / seconds
    );
    Ok(())
}

fn failed(english: &str, chinese: &str, addr: &impl Display, error: &io::Error) -> Trouble {
    Trouble::io(&format!("{english} {addr}"), &format!("{chinese} {addr}"), error)
}

async fn listen(addr: &str) -> Result<TcpListener, Trouble> {
    let bound = TcpListener::bind(addr).await;
    let told = bound.and_then(|listener| listener.local_addr().map(|addr| (listener, addr)));
    let (listener, local) =
        told.map_err(|error| failed("cannot listen on", "无法监听", &addr, &error))?;
    println!("listening on {local}");
    Ok(listener)
}

/// Server and client, and what it looks like when the server has gone.
async fn demo(mut options: Options) -> Result<(), Trouble> {
    let listener = listen("127.0.0.1:0").await?;
    let addr = listener.local_addr();
    let addr = addr.map_err(|error| failed("cannot listen on", "无法监听", &"", &error))?;
    let server = qi_runtime::spawn(serve(listener));
    options.addr = addr.to_string();
    ping(&options).await?;
    // It would go on for ever.
    server.cancel().map_err(|error| Trouble::new(error.to_string(), error.message_zh()))?;
    if server.join().await.is_ok() {
        return Err(Trouble::new("the server ended by itself", "服务器自行结束"));
    }
    match TcpStream::connect(addr).await {
        Ok(_) => Err(Trouble::new("the server is still there", "服务器仍在运行")),
        Err(error) => {
            println!("nobody listens any more: cannot connect to {addr}: {error}");
            Ok(())
        }
    }
}

fn run() -> Result<(), Trouble> {
    let (command, options) = parse().map_err(|error| Trouble::usage(&error))?;
    let mut config = AsyncRuntimeConfig::default();
    if let Some(workers) = options.workers {
        config.worker_threads = workers;
    }
    let runtime = AsyncRuntime::new(config)?;
    match command {
        Command::Demo => runtime.block_on(demo(options)),
        Command::Ping => runtime.block_on(ping(&options)),
        Command::Serve => runtime.block_on(async {
            let listener = listen(&options.addr).await?;
            let ended = serve(listener).await;
            ended.map_err(|error| failed("cannot accept on", "无法接受连接", &options.addr, &error))
        }),
        Command::Help => {
            print!("{USAGE}");
            Ok(())
        }
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("{trouble}");
            ExitCode::FAILURE
        }
    }
}
