//! Two guests that meet.

use async_tungstenite::tungstenite::protocol::Message;
use async_tungstenite::{WebSocketStream, client_async};
use futures_util::StreamExt;
use qi_examples::Trouble;
use qi_runtime::net::TcpStream;
use qi_runtime::time;
use std::fmt::Display;
use std::net::SocketAddr;
use std::time::Duration;

/// A test that takes longer has failed.
const LIMIT: Duration = Duration::from_secs(20);

fn failed(error: impl Display) -> Trouble {
    Trouble::new(format!("the self-test failed: {error}"), "自检失败")
}

async fn enter(address: SocketAddr) -> Result<WebSocketStream<TcpStream>, Trouble> {
    let stream = TcpStream::connect(address).await.map_err(failed)?;
    let (socket, _) =
        client_async(format!("ws://{address}/socket"), stream).await.map_err(failed)?;
    Ok(socket)
}

/// The next text.
async fn hear(socket: &mut WebSocketStream<TcpStream>) -> Result<String, Trouble> {
    match socket.next().await {
        Some(Ok(Message::Text(text))) => Ok(text.as_str().to_owned()),
        other => Err(failed(format!("{other:?} is no text"))),
    }
}

/// Everybody hears everything in one order; a guest who leaves disturbs nobody.
pub(crate) async fn run(address: SocketAddr) -> Result<(), Trouble> {
    time::timeout(LIMIT, meet(address)).await.map_err(failed)?
}

async fn meet(address: SocketAddr) -> Result<(), Trouble> {
    let (mut lu, mut yu) = (enter(address).await?, enter(address).await?);
    // Who hears itself has entered.
    for (guest, text) in [(&mut lu, "Lu: is anybody here?"), (&mut yu, "Yu: just came in")] {
        guest.send(Message::text(text)).await.map_err(failed)?;
        while hear(guest).await? != text {}
    }
    while hear(&mut lu).await? != "Yu: just came in" {}
    for number in 1..=100 {
        let speaker = if number % 2 == 0 { &mut lu } else { &mut yu };
        speaker.send(Message::text(format!("message {number}"))).await.map_err(failed)?;
    }
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for _ in 0..100 {
        first.push(hear(&mut lu).await?);
        second.push(hear(&mut yu).await?);
    }
    if first != second {
        return Err(failed("the two heard different things"));
    }
    println!("ok: two guests heard the same {} messages in the same order", first.len());
    yu.close(None).await.map_err(failed)?;
    lu.send(Message::text("Lu: bye")).await.map_err(failed)?;
    println!("ok: after one has left: {}", hear(&mut lu).await?);
    Ok(())
}
