//! Halves that share a stream, and their reunion.

use super::stream::TcpStream;
use super::transfer::{reads, writes};
use qi_reactor::Watched;
use std::io;
use std::sync::Arc;
use thiserror::Error;

/// The reading half of a stream. Made by [`TcpStream::into_split`]. The connection is closed when
/// both halves are dropped.
#[derive(Debug)]
pub struct OwnedReadHalf {
    stream: Arc<TcpStream>,
}

/// The writing half of a stream. Made by [`TcpStream::into_split`]. Dropping it ends writing: the
/// peer reads to an end.
#[derive(Debug)]
pub struct OwnedWriteHalf {
    stream: Arc<TcpStream>,
    ends_on_drop: bool,
}

/// The two halves are not of one stream. It gives them back.
#[derive(Debug, Error)]
#[error("the halves belong to two different streams")]
pub struct ReuniteError(
    /// The reading half.
    pub OwnedReadHalf,
    /// The writing half.
    pub OwnedWriteHalf,
);

impl ReuniteError {
    /// The message in Chinese.
    #[must_use]
    pub fn message_zh(&self) -> String {
        "这两半不属于同一个连接".to_owned()
    }
}

pub(super) fn split(stream: TcpStream) -> (OwnedReadHalf, OwnedWriteHalf) {
    let stream = Arc::new(stream);
    (OwnedReadHalf { stream: stream.clone() }, OwnedWriteHalf { stream, ends_on_drop: true })
}

impl OwnedReadHalf {
    /// Puts the two halves of a stream together again.
    ///
    /// # Errors
    /// [`ReuniteError`] with both halves, if they are of two streams.
    ///
    /// # Examples
    /// ```
    /// # use qi_runtime::net::{TcpListener, TcpStream};
    /// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
    /// # runtime.block_on(async {
    /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// # let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// let (reader, writer) = stream.into_split();
    /// let stream = reader.reunite(writer).expect("they are of one stream");
    /// # drop(stream);
    /// # std::io::Result::Ok(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn reunite(self, mut writer: OwnedWriteHalf) -> Result<TcpStream, ReuniteError> {
        if !Arc::ptr_eq(&self.stream, &writer.stream) {
            return Err(ReuniteError(self, writer));
        }
        writer.ends_on_drop = false;
        drop(writer);
        match Arc::try_unwrap(self.stream) {
            Ok(stream) => Ok(stream),
            Err(_) => unreachable!("only the two halves share the stream"),
        }
    }

    /// As [`TcpStream::peek`].
    ///
    /// # Errors
    /// As there.
    ///
    /// # Cancel safety
    /// As there.
    pub async fn peek(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.peek(buffer).await
    }

    fn watched(&self) -> &Watched<mio::net::TcpStream> {
        self.stream.watched()
    }
}

impl OwnedWriteHalf {
    /// Drops the half without ending writing.
    pub fn forget(mut self) {
        self.ends_on_drop = false;
    }

    fn watched(&self) -> &Watched<mio::net::TcpStream> {
        self.stream.watched()
    }

    fn end(&mut self) -> io::Result<()> {
        let ended = self.stream.end();
        self.ends_on_drop = ended.is_err();
        ended
    }
}

impl Drop for OwnedWriteHalf {
    fn drop(&mut self) {
        if self.ends_on_drop {
            // Nobody is left to be told of an error.
            let _ = self.stream.end();
        }
    }
}

/// The whole stream, for its options.
impl AsRef<TcpStream> for OwnedReadHalf {
    fn as_ref(&self) -> &TcpStream {
        &self.stream
    }
}

/// The whole stream, for its options.
impl AsRef<TcpStream> for OwnedWriteHalf {
    fn as_ref(&self) -> &TcpStream {
        &self.stream
    }
}

reads!(OwnedReadHalf);
writes!(OwnedWriteHalf);
