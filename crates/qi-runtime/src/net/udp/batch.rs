//! Room for many datagrams, and what was received into it.

use std::fmt;
use std::net::SocketAddr;

/// Room for datagrams that [`UdpSocket::recv_batch`](super::UdpSocket::recv_batch) fills. Made once,
/// used again and again.
///
/// # Examples
/// ```
/// use qi_runtime::net::{DatagramBatch, UdpSocket};
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
/// # runtime.block_on(async {
/// let receiver = UdpSocket::bind("127.0.0.1:0").await?;
/// let sender = UdpSocket::bind("127.0.0.1:0").await?;
/// let to = receiver.local_addr()?;
/// let mut sent = 0;
/// let all: [(&[u8], _); 3] = [(b"one", to), (b"two", to), (b"three", to)];
/// while sent < all.len() {
///     sent += sender.send_batch(&all[sent..]).await?;
/// }
/// let mut batch = DatagramBatch::new(32, 1500);
/// let mut got = Vec::new();
/// while got.len() < 3 {
///     receiver.recv_batch(&mut batch).await?;
///     got.extend(batch.iter().map(|(bytes, _from)| bytes.to_vec()));
/// }
/// assert_eq!(got, [&b"one"[..], b"two", b"three"]);
/// # std::io::Result::Ok(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct DatagramBatch {
    space: Vec<u8>,
    size: usize,
    filled: Vec<Filled>,
}

/// What became of one place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filled {
    pub(super) length: usize,
    pub(super) from: SocketAddr,
}

impl DatagramBatch {
    /// Room for `capacity` datagrams of up to `size` bytes each (at least one of one byte). What is
    /// longer is cut off where the system does that; see
    /// [`recv_from`](super::UdpSocket::recv_from).
    ///
    /// # Panics
    /// If that is more memory than there can be.
    #[must_use]
    pub fn new(capacity: usize, size: usize) -> Self {
        let (capacity, size) = (capacity.max(1), size.max(1));
        let all = capacity.checked_mul(size).expect("a batch fits into memory");
        Self { space: vec![0; all], size, filled: Vec::with_capacity(capacity) }
    }

    /// How many datagrams it has room for.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.space.len() / self.size
    }

    /// How many were received last.
    #[must_use]
    pub fn len(&self) -> usize {
        self.filled.len()
    }

    /// Whether nothing was received into it yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.filled.is_empty()
    }

    /// The datagrams received last, each with its sender.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], SocketAddr)> {
        let places = self.space.chunks_exact(self.size);
        places.zip(&self.filled).map(|(place, filled)| (&place[..filled.length], filled.from))
    }

    /// The places to fill, and where to note what became of them.
    pub(super) fn refill(&mut self) -> (std::slice::ChunksExactMut<'_, u8>, &mut Vec<Filled>) {
        self.filled.clear();
        (self.space.chunks_exact_mut(self.size), &mut self.filled)
    }
}

impl fmt::Debug for DatagramBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatagramBatch")
            .field("capacity", &self.capacity())
            .field("size", &self.size)
            .field("len", &self.len())
            .finish()
    }
}
