//! The network as its users hold it: hosts, links, and what goes wrong.
#![forbid(unsafe_code)]

use super::host::{self, Host};
use super::link::Link;
use super::state::State;
use crate::simulation::dice::{Concern, Dice};
use crate::simulation::world;
use qi_sched::{Clock, ManualClock};
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

/// The network of a simulation. A clone is the same network.
///
/// # Examples
/// ```
/// use qi_runtime::AsyncRuntime;
/// use qi_runtime::simulation::net::{Link, TcpListener, TcpStream};
/// use qi_runtime::time::{Duration, timeout};
/// let simulation = AsyncRuntime::builder().simulated(1).build()?;
/// let network = simulation.network().clone();
/// let (here, there) = (network.host("here"), network.host("there"));
/// network.set_link(&here, &there, Link::new(Duration::from_millis(5)..=Duration::from_millis(9)));
/// simulation.run(async {
///     let _listener = there.run(TcpListener::bind("0.0.0.0:80")).await?;
///     network.partition(&here, &there);
///     let attempt = here.run(TcpStream::connect("there:80"));
///     assert!(timeout(Duration::from_secs(1), attempt).await.is_err());
///     network.heal(&here, &there);
///     here.run(TcpStream::connect("there:80")).await?;
///     let refused = here.run(TcpStream::connect("there:81")).await.unwrap_err();
///     assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
///     std::io::Result::Ok(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Network {
    inner: Arc<Inner>,
}

struct Inner {
    state: Mutex<State>,
    clock: Arc<ManualClock>,
    begun: Instant,
}

impl Network {
    pub(in crate::simulation) fn new(seed: u64, clock: Arc<ManualClock>, link: Link) -> Self {
        let state = State::new(Dice::new(seed, Concern::Network), link);
        let begun = clock.now();
        let network = Self { inner: Arc::new(Inner { state: Mutex::new(state), clock, begun }) };
        // Where code runs that was started on no host.
        network.lock().hosts.push(("localhost".to_owned(), host::LOCALHOST));
        network
    }

    /// The network of the simulation that this thread runs.
    pub(super) fn current() -> io::Result<Self> {
        let none = || io::Error::other("the thread runs no simulation");
        world::current().map(|world| world.network().clone()).ok_or_else(none)
    }

    /// The host of this name; a new one if there is none yet.
    ///
    /// # Panics
    /// If there are 65,000 already.
    #[must_use]
    pub fn host(&self, name: &str) -> Host {
        let mut state = self.lock();
        let known = state.hosts.iter().find(|(known, _)| known == name).map(|(_, ip)| *ip);
        let ip = known.unwrap_or_else(|| {
            let number = u16::try_from(state.hosts.len()).expect("fewer than 65,000 hosts");
            let [high, low] = number.to_be_bytes();
            let ip = IpAddr::V4(Ipv4Addr::new(10, 0, high, low));
            state.hosts.push((name.to_owned(), ip));
            ip
        });
        Host::new(name, ip)
    }

    /// What connects these two hosts from now on.
    pub fn set_link(&self, one: &Host, other: &Host, link: Link) {
        let (one, other) = (one.ip(), other.ip());
        let mut state = self.lock();
        let between = |a: &IpAddr, b: &IpAddr| (*a, *b) == (one, other) || (*b, *a) == (one, other);
        state.links.retain(|(a, b, _)| !between(a, b));
        state.links.push((one, other, link));
    }

    /// What connects all hosts from now on, but for those that have a link of their own.
    pub fn set_links(&self, link: Link) {
        self.lock().link = link;
    }

    /// Cuts two hosts off from each other: streams stand still, datagrams are lost, in both directions.
    pub fn partition(&self, one: &Host, other: &Host) {
        self.lock().cut(one.ip(), other.ip());
    }

    /// Lets two hosts reach each other again: what streams sent meanwhile arrives after all.
    pub fn heal(&self, one: &Host, other: &Host) {
        let now = self.now();
        self.lock().heal(now, one.ip(), other.ip());
    }

    /// Lets all hosts reach each other.
    pub fn heal_all(&self) {
        let now = self.now();
        let mut state = self.lock();
        for (one, other) in state.all_cuts() {
            state.heal(now, one, other);
        }
    }

    /// Breaks all streams between two hosts off: both ends get `ConnectionReset`. Returns how many.
    pub fn reset(&self, one: &Host, other: &Host) -> usize {
        self.change(|state, _, woken| state.reset(one.ip(), other.ip(), woken))
    }

    /// Streams of which somebody holds an end.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.lock().connections.len()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // No code of the user's runs under the lock.
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Time since the beginning.
    pub(super) fn now(&self) -> Duration {
        self.inner.clock.now() - self.inner.begun
    }

    /// Calls `code` with the network's state and the time, and wakes whom that lets go on.
    pub(super) fn change<R>(
        &self,
        code: impl FnOnce(&mut State, Duration, &mut Vec<Waker>) -> R,
    ) -> R {
        let mut woken = Vec::new();
        let now = self.now();
        let result = code(&mut self.lock(), now, &mut woken);
        woken.into_iter().for_each(Waker::wake);
        result
    }

    pub(in crate::simulation) fn next_due(&self) -> Option<Duration> {
        self.lock().next_due()
    }

    pub(in crate::simulation) fn deliver(&self) {
        self.change(|state, now, woken| state.deliver(now, woken));
    }

    pub(in crate::simulation) fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().log)
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("Network")
            .field("hosts", &state.hosts.len())
            .field("connections", &state.connections.len())
            .finish_non_exhaustive()
    }
}
