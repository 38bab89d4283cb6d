//! The network part of the workload: a server that sends back what it gets, its clients, and what is done
//! to them.
#![forbid(unsafe_code)]

use super::plan::Dice;
use super::world::World;
use futures_util::io::{AsyncReadExt, AsyncWriteExt};
use qi_runtime::simulation::net::{Host, Link, Network, TcpListener, TcpStream};
use qi_runtime::time::{Duration, sleep, timeout};
use std::sync::Arc;

/// How long the server listens.
const OPEN: Duration = Duration::from_millis(60);

/// Starts the server and its clients; in some runs there are none.
pub(super) fn start(world: &Arc<World>, net: &Network, dice: &mut Dice) {
    let server = net.host("server");
    let clients = dice.below(4);
    if clients == 0 {
        return;
    }
    let slowest = Duration::from_micros(1 + dice.below(8_000) as u64);
    net.set_links(Link::new(Duration::ZERO..=slowest).loss(0.02));
    let guard = world.ledger.guard();
    let shared = world.clone();
    drop(server.spawn(async move {
        let _guard = guard;
        serve(&shared).await;
    }));
    for number in 0..clients {
        let (guard, shared, plan) = (world.ledger.guard(), world.clone(), dice.child());
        let host = net.host(&format!("client{number}"));
        let task = host.spawn(async move {
            let _guard = guard;
            let _ = timeout(Duration::from_millis(200), ask(&shared, plan)).await;
        });
        world.may_be_cancelled(task.abort_handle());
    }
}

async fn serve(world: &Arc<World>) {
    let Ok(listener) = TcpListener::bind("0.0.0.0:7").await else {
        return world.ledger.wrong("nobody else listens");
    };
    let accept = async {
        while let Ok((stream, _)) = listener.accept().await {
            let guard = world.ledger.guard();
            drop(qi_runtime::spawn(async move {
                let _guard = guard;
                let _ = timeout(Duration::from_millis(300), echo(stream)).await;
            }));
        }
    };
    let _ = timeout(OPEN, accept).await;
}

async fn echo(mut stream: TcpStream) {
    let mut buffer = [0; 128];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        if stream.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

/// Sends bytes and compares what comes back with them.
async fn ask(world: &Arc<World>, mut dice: Dice) {
    sleep(Duration::from_micros(dice.below(4_000) as u64)).await;
    let Ok(stream) = TcpStream::connect("server:7").await else { return };
    let sent: Vec<u8> = (0..1 + dice.below(1_000)).map(|_| dice.below(256) as u8).collect();
    let (mut reader, mut writer) = (&stream, &stream);
    let write = async {
        let _ = writer.write_all(&sent).await;
        let _ = writer.close().await;
    };
    let mut received = Vec::new();
    let ((), _) = qi_runtime::join!(write, reader.read_to_end(&mut received));
    world.ledger.expect(sent.starts_with(&received), "other bytes came back than were sent");
}

/// Something happens to the network.
pub(super) fn harm(net: &Network, dice: &mut Dice) {
    let server = net.host("server");
    let client: Host = net.host(&format!("client{}", dice.below(3)));
    match dice.below(4) {
        0 => net.partition(&server, &client),
        1 => net.heal(&server, &client),
        2 => {
            net.reset(&server, &client);
        }
        _ => net.heal_all(),
    }
}
