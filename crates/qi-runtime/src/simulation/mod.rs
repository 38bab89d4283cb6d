//! The runtime on one thread, with a seed: what happens once happens again.
//!
//! A [`Simulation`] runs the production scheduler (queues, lanes, picks, stealing, children in place,
//! joins, cancellation, shutdown), timers, channels and locks. Instead of threads it has simulated workers
//! that are stepped in an order that the seed chooses; instead of the system's clock one that moves only
//! as the simulation goes on, so that hours of sleeps take no time; instead of the system's network one
//! [in memory](net), which delays, loses, cuts and resets as it is told. The same seed on the same program
//! gives the same [`Trace`], in every build. A test tries many seeds ([`each_seed`]); one that fails is
//! named, and fails again the same way.
//!
//! # What it finds
//! Mistakes of the program that need a certain order of events, a lost packet or a timeout at the wrong
//! moment; deadlocks, which end the run with the names of those who wait; and defects of the runtime that
//! lose a wake-up, a task or a timer in some order of steps.
//!
//! # What it cannot find
//! * Anything of memory ordering, and anything that needs two threads inside one step: a step is not
//!   divided. (Models and stress tests are for that.)
//! * What only the system does: its sockets and files, its clock, its threads and their stacks. The
//!   monitor, substitutes for blocked threads and extra workers are not simulated; sockets of
//!   [`qi_runtime::net`](crate::net) are refused with `Unsupported`.
//! * A program that is not a function of its seed: one that asks the system's clock or randomness, depends
//!   on addresses or on the order of a hash map, or on threads of its own.
//!
//! A blocking call runs on the one thread at a moment of the seed's, and everything waits for it. A
//! `block_on` inside a task goes on with the simulation; such blocks return innermost first, so two that
//! wait for each other's end are a deadlock here. Operations that put the thread to sleep without a
//! `block_on` (a `recv_timeout` of a channel, a `thread::park`) hang it.
//!
//! # Examples
//! ```
//! use futures_util::io::{AsyncReadExt, AsyncWriteExt};
//! use qi_runtime::AsyncRuntime;
//! use qi_runtime::simulation::net::{TcpListener, TcpStream};
//!
//! qi_runtime::simulation::each_seed(20, |seed| {
//!     let simulation = AsyncRuntime::builder().simulated(seed).build().unwrap();
//!     let server = simulation.network().host("server");
//!     simulation.run(async {
//!         let listener = server.run(TcpListener::bind("0.0.0.0:80")).await.unwrap();
//!         server.spawn(async move {
//!             let (mut stream, _client) = listener.accept().await.unwrap();
//!             stream.write_all(b"hello").await.unwrap();
//!         });
//!         let mut stream = TcpStream::connect("server:80").await.unwrap();
//!         let mut text = String::new();
//!         stream.read_to_string(&mut text).await.unwrap();
//!         assert_eq!(text, "hello");
//!     });
//!     simulation.finish().unwrap();
//! });
//! ```

mod builder;
mod dice;
mod error;
mod hub;
pub mod net;
mod run;
mod seeds;
mod trace;
mod world;

pub use builder::SimulationBuilder;
pub use error::SimulationError;
pub(crate) use hub::Hub;
pub use run::{Simulation, SimulationReport, note, random_below};
pub use seeds::each_seed;
pub use trace::Trace;
