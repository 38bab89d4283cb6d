//! The reactor used alone: an executor of thirty lines, a TCP echo, and timers, on one thread.
//!
//! `cargo run -p qi-reactor --example alone` ends by itself and prints:
//!
//! ```text
//! echoed 3 messages
//! 5 ticks, none of them early
//! ```
#![forbid(unsafe_code)]

use std::future::Future;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use qi_reactor::{Delay, Interest, Reactor, Watched};

type Outcome = Result<(), Box<dyn std::error::Error>>;
type Task<'a> = Pin<Box<dyn Future<Output = Outcome> + 'a>>;

/// Makes its task runnable and ends the park of the thread that runs it.
struct Runnable {
    flag: AtomicBool,
    reactor: Arc<Reactor>,
}

impl Wake for Runnable {
    fn wake(self: Arc<Self>) {
        // Release pairs with the acquire in `run`: the task sees what its waker did before.
        self.flag.store(true, Ordering::Release);
        self.reactor.unpark(0);
    }
}

/// Runs all tasks on this thread, which parks in the reactor while none of them is runnable.
fn run(reactor: &Arc<Reactor>, tasks: Vec<Task<'_>>) -> Outcome {
    let runnable =
        || Arc::new(Runnable { flag: AtomicBool::new(true), reactor: Arc::clone(reactor) });
    let mut tasks: Vec<_> = tasks.into_iter().map(|task| (runnable(), task)).collect();
    while !tasks.is_empty() {
        let mut still = Vec::new();
        for (runnable, mut task) in tasks {
            let mut done = false;
            // Acquire pairs with the release in `wake`.
            if runnable.flag.swap(false, Ordering::Acquire) {
                let waker = Waker::from(Arc::clone(&runnable));
                match task.as_mut().poll(&mut Context::from_waker(&waker)) {
                    std::task::Poll::Ready(outcome) => {
                        outcome?;
                        done = true;
                    }
                    std::task::Poll::Pending => {}
                }
            }
            if !done {
                still.push((runnable, task));
            }
        }
        tasks = still;
        // Returns at once if a waker was called meanwhile.
        if !tasks.is_empty() {
            reactor.park(0);
        }
    }
    Ok(())
}

fn watch(reactor: &Reactor, stream: TcpStream) -> io::Result<Watched<TcpStream>> {
    Watched::new(reactor, 0, stream, Interest::READABLE.add(Interest::WRITABLE))
}

async fn write_all(stream: &Watched<TcpStream>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let count = stream.write_with(|mut stream| stream.write(bytes)).await?;
        bytes = &bytes[count..];
    }
    Ok(())
}

async fn serve(reactor: &Reactor, listener: Watched<TcpListener>) -> Outcome {
    let (stream, _) = listener.read_with(TcpListener::accept).await?;
    let stream = watch(reactor, stream)?;
    let mut room = [0; 256];
    loop {
        let count = stream.read_with(|mut stream| stream.read(&mut room)).await?;
        if count == 0 {
            return Ok(());
        }
        write_all(&stream, &room[..count]).await?;
    }
}

async fn ask(reactor: &Reactor, address: SocketAddr) -> Outcome {
    // Blocking connect and non-blocking I/O: this example is about readiness.
    let stream = std::net::TcpStream::connect(address)?;
    stream.set_nonblocking(true)?;
    let stream = watch(reactor, TcpStream::from_std(stream))?;
    let mut echoed = 0;
    for message in ["one", "two", "three"] {
        write_all(&stream, message.as_bytes()).await?;
        let mut got = vec![0; message.len()];
        let mut at = 0;
        while at < got.len() {
            at += stream.read_with(|mut stream| stream.read(&mut got[at..])).await?;
        }
        assert_eq!(got, message.as_bytes());
        echoed += 1;
    }
    stream.get_ref().shutdown(Shutdown::Write)?;
    println!("echoed {echoed} messages");
    Ok(())
}

async fn tick(reactor: &Reactor) -> Outcome {
    const PERIOD: Duration = Duration::from_millis(20);
    let start = Instant::now();
    let mut delay = Delay::new(reactor, 0, start + PERIOD);
    for n in 1..=5 {
        (&mut delay).await?;
        assert!(start.elapsed() >= n * PERIOD, "tick {n} was early");
        delay.reset(start + (n + 1) * PERIOD);
    }
    println!("5 ticks, none of them early");
    Ok(())
}

fn main() -> Outcome {
    let reactor = Arc::new(Reactor::new(1)?);
    let listener = TcpListener::bind("127.0.0.1:0".parse()?)?;
    let address = listener.local_addr()?;
    let listener = Watched::new(&reactor, 0, listener, Interest::READABLE)?;
    let tasks: Vec<Task<'_>> = vec![
        Box::pin(serve(&reactor, listener)),
        Box::pin(ask(&reactor, address)),
        Box::pin(tick(&reactor)),
    ];
    run(&reactor, tasks)
}
