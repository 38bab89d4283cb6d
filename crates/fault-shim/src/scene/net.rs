//! A server and its clients on the loopback. What fails is tried again, as programs do.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::io::{AsyncReadExt, AsyncWriteExt};
use qi_runtime::TaskHandle;
use qi_runtime::net::{TcpListener, TcpStream};

use super::ATTEMPTS;
use crate::stage::Stage;

const CLIENTS: usize = 3;
const MESSAGES: usize = 3;

/// The tasks that serve one connection each.
type Serving = Arc<Mutex<Vec<TaskHandle<()>>>>;

pub(super) async fn play(stage: &Stage) {
    let Some((listener, address)) = listen(stage).await else { return };
    let serving = Serving::default();
    let server = stage.spawn(serve(stage.clone(), listener, serving.clone()));
    let clients: Vec<_> =
        (0..CLIENTS).map(|_| stage.spawn(visit(stage.clone(), address))).collect();
    for client in clients {
        let _ = stage.settle(client).await;
    }
    // It has ended if it could not accept any more.
    let _ = server.cancel();
    let _ = stage.settle(server).await;
    let connections = std::mem::take(&mut *serving.lock().unwrap_or_else(PoisonError::into_inner));
    for connection in connections {
        let _ = stage.settle(connection).await;
    }
    // The server has gone, and with it its listener.
    let late = TcpStream::connect(address).await;
    stage.ledger.check(late.is_err(), || "somebody still listens".to_owned());
}

pub(super) async fn listen(stage: &Stage) -> Option<(TcpListener, SocketAddr)> {
    for _ in 0..ATTEMPTS {
        match TcpListener::bind("127.0.0.1:0").await {
            Ok(listener) => match listener.local_addr() {
                Ok(address) => return Some((listener, address)),
                Err(error) => stage.ledger.error("the listener's address", &error),
            },
            Err(error) => stage.ledger.error("listening", &error),
        }
    }
    stage.ledger.gave_up("listening");
    None
}

async fn serve(stage: Stage, listener: TcpListener, serving: Serving) {
    let mut failures = 0;
    while failures < ATTEMPTS {
        match listener.accept().await {
            Ok((stream, _)) => {
                failures = 0;
                let task = stage.spawn(echo(stage.clone(), stream));
                serving.lock().unwrap_or_else(PoisonError::into_inner).push(task);
            }
            Err(error) => {
                failures += 1;
                stage.ledger.error("accepting", &error);
            }
        }
    }
    stage.ledger.gave_up("accepting");
}

async fn echo(stage: Stage, mut stream: TcpStream) {
    let served = async {
        let mut buffer = [0; 64];
        loop {
            let count = stream.read(&mut buffer).await?;
            if count == 0 {
                return io::Result::Ok(());
            }
            stream.write_all(&buffer[..count]).await?;
        }
    };
    if let Some(Err(error)) = stage.ledger.within("serving a connection", served).await {
        stage.ledger.error("serving a connection", &error);
    }
}

async fn visit(stage: Stage, address: SocketAddr) {
    for _ in 0..ATTEMPTS {
        match stage.ledger.within("a conversation", converse(address)).await {
            Some(Ok(())) => return,
            Some(Err(error)) => stage.ledger.error("a conversation", &error),
            None => return,
        }
    }
    stage.ledger.gave_up("a conversation");
}

async fn converse(address: SocketAddr) -> io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    for number in 0..MESSAGES {
        let message = [number as u8; 48];
        stream.write_all(&message).await?;
        let mut answer = [0; 48];
        stream.read_exact(&mut answer).await?;
        if answer != message {
            return Err(io::Error::other("another answer than expected"));
        }
    }
    Ok(())
}
