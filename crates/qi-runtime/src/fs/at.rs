//! Reading and writing at positions: without a cursor, by any number of tasks, many pieces at once.

use super::file::File;
use crate::blocking::call_on;
use std::io;

impl File {
    /// Reads up to `length` bytes that begin at `offset`: fewer only where the file ends.
    ///
    /// The cursor stays, what was read ahead is not looked at, and any number of tasks may do it at
    /// once. It sees what a flush has written.
    ///
    /// # Errors
    /// The system's error; [`NotSeekable`](io::ErrorKind::NotSeekable) for pipes and the like.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    ///
    /// # Examples
    /// ```
    /// use qi_runtime::fs::{self, File};
    /// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
    /// # let path = std::env::temp_dir().join(format!("qi-doc-at-{}", std::process::id()));
    /// # runtime.block_on(async {
    /// let file = File::create_new(&path).await?;
    /// file.write_at(3, b"later".to_vec()).await?;
    /// assert_eq!(file.read_at(0, 5).await?, b"\0\0\0la");
    /// assert_eq!(file.read_at(6, 100).await?, b"er");
    /// assert_eq!(file.read_batch_at(vec![(4, 2), (3, 1)]).await?, [&b"at"[..], &b"l"[..]]);
    /// fs::remove_file(&path).await
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn read_at(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let stream = self.stream.clone();
        call_on(self.stream.handle(), move || stream.device().read_at(offset, length)).await
    }

    /// Reads pieces, each given by offset and length, in one blocking call. The answers come in the
    /// same order; see [`read_at`](Self::read_at).
    ///
    /// # Errors
    /// As [`read_at`](Self::read_at), that of the first piece that fails.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn read_batch_at(&self, pieces: Vec<(u64, usize)>) -> io::Result<Vec<Vec<u8>>> {
        let stream = self.stream.clone();
        call_on(self.stream.handle(), move || {
            let read = |(offset, length)| stream.device().read_at(offset, length);
            pieces.into_iter().map(read).collect()
        })
        .await
    }

    /// Writes all of `bytes` to where `offset` says; what lies between it and the former end becomes
    /// zeros. The system has the bytes when it is done. The cursor stays.
    ///
    /// In a file that was opened for appending, Linux writes to its end whatever the offset says.
    ///
    /// # Errors
    /// The system's error; some of the bytes may have been written then.
    ///
    /// # Cancel safety
    /// Once begun, all of it is written.
    pub async fn write_at(&self, offset: u64, bytes: impl Into<Vec<u8>>) -> io::Result<()> {
        let bytes = bytes.into();
        let stream = self.stream.clone();
        call_on(self.stream.handle(), move || stream.device().write_at(offset, &bytes)).await
    }

    /// Writes pieces, each given by offset and bytes, one after the other in one blocking call; see
    /// [`write_at`](Self::write_at).
    ///
    /// # Errors
    /// As [`write_at`](Self::write_at), that of the first piece that fails; those before are written,
    /// those after are not.
    ///
    /// # Cancel safety
    /// Once begun, all of it is written.
    pub async fn write_batch_at(&self, pieces: Vec<(u64, Vec<u8>)>) -> io::Result<()> {
        let stream = self.stream.clone();
        call_on(self.stream.handle(), move || {
            let mut write =
                |(offset, bytes): (u64, Vec<u8>)| stream.device().write_at(offset, &bytes);
            pieces.into_iter().try_for_each(&mut write)
        })
        .await
    }
}
