//! The echo server at the far side of the proxy.

use qi_runtime::net::TcpListener;
use std::io;

/// Serves until it is killed.
pub(crate) async fn run() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        qi_runtime::spawn(async move {
            let echoed = qi_runtime::io::copy(&mut &stream, &mut &stream).await;
            // A client that is cut off is seen by the client.
            echoed.and(stream.shutdown(std::net::Shutdown::Write).map(|()| 0))
        });
    }
}
