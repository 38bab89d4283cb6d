//! Accepting clients, and joining them to servers.

use crate::idle::Watch;
use crate::totals::{Summary, Totals, count};
use crate::upstream::Upstreams;
use qi_examples::Trouble;
use qi_runtime::io::copy_bidirectional;
use qi_runtime::net::{TcpListener, TcpStream};
use qi_runtime::select;
use qi_runtime::sync::{CancellationToken, OwnedSemaphorePermit, Semaphore, WaitGroup};
use qi_runtime::time::{Duration, timeout};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// What the user can choose.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) listen: String,
    pub(crate) upstreams: Vec<String>,
    pub(crate) connections: usize,
    pub(crate) connect: Duration,
    pub(crate) idle: Option<Duration>,
    pub(crate) grace: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:7000".to_owned(),
            upstreams: Vec::new(),
            connections: 100_000,
            connect: Duration::from_secs(5),
            idle: None,
            grace: Duration::from_secs(30),
        }
    }
}

/// The proxy, listening.
pub(crate) struct Proxy {
    listener: TcpListener,
    local_addr: SocketAddr,
    room: Arc<Semaphore>,
    present: WaitGroup,
    grace: Duration,
    shared: Arc<Shared>,
}

/// What every connection needs.
struct Shared {
    upstreams: Upstreams,
    totals: Totals,
    idle: Option<(Duration, Arc<Watch>)>,
}

impl Proxy {
    pub(crate) async fn bind(options: Options) -> Result<Self, Trouble> {
        let bound = TcpListener::bind(options.listen.as_str()).await;
        let told = bound.and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (local_addr, listener) = told.map_err(|error| {
            let at = &options.listen;
            Trouble::io(&format!("cannot listen on {at}"), &format!("无法监听 {at}"), &error)
        })?;
        let shared = Shared {
            upstreams: Upstreams::new(options.upstreams, options.connect),
            totals: Totals::default(),
            // Half of it: see `idle.rs`.
            idle: options.idle.map(|silence| (silence / 2, Arc::default())),
        };
        Ok(Self {
            listener,
            local_addr,
            room: Arc::new(Semaphore::new(options.connections)),
            present: WaitGroup::new(),
            grace: options.grace,
            shared: Arc::new(shared),
        })
    }

    pub(crate) fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Serves until it is told to stop, then waits for those who are there.
    pub(crate) async fn serve(self, stop: &CancellationToken) -> Summary {
        let watching = self
            .shared
            .idle
            .as_ref()
            .map(|(period, watch)| qi_runtime::spawn(watch.clone().run(*period)));
        let tasks = CancellationToken::new();
        stop.run_until_cancelled(self.accept(&tasks)).await;
        let Self { listener, present, grace, shared, .. } = self;
        drop(listener);
        // Over or not: who is left now is cut off.
        let _ = timeout(grace, present.wait()).await;
        let cut_off = present.count();
        tasks.cancel();
        present.wait().await;
        if let Some(watching) = watching {
            // It has no end of its own; an error would say that the runtime has ended it already.
            let _ = watching.cancel();
        }
        shared.totals.summary(cut_off)
    }

    async fn accept(&self, tasks: &CancellationToken) {
        loop {
            let Ok(place) = self.room.clone().acquire_owned().await else {
                return; // Never closed.
            };
            let client = match self.listener.accept().await {
                Ok((client, _)) => client,
                Err(error) => {
                    eprintln!("cannot accept any more: {error}");
                    return;
                }
            };
            count(&self.shared.totals.accepted);
            let (shared, tasks) = (self.shared.clone(), tasks.clone());
            let present = self.present.worker();
            qi_runtime::spawn(async move {
                let served = serve_one(shared, client, place);
                tasks.run_until_cancelled(served).await;
                drop(present);
            });
        }
    }
}

/// Joins one client to a server. The place is given back at the end.
async fn serve_one(shared: Arc<Shared>, client: TcpStream, _place: OwnedSemaphorePermit) {
    // In a box, which is gone when it is connected: a connection lives longer than its making.
    let server = match Box::pin(shared.upstreams.connect()).await {
        Ok(server) => server,
        Err(error) => {
            eprintln!("no upstream server answers: {error}");
            count(&shared.totals.refused);
            // The client learns that it is no orderly end.
            let _ = client.set_linger(Some(Duration::ZERO));
            return;
        }
    };
    // Small writes are to arrive as the client made them. That they are gathered does no harm.
    let _ = client.set_nodelay(true).and(server.set_nodelay(true));
    let outcome = match &shared.idle {
        Some((_, watch)) => Box::pin(joined_while_active(watch, client, server)).await,
        None => joined(client, server).await.map(Some),
    };
    match outcome {
        Ok(Some((up, down))) => {
            // Relaxed: figures.
            shared.totals.up.fetch_add(up, Relaxed);
            shared.totals.down.fetch_add(down, Relaxed);
        }
        Ok(None) => count(&shared.totals.silent),
        // One side is gone, and dropping the streams tells the other one. Nobody else is concerned.
        Err(_) => count(&shared.totals.broken),
    }
}

async fn joined(mut client: TcpStream, mut server: TcpStream) -> io::Result<(u64, u64)> {
    let outcome = copy_bidirectional(&mut client, &mut server).await;
    if outcome.is_err() {
        // What broke here is broken there too: no orderly end that it was not.
        for stream in [&client, &server] {
            let _ = stream.set_linger(Some(Duration::ZERO));
        }
    }
    outcome
}

/// `None` if nothing moved for too long.
async fn joined_while_active(
    watch: &Arc<Watch>,
    client: TcpStream,
    server: TcpStream,
) -> io::Result<Option<(u64, u64)>> {
    let place = watch.enter();
    let (mut client, mut server) = (place.noting(client), place.noting(server));
    select! {
        outcome = copy_bidirectional(&mut client, &mut server) => outcome.map(Some),
        () = place.token().cancelled() => Ok(None),
    }
}
