//! How an idle connection is kept alive, and how a dead one is noticed.

use std::time::Duration;

/// When the system asks a silent peer whether it is still there (`SO_KEEPALIVE` and its companions).
/// What is not set is the system's default, which for the first question is two hours on most.
///
/// # Platforms
/// OpenBSD has none of the three for a socket and ignores them. Windows knows the number of questions
/// since Windows 10.
///
/// # Examples
/// ```
/// use qi_runtime::net::{TcpKeepalive, TcpListener, TcpStream};
/// use std::time::Duration;
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
/// # runtime.block_on(async {
/// # let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let stream = TcpStream::connect(listener.local_addr()?).await?;
/// let minute = Duration::from_secs(60);
/// let keepalive = TcpKeepalive::new().time(minute).interval(minute / 6).retries(3);
/// stream.set_keepalive(Some(&keepalive))?;
/// assert!(stream.keepalive()?);
/// # std::io::Result::Ok(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TcpKeepalive {
    time: Option<Duration>,
    interval: Option<Duration>,
    retries: Option<u32>,
}

impl TcpKeepalive {
    /// The system's defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How long the connection is silent before the first question, in whole seconds (on Windows in
    /// milliseconds).
    #[must_use]
    pub fn time(mut self, time: Duration) -> Self {
        self.time = Some(time);
        self
    }

    /// The time between questions that go unanswered, in whole seconds (on Windows in milliseconds).
    #[must_use]
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = Some(interval);
        self
    }

    /// After how many of them the connection counts as broken.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = Some(retries);
        self
    }

    /// As socket2 wants it.
    pub(super) fn to_socket2(&self) -> socket2::TcpKeepalive {
        let mut keepalive = socket2::TcpKeepalive::new();
        if let Some(time) = self.time {
            keepalive = keepalive.with_time(time);
        }
        if let Some(interval) = self.interval {
            keepalive = keepalive.with_interval(interval);
        }
        if let Some(retries) = self.retries {
            keepalive = keepalive.with_retries(retries);
        }
        keepalive
    }
}
