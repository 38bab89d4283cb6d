//! A proxy as small as it gets on Tokio, to be compared with.
#![forbid(unsafe_code)]

#[path = "args.rs"]
mod args;

use std::io;
use tokio::net::{TcpListener, TcpStream};

fn main() -> io::Result<()> {
    let args = args::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(args.workers)
        .enable_all()
        .build()?;
    runtime.block_on(async move {
        let listener = TcpListener::bind(args.listen).await?;
        println!("listening on {}", listener.local_addr()?);
        let to: &'static str = args.to.leak();
        loop {
            let (client, _) = listener.accept().await?;
            tokio::spawn(async move {
                let server = Box::pin(TcpStream::connect(to)).await?;
                join(client, server).await
            });
        }
    })
}

async fn join(mut client: TcpStream, mut server: TcpStream) -> io::Result<()> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    tokio::io::copy_bidirectional(&mut client, &mut server).await.map(drop)
}
