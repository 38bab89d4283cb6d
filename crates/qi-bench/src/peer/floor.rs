//! The floor: what the operating system alone takes, with no runtime above it.
//!
//! One thread per worker with an epoll of its own; tasks, timers and wakers do not exist here, so
//! only the workloads about the outside world have a floor.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::event::{EventfdFlags, eventfd};
use rustix::io::Errno;

use super::ECHO_BUFFER;
use crate::latency::Latencies;
use crate::sample::Sample;
use crate::workload::{self, Job, Server, WAKE_PAUSE, WAKES};

/// The workloads that have a floor; `None` for a name that is not among them.
pub(crate) fn run(workload: &str, job: &Job) -> Option<Sample> {
    Some(match workload {
        "echo-100" => echo(job, 100),
        "echo-1000" => echo(job, 1000),
        "foreign-wake" => wake(job),
        _ => return None,
    })
}

fn wait(epoll: &OwnedFd, events: &mut Vec<Event>) {
    events.clear();
    match epoll::wait(epoll, spare_capacity(events), None) {
        Ok(_) | Err(Errno::INTR) => {}
        Err(error) => panic!("epoll fails: {error}"),
    }
}

/// One thread's share of the connections.
struct Shard {
    epoll: OwnedFd,
    /// By the number that the epoll knows them by; the accepting thread only ever appends.
    arrived: Mutex<Vec<(u64, TcpStream)>>,
}

impl Shard {
    fn new() -> Arc<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC).expect("an epoll");
        Arc::new(Self { epoll, arrived: Mutex::new(Vec::new()) })
    }

    fn take_arrivals(&self, streams: &mut Vec<Option<TcpStream>>) {
        let mut arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner);
        for (number, stream) in arrived.drain(..) {
            let index = number as usize;
            if streams.len() <= index {
                streams.resize_with(index + 1, || None);
            }
            streams[index] = Some(stream);
        }
    }

    /// Level-triggered: read once, answer, wait again. No queue, no task, no waker.
    fn serve(&self) {
        let mut streams: Vec<Option<TcpStream>> = Vec::new();
        let mut events: Vec<Event> = Vec::with_capacity(1024);
        let mut buffer = [0; ECHO_BUFFER];
        loop {
            wait(&self.epoll, &mut events);
            for event in &events {
                let index = event.data.u64() as usize;
                if streams.get(index).is_none_or(Option::is_none) {
                    self.take_arrivals(&mut streams);
                }
                let Some(stream) = &mut streams[index] else { continue };
                let echoed = match stream.read(&mut buffer) {
                    Ok(count @ 1..) => stream.write_all(&buffer[..count]).is_ok(),
                    _ => false,
                };
                if !echoed {
                    // Dropping the socket takes it out of the epoll.
                    streams[index] = None;
                }
            }
        }
    }

    fn adopt(&self, number: u64, stream: TcpStream) {
        stream.set_nodelay(true).expect("TCP has this option");
        let mut arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner);
        // Under the lock, so that no event comes before the socket can be found.
        epoll::add(&self.epoll, &stream, EventData::new_u64(number), EventFlags::IN).expect("room");
        arrived.push((number, stream));
    }
}

/// A bare epoll loop per thread, connections dealt out in turn.
fn echo(job: &Job, connections: u64) -> Sample {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("a bound listener has an address");
    let shards: Vec<_> = (0..job.workers).map(|_| Shard::new()).collect();
    for shard in &shards {
        let shard = Arc::clone(shard);
        thread::spawn(move || shard.serve());
    }
    thread::spawn(move || {
        for (number, stream) in listener.incoming().flatten().enumerate() {
            shards[number % shards.len()].adopt((number / shards.len()) as u64, stream);
        }
    });
    workload::serve(job, &Server { address, connections })
}

/// A thread writes an eventfd, another sleeps in epoll.
fn wake(job: &Job) -> Sample {
    let epoll = epoll::create(CreateFlags::CLOEXEC).expect("an epoll");
    let bell = Arc::new(eventfd(0, EventfdFlags::CLOEXEC).expect("an eventfd"));
    epoll::add(&epoll, &*bell, EventData::new_u64(0), EventFlags::IN).expect("room");
    let (epoch, rung_ns) = (Instant::now(), Arc::new(AtomicU64::new(0)));
    let done = Arc::new(AtomicBool::new(false));
    let thread = {
        let (bell, rung_ns, done) = (Arc::clone(&bell), Arc::clone(&rung_ns), Arc::clone(&done));
        thread::spawn(move || {
            // Relaxed: the flag carries no data.
            while !done.load(Ordering::Relaxed) {
                thread::sleep(WAKE_PAUSE);
                // Relaxed: the eventfd orders the two threads.
                rung_ns.store(epoch.elapsed().as_nanos() as u64, Ordering::Relaxed);
                rustix::io::write(&bell, &1_u64.to_ne_bytes()).expect("the counter has room");
            }
        })
    };
    let mut latencies = Latencies::new();
    let mut events = Vec::with_capacity(1);
    let mut counter = [0; 8];
    for _ in 0..job.count(WAKES) {
        wait(&epoll, &mut events);
        rustix::io::read(&bell, &mut counter).expect("the bell was rung");
        // Relaxed: as above.
        latencies.since(epoch + Duration::from_nanos(rung_ns.load(Ordering::Relaxed)));
    }
    // Relaxed: as above.
    done.store(true, Ordering::Relaxed);
    thread.join().expect("the ringing thread does not panic");
    latencies.sample()
}
