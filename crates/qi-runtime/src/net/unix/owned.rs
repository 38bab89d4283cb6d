//! Halves that share a connection, and their reunion.

use super::stream::UnixStream;
use crate::net::transfer::{reads, writes};
use qi_reactor::Watched;
use std::io;
use std::sync::Arc;
use thiserror::Error;

/// The reading half of a stream. Made by [`UnixStream::into_split`]. The connection is closed when
/// both halves are dropped.
#[derive(Debug)]
pub struct OwnedReadHalf {
    stream: Arc<UnixStream>,
}

/// The writing half of a stream. Made by [`UnixStream::into_split`]. Dropping it ends writing: the
/// peer reads to an end.
#[derive(Debug)]
pub struct OwnedWriteHalf {
    stream: Arc<UnixStream>,
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

pub(super) fn split(stream: UnixStream) -> (OwnedReadHalf, OwnedWriteHalf) {
    let stream = Arc::new(stream);
    (OwnedReadHalf { stream: stream.clone() }, OwnedWriteHalf { stream, ends_on_drop: true })
}

impl OwnedReadHalf {
    /// Puts the two halves of a stream together again.
    ///
    /// # Errors
    /// [`ReuniteError`] with both halves, if they are of two streams.
    pub fn reunite(self, mut writer: OwnedWriteHalf) -> Result<UnixStream, ReuniteError> {
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

    fn watched(&self) -> &Watched<mio::net::UnixStream> {
        self.stream.watched()
    }
}

impl OwnedWriteHalf {
    /// Drops the half without ending writing.
    pub fn forget(mut self) {
        self.ends_on_drop = false;
    }

    fn watched(&self) -> &Watched<mio::net::UnixStream> {
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
impl AsRef<UnixStream> for OwnedReadHalf {
    fn as_ref(&self) -> &UnixStream {
        &self.stream
    }
}

/// The whole stream, for its options.
impl AsRef<UnixStream> for OwnedWriteHalf {
    fn as_ref(&self) -> &UnixStream {
        &self.stream
    }
}

reads!(OwnedReadHalf);
writes!(OwnedWriteHalf);
