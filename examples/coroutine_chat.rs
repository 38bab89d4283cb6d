//! A chat server in straight-line code: one coroutine for each guest, no `async`, no callbacks.
//!
//! `cargo run --example coroutine_chat` serves three guests of its own and prints what one of them read:
//!
//! ```text
//! listening on 127.0.0.1:40123
//! ada: * bob came
//! ada: <bob> good morning
//! …
//! ```
#![forbid(unsafe_code)]

use qi_runtime::AsyncRuntime;
use qi_runtime::channel::mpsc;
use qi_runtime::coroutine::{Wait, net};
use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Lines that a guest has not read yet; a guest that lets more lie is not waited for.
const BACKLOG: usize = 64;

/// Who is here, and how to reach them.
#[derive(Default)]
struct Room(Mutex<BTreeMap<String, mpsc::Sender<String>>>);

impl Room {
    /// Leaves a line for everybody but the one who said it.
    fn tell(&self, from: &str, line: &str) {
        let guests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, guest) in guests.iter().filter(|(name, _)| *name != from) {
            // Full or gone: this line is lost to that guest.
            let _ = guest.try_send(line.to_owned());
        }
    }

    fn enter(&self, name: &str) -> mpsc::Receiver<String> {
        let (sender, receiver) = mpsc::bounded(BACKLOG);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), sender);
        self.tell(name, &format!("* {name} came"));
        receiver
    }

    fn leave(&self, name: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        self.tell(name, &format!("* {name} left"));
    }
}

/// Serves one guest: reads lines here, while another coroutine writes what the others say.
fn serve(room: &Room, stream: net::TcpStream) -> io::Result<()> {
    let stream = Arc::new(stream);
    let mut lines = BufReader::new(&*stream).lines();
    let Some(name) = lines.next().transpose()? else { return Ok(()) };
    let mut heard = room.enter(&name);
    let out = stream.clone();
    let writer = qi_runtime::spawn_coroutine(move || -> io::Result<()> {
        writeln!(&*out, "* welcome")?;
        while let Some(line) = heard.recv().wait() {
            writeln!(&*out, "{line}")?;
        }
        Ok(())
    });
    for line in lines.map_while(Result::ok) {
        room.tell(&name, &format!("<{name}> {line}"));
    }
    // Nobody can reach the guest any more, so the writer ends.
    room.leave(&name);
    writer.join().wait().map_err(io::Error::other)?
}

/// A guest comes, and is welcome.
fn arrive(address: SocketAddr, name: &str) -> io::Result<net::TcpStream> {
    let stream = net::TcpStream::connect(address)?;
    writeln!(&stream, "{name}")?;
    let mut welcome = [0; "* welcome\n".len()];
    (&stream).read_exact(&mut welcome)?;
    Ok(stream)
}

fn evening() -> Result<(), Box<dyn Error + Send + Sync>> {
    let listener = net::TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    println!("listening on {address}");
    let room = Arc::new(Room::default());
    let server = qi_runtime::spawn_coroutine(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let room = room.clone();
            drop(qi_runtime::spawn_coroutine(move || serve(&room, stream)));
        }
    });
    let ada = arrive(address, "ada")?;
    for (name, says) in [("bob", "good morning"), ("eve", "good evening")] {
        let guest = qi_runtime::spawn_coroutine(move || -> io::Result<()> {
            let stream = arrive(address, name)?;
            writeln!(&stream, "{says}")
        });
        guest.join().wait()??;
        // Each comes, speaks and leaves before the next.
        for line in BufReader::new(&ada).lines().take(3) {
            println!("ada: {}", line?);
        }
    }
    server.cancel()?;
    let stopped = server.join().wait().is_err_and(|error| error.is_cancelled());
    println!("the server was stopped where it waits: {stopped}");
    Ok(())
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let runtime = AsyncRuntime::builder().worker_threads(2).build()?;
    runtime.block_on(runtime.spawn_coroutine(evening))??;
    runtime.shutdown()?;
    Ok(())
}
