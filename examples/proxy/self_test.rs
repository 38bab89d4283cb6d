//! The proxy between a client and a server of its own: what it promises, line by line.

use crate::proxy::{Options, Proxy};
use crate::totals::Summary;
use futures_util::io::{AsyncReadExt, AsyncWriteExt};
use qi_examples::Trouble;
use qi_runtime::TaskHandle;
use qi_runtime::net::{TcpListener, TcpStream};
use qi_runtime::sync::CancellationToken;
use qi_runtime::time::Duration;
use std::future::Future;
use std::io;
use std::net::SocketAddr;

const ANYWHERE: &str = "127.0.0.1:0";

pub(crate) async fn run() -> Result<(), Trouble> {
    check("bytes both ways, and the end of one way while the other goes on", both_ways()).await?;
    check("a server that does not answer is passed over", passed_over()).await?;
    check("without a server the client is reset", reset()).await?;
    check("who is silent for too long is cut off", silence()).await?;
    check("a stop waits for those who are there, and not for ever", stopping()).await
}

async fn check(what: &str, test: impl Future<Output = io::Result<()>>) -> Result<(), Trouble> {
    test.await.map_err(|error| {
        Trouble::io(&format!("failed: {what}"), &format!("自检失败（{what}）"), &error)
    })?;
    println!("ok: {what}");
    Ok(())
}

/// A proxy that runs in a task.
struct Running {
    address: SocketAddr,
    stop: CancellationToken,
    task: TaskHandle<Summary>,
}

impl Running {
    async fn start(options: Options) -> io::Result<Self> {
        let options = Options { listen: ANYWHERE.to_owned(), ..options };
        let proxy = Proxy::bind(options).await.map_err(io::Error::other)?;
        let (address, stop) = (proxy.local_addr(), CancellationToken::new());
        let told = stop.clone();
        let task = qi_runtime::spawn(async move { proxy.serve(&told).await });
        Ok(Self { address, stop, task })
    }

    async fn end(self) -> io::Result<Summary> {
        self.stop.cancel();
        self.task.join().await.map_err(io::Error::other)
    }
}

/// Echoes what each client sends, and says goodbye at its end.
async fn echo() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(ANYWHERE).await?;
    let address = listener.local_addr()?;
    qi_runtime::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            qi_runtime::spawn(async move {
                qi_runtime::io::copy(&mut &stream, &mut &stream).await?;
                stream.write_all(b"goodbye").await
            });
        }
    });
    Ok(address)
}

/// An address on which nobody listens.
async fn nobody() -> io::Result<SocketAddr> {
    TcpListener::bind(ANYWHERE).await?.local_addr()
}

fn to(upstreams: &[SocketAddr]) -> Options {
    let upstreams = upstreams.iter().map(ToString::to_string).collect();
    Options { upstreams, ..Options::default() }
}

async fn talk(address: SocketAddr, text: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(text).await?;
    stream.close().await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer)
}

fn expect(holds: bool, what: &str) -> io::Result<()> {
    if holds { Ok(()) } else { Err(io::Error::other(what.to_owned())) }
}

async fn both_ways() -> io::Result<()> {
    let proxy = Running::start(to(&[echo().await?])).await?;
    let text: Vec<u8> = (0..3_000_000_u32).map(|i| (i % 251) as u8).collect();
    let address = proxy.address;
    let sent = text.clone();
    // Sending and receiving at once: no buffer on the way holds all of it.
    let stream = TcpStream::connect(address).await?;
    let (mut reader, mut writer) = stream.into_split();
    let sending = qi_runtime::spawn(async move {
        writer.write_all(&sent).await?;
        writer.close().await
    });
    let mut answer = Vec::new();
    reader.read_to_end(&mut answer).await?;
    sending.join().await.map_err(io::Error::other)??;
    let (echoed, rest) = answer.split_at(text.len().min(answer.len()));
    expect(echoed == text, "the echo differs")?;
    expect(rest == b"goodbye", "what came after the client's end is missing")?;
    let summary = proxy.end().await?;
    let counted = (summary.up, summary.down) == (text.len() as u64, answer.len() as u64);
    expect(counted && summary.broken == 0, "the figures are wrong")
}

async fn passed_over() -> io::Result<()> {
    let proxy = Running::start(to(&[nobody().await?, echo().await?])).await?;
    for _ in 0..4 {
        expect(talk(proxy.address, b"hello").await? == b"hellogoodbye", "another answer")?;
    }
    expect(proxy.end().await?.refused == 0, "somebody was refused")
}

async fn reset() -> io::Result<()> {
    let proxy = Running::start(to(&[nobody().await?])).await?;
    let mut stream = TcpStream::connect(proxy.address).await?;
    let answer = stream.read(&mut [0; 8]).await;
    expect(answer.is_err(), "the client was told of an orderly end")?;
    expect(proxy.end().await?.refused == 1, "nobody was counted as refused")
}

async fn silence() -> io::Result<()> {
    let idle = Some(Duration::from_millis(40));
    let proxy = Running::start(Options { idle, ..to(&[echo().await?]) }).await?;
    let mut stream = TcpStream::connect(proxy.address).await?;
    stream.write_all(b"hello").await?;
    let mut got = [0; 5];
    stream.read_exact(&mut got).await?;
    // Nothing more is said by either side: only the proxy ends it.
    expect(stream.read(&mut got).await.unwrap_or(0) == 0, "somebody said something")?;
    expect(proxy.end().await?.silent == 1, "nobody was counted as silent")
}

async fn stopping() -> io::Result<()> {
    let grace = Duration::from_millis(20);
    let proxy = Running::start(Options { grace, ..to(&[echo().await?]) }).await?;
    let mut stays = TcpStream::connect(proxy.address).await?;
    stays.write_all(b"x").await?;
    stays.read_exact(&mut [0]).await?;
    let summary = proxy.end().await?;
    expect(summary.cut_off == 1, "the connection that stays was not cut off")?;
    expect(stays.read(&mut [0]).await.unwrap_or(0) == 0, "it is still there")
}
