//! A proxy as small as it gets on smol, to be compared with.
#![forbid(unsafe_code)]

#[path = "args.rs"]
mod args;

use smol::net::{TcpListener, TcpStream};
use std::io;
use std::net::Shutdown;

fn main() -> io::Result<()> {
    let args = args::parse();
    let executor: &'static smol::Executor<'static> = Box::leak(Box::default());
    for _ in 1..args.workers {
        std::thread::spawn(|| smol::block_on(executor.run(smol::future::pending::<()>())));
    }
    smol::block_on(executor.run(async move {
        let listener = TcpListener::bind(args.listen).await?;
        println!("listening on {}", listener.local_addr()?);
        let to: &'static str = args.to.leak();
        loop {
            let (client, _) = listener.accept().await?;
            executor
                .spawn(async move {
                    let server = Box::pin(TcpStream::connect(to)).await?;
                    join(client, server).await
                })
                .detach();
        }
    }))
}

async fn join(client: TcpStream, server: TcpStream) -> io::Result<()> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    // Clones share the socket: that is how its documentation has one stream copied both ways.
    let (mut from_client, mut to_client) = (client.clone(), client);
    let (mut from_server, mut to_server) = (server.clone(), server);
    let up = async {
        smol::io::copy(&mut from_client, &mut to_server).await?;
        to_server.shutdown(Shutdown::Write)
    };
    let down = async {
        smol::io::copy(&mut from_server, &mut to_client).await?;
        to_client.shutdown(Shutdown::Write)
    };
    smol::future::try_zip(up, down).await.map(drop)
}
