//! What a stream needs of a file, a console or a pipe that can only be used by blocking.

use std::io::{self, SeekFrom};

/// Something with a cursor, used by one thread at a time. An interrupted call is tried again inside.
pub(crate) trait Device: Send + Sync + 'static {
    /// Reads what is there, up to the buffer's length; 0 is the end.
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes all of it, and keeps nothing back.
    fn write_all(&self, bytes: &[u8]) -> io::Result<()>;

    /// Moves the cursor. [`NotSeekable`](io::ErrorKind::NotSeekable) where there is none.
    fn seek(&self, to: SeekFrom) -> io::Result<u64>;
}
