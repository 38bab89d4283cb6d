//! The load client of the echo workload: one thread, one epoll, the same for every server.
//!
//! Two phases over the same connections. *Saturating*: every connection always has one request
//! under way; it yields the requests per second and the server's CPU time of each. *Paced*: requests
//! are due at a fixed rate whatever the server does, one after the other over all connections; a
//! request whose connection is still busy waits for it, and its latency counts from when it was due
//! (no coordinated omission).

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};

use crate::latency::Latencies;

/// Bytes of a request and of its answer.
const MESSAGE: usize = 64;
/// Requests per second of the paced phase: well below what any peer saturates at.
const RATE: u32 = 20_000;
/// Length of the unmeasured start, and of each phase in a full and in a quick run.
const WARM: Duration = Duration::from_millis(300);
const FULL: Duration = Duration::from_millis(2000);
const QUICK: Duration = Duration::from_millis(400);
/// What marks the timer among the events; connections are marked by their index.
const TIMER: u64 = u64::MAX;

struct Connection {
    stream: TcpStream,
    /// Bytes of the present answer that have arrived.
    received: usize,
    /// When the request under way was due.
    due: Option<Instant>,
    /// When the requests behind it were due.
    waiting: VecDeque<Instant>,
}

impl Connection {
    fn request(&mut self, due: Instant) {
        self.due = Some(due);
        self.received = 0;
        // 64 bytes on a connection with nothing under way always fit into the socket's buffer.
        self.stream.write_all(&[b'q'; MESSAGE]).expect("the server is there");
    }

    /// Reads what has come; the due time of the request when its answer is complete.
    fn receive(&mut self) -> Option<Instant> {
        let mut buffer = [0; MESSAGE];
        match self.stream.read(&mut buffer[self.received..]) {
            Ok(0) => panic!("the server closed a connection"),
            Ok(count) => self.received += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
            Err(error) => panic!("the server is gone: {error}"),
        }
        if self.received == MESSAGE { self.due.take() } else { None }
    }
}

/// A client of an echo server.
pub(crate) struct Client {
    epoll: OwnedFd,
    timer: OwnedFd,
    connections: Vec<Connection>,
    events: Vec<Event>,
}

impl Client {
    /// Connects so often.
    pub(crate) fn connect(address: SocketAddr, count: usize) -> Self {
        let epoll = epoll::create(CreateFlags::CLOEXEC).expect("an epoll");
        let timer = timerfd_create(
            TimerfdClockId::Monotonic,
            TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC,
        )
        .expect("a timer");
        epoll::add(&epoll, &timer, EventData::new_u64(TIMER), EventFlags::IN).expect("room");
        let connections = (0..count)
            .map(|index| {
                let stream = TcpStream::connect(address).expect("the server accepts");
                stream.set_nodelay(true).expect("TCP has this option");
                stream.set_nonblocking(true).expect("sockets have this mode");
                epoll::add(&epoll, &stream, EventData::new_u64(index as u64), EventFlags::IN)
                    .expect("room");
                Connection { stream, received: 0, due: None, waiting: VecDeque::new() }
            })
            .collect();
        Self { epoll, timer, connections, events: Vec::with_capacity(1024) }
    }

    /// Waits for events and returns what they are about.
    fn wait(&mut self) -> Vec<Event> {
        let mut events = std::mem::take(&mut self.events);
        events.clear();
        match epoll::wait(&self.epoll, spare_capacity(&mut events), None) {
            Ok(_) | Err(Errno::INTR) => events,
            Err(error) => panic!("epoll fails: {error}"),
        }
    }

    fn wake_in(&self, pause: Duration) {
        // A zero would disarm the timer.
        let pause = pause.max(Duration::from_nanos(1));
        let it_value =
            Timespec { tv_sec: pause.as_secs() as i64, tv_nsec: i64::from(pause.subsec_nanos()) };
        let never = Timespec { tv_sec: 0, tv_nsec: 0 };
        let spec = Itimerspec { it_interval: never, it_value };
        timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &spec).expect("a valid time");
    }

    /// Keeps a request under way on every connection for so long; how many were answered.
    fn saturate(&mut self, length: Duration) -> u64 {
        let start = Instant::now();
        for connection in &mut self.connections {
            connection.request(start);
        }
        let mut answered = 0;
        while start.elapsed() < length {
            let events = self.wait();
            for event in &events {
                let connection = &mut self.connections[event.data.u64() as usize];
                if connection.receive().is_some() {
                    answered += 1;
                    connection.request(start);
                }
            }
            self.events = events;
        }
        answered
    }

    /// Waits for the answers still due.
    fn drain(&mut self) {
        while self.connections.iter().any(|connection| connection.due.is_some()) {
            let events = self.wait();
            for event in &events {
                if event.data.u64() != TIMER {
                    self.connections[event.data.u64() as usize].receive();
                }
            }
            self.events = events;
        }
    }

    /// Sends at a fixed rate for as long as `go_on` says of the count sent, and tells `answered` of
    /// each answer when its request was due.
    pub(crate) fn pace(
        &mut self,
        rate: u32,
        go_on: impl Fn(u32) -> bool,
        mut answered: impl FnMut(Instant),
    ) {
        let start = Instant::now();
        let due_of = |number: u32| start + Duration::from_secs(1) / rate * number;
        let (mut sent, mut received, mut goes_on) = (0, 0, true);
        while goes_on || received < sent {
            goes_on = goes_on && go_on(sent);
            while goes_on && due_of(sent) <= Instant::now() {
                let index = sent as usize % self.connections.len();
                let connection = &mut self.connections[index];
                if connection.due.is_some() {
                    connection.waiting.push_back(due_of(sent));
                } else {
                    connection.request(due_of(sent));
                }
                sent += 1;
                goes_on = go_on(sent);
            }
            if goes_on {
                self.wake_in(due_of(sent).saturating_duration_since(Instant::now()));
            } else if received == sent {
                break;
            }
            let events = self.wait();
            for event in events.iter().filter(|event| event.data.u64() != TIMER) {
                let connection = &mut self.connections[event.data.u64() as usize];
                if let Some(due) = connection.receive() {
                    answered(due);
                    received += 1;
                    if let Some(next) = connection.waiting.pop_front() {
                        connection.request(next);
                    }
                }
            }
            self.events = events;
            self.disarm_when(!goes_on);
        }
    }

    /// Nothing more is due: without this the expired timer would keep epoll from waiting.
    fn disarm_when(&self, finished: bool) {
        if finished {
            self.wake_in(Duration::from_secs(3600));
        }
    }
}

/// Runs both phases and prints what the server's process wants to know.
pub(crate) fn run(address: SocketAddr, connections: usize, quick: bool) {
    let length = if quick { QUICK } else { FULL };
    let mut client = Client::connect(address, connections);
    client.saturate(WARM);
    client.drain();
    println!("begin");
    let start = Instant::now();
    let answered = client.saturate(length);
    println!("end {answered} {}", start.elapsed().as_nanos());
    client.drain();
    let total = (length.as_secs_f64() * f64::from(RATE)) as u32;
    let mut latencies = Latencies::new();
    client.pace(RATE, |sent| sent < total, |due| latencies.since(due));
    let sample = latencies.sample();
    println!("{}", serde_json::to_string(&sample).expect("a sample is plain data"));
}
