//! A host: an address, and the code that runs there.
#![forbid(unsafe_code)]

use qi_sched::TaskHandle;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// Where code runs that was started on no host.
pub(super) const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

qi_sched::task_local! {
    /// The host that the code runs on.
    inherit static HERE: IpAddr;
}

/// A host of a simulated network. Made by [`Network::host`](super::Network::host).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    name: Arc<str>,
    ip: IpAddr,
}

impl Host {
    pub(super) fn new(name: &str, ip: IpAddr) -> Self {
        Self { name: name.into(), ip }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its address.
    #[must_use]
    pub fn ip(&self) -> IpAddr {
        self.ip
    }

    /// Runs `future` on this host, and the tasks that it spawns.
    ///
    /// # Cancel safety
    /// As safe as the future.
    pub async fn run<F: Future>(&self, future: F) -> F::Output {
        HERE.scope(self.ip, future).await
    }

    /// Spawns a task on this host.
    ///
    /// # Panics
    /// On a thread that works for no runtime.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> TaskHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        qi_sched::spawn(HERE.scope(self.ip, future))
    }
}

/// The address of the host that the calling code runs on.
pub(super) fn here() -> IpAddr {
    HERE.try_get().unwrap_or(LOCALHOST)
}
