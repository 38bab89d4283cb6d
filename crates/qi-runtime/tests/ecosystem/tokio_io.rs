//! `Compat`, both ways.

use futures_util::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Cursor};
use qi_runtime::net::{TcpListener, TcpStream};
use qi_runtime::tokio_io::Compat;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};

/// Reads as code for Tokio does.
async fn read(stream: &mut (impl AsyncRead + Unpin), room: usize) -> io::Result<Vec<u8>> {
    let mut memory = vec![0; room];
    let mut buffer = ReadBuf::new(&mut memory);
    poll_fn(|cx| Pin::new(&mut *stream).poll_read(cx, &mut buffer)).await?;
    Ok(buffer.filled().to_vec())
}

async fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let client = TcpStream::connect(listener.local_addr()?).await?;
    Ok((listener.accept().await?.0, client))
}

#[qi_runtime::test]
async fn code_for_tokio_reads_and_writes_a_connection() -> io::Result<()> {
    let (server, mut client) = pair().await?;
    let mut server = Compat::new(server);
    client.write_all(b"tea").await?;
    assert_eq!(read(&mut server, 2).await?, b"te");
    assert_eq!(read(&mut server, 2).await?, b"a");
    let written = poll_fn(|cx| Pin::new(&mut server).poll_write(cx, b"thanks")).await?;
    assert_eq!(written, 6);
    poll_fn(|cx| Pin::new(&mut server).poll_flush(cx)).await?;
    poll_fn(|cx| Pin::new(&mut server).poll_shutdown(cx)).await?;
    let mut text = String::new();
    client.read_to_string(&mut text).await?;
    assert_eq!(text, "thanks");
    client.write_all(b"reading goes on").await?;
    assert_eq!(read(&mut server, 64).await?, b"reading goes on");
    drop(client);
    assert_eq!(read(&mut server, 64).await?, b"", "the end");
    Ok(())
}

#[qi_runtime::test]
async fn there_and_back_is_the_same_stream() -> io::Result<()> {
    let (server, client) = pair().await?;
    let (mut server, mut client) =
        (Compat::new(Compat::new(server)), Compat::new(Compat::new(client)));
    let sent: Vec<u8> = (0..500_000).map(|at: u32| (at % 251) as u8).collect();
    let copy = sent.clone();
    let sending = qi_runtime::spawn(async move {
        client.write_all(&copy).await?;
        client.close().await
    });
    let mut got = Vec::new();
    server.read_to_end(&mut got).await?;
    assert!(got == sent);
    sending.await.expect("no panic")?;
    let stream: TcpStream = server.into_inner().into_inner();
    stream.peer_addr()?;
    Ok(())
}

#[qi_runtime::test]
async fn lines_are_read_through_both_kinds_of_buffers() -> io::Result<()> {
    let mut once = Compat::new(BufReader::new(Cursor::new("one\ntwo\n")));
    let length = poll_fn(|cx| Pin::new(&mut once).poll_fill_buf(cx).map_ok(<[u8]>::len)).await?;
    assert_eq!(length, 8);
    Pin::new(&mut once).consume(4);
    let mut twice = Compat::new(once);
    let mut line = String::new();
    twice.read_line(&mut line).await?;
    assert_eq!(line, "two\n");
    Ok(())
}

#[qi_runtime::test]
async fn errors_keep_their_kind() -> io::Result<()> {
    let (server, client) = pair().await?;
    client.set_linger(Some(std::time::Duration::ZERO))?;
    drop(client);
    let mut server = Compat::new(server);
    let error = read(&mut server, 1).await.expect_err("the peer reset the connection");
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    Ok(())
}
