//! What the server needs of a runtime: the seam at which it can be exchanged.

use qi_examples::Trouble;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// A runtime. The functions without `self` are called inside of it.
pub(crate) trait Runtime: Sized + Send + Sync + 'static {
    /// What the server says it runs on.
    const NAME: &'static str;
    type Listener: Listener<Stream = Self::Stream>;
    type Stream: Stream;

    /// Starts it, with so many worker threads or as many as it likes.
    fn start(workers: Option<usize>) -> Result<Self, Trouble>;

    /// Runs the program's main future on the calling thread.
    fn block_on<F: Future>(&self, future: F) -> F::Output;

    /// Ends it, with all tasks that are left.
    fn finish(self) -> Result<(), Trouble>;

    fn bind(address: &str) -> impl Future<Output = io::Result<Self::Listener>> + Send;

    fn spawn<F: Future<Output = ()> + Send + 'static>(future: F);

    /// Begins a blocking call on a thread that is for such calls; the future waits for its end.
    fn blocking<T, C>(call: C) -> impl Future<Output = io::Result<T>> + Send
    where
        T: Send + 'static,
        C: FnOnce() -> T + Send + 'static;

    /// Waits for a future for a limited time. `None`: the time is up.
    fn within<F>(limit: Duration, future: F) -> impl Future<Output = Option<F::Output>> + Send
    where
        F: Future + Send,
        F::Output: Send;

    fn sleep(length: Duration) -> impl Future<Output = ()> + Send;
}

/// Accepts connections.
pub(crate) trait Listener: Send + Sync + 'static {
    type Stream;

    fn accept(&self) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    fn local_addr(&self) -> io::Result<SocketAddr>;
}

/// A connection.
pub(crate) trait Stream: Send + 'static {
    /// Reads something; 0 is the end.
    fn read(&mut self, room: &mut [u8]) -> impl Future<Output = io::Result<usize>> + Send;

    /// Writes something of the first, or of both.
    fn write(&mut self, parts: [&[u8]; 2]) -> impl Future<Output = io::Result<usize>> + Send;

    /// Tells the client that nothing more comes.
    fn end(&mut self) -> impl Future<Output = io::Result<()>> + Send;
}
