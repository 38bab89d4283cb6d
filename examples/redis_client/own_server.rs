//! A Redis server of our own: on a free port of loopback, without files.

use qi_examples::Trouble;
use qi_runtime::net::TcpStream;
use qi_runtime::time;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take until it listens.
const START_LIMIT: Duration = Duration::from_secs(10);

/// Between two attempts to connect.
const PAUSE: Duration = Duration::from_millis(10);

/// The process; it is ended when this is dropped.
pub(crate) struct OwnServer {
    process: Child,
    address: SocketAddr,
}

impl OwnServer {
    /// Starts it and waits until it listens.
    pub(crate) async fn start() -> Result<Self, Trouble> {
        let failed = |error| {
            let english = "cannot start redis-server (`cargo xtask setup` installs it)";
            Trouble::io(english, "无法启动 redis-server", &error)
        };
        // Somebody else may take the port in between; then the server ends at once.
        let address =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr());
        let address = address.map_err(failed)?;
        let port = address.port().to_string();
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--port", &port, "--save", "", "--appendonly", "no"]);
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().map_err(failed)?;
        let mut server = Self { process, address };
        let begun = Instant::now();
        while TcpStream::connect(address).await.is_err() {
            let ended = server.process.try_wait().map_err(failed)?;
            if ended.is_some() || begun.elapsed() > START_LIMIT {
                return Err(Trouble::new("redis-server does not listen", "redis-server 没有监听"));
            }
            time::sleep(PAUSE).await;
        }
        Ok(server)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it without a word, as a crash would.
    pub(crate) fn stop(self) {}
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
