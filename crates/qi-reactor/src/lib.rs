//! I/O readiness and precise timers, delivered to [`Waker`](std::task::Waker)s.
//!
//! `qi-reactor` is the bottom of the Qi runtime that knows about the system's events: epoll, kqueue
//! and IOCP (through mio), timerfd on Linux. It knows nothing about tasks or threads: whoever has a
//! thread to spare lends it by calling [`Reactor::park`] or [`Reactor::try_turn`], and what comes out
//! are calls of wakers. It runs alone, under any executor; see `examples/alone.rs`.
//!
//! # A shard
//!
//! A [`Reactor`] consists of shards that share nothing. Each is meant for one thread and may be used
//! by all:
//!
//! ```text
//!                 park / try_turn                 unpark
//!                       │                           │ swap; write the eventfd only if a
//!   ┌─ shard ───────────▼───────────────────────────▼─ thread is blocked ──────────────┐
//!   │  queue lock ── epoll ◄── eventfd          park word: awake│blocking│noticed      │
//!   │                 ▲  ▲ └── timerfd (armed only if it would ring too late)          │
//!   │      edges      │  │ epoll_ctl                                                   │
//!   │  ┌──────────────┘  └──────────────┐    timers lock ─┬─ wheel: 7 levels × 256     │
//!   │  sources         source table:    │                 ├─ slab of 40-byte entries   │
//!   │  (descriptors)   slot, generation ┴► cell           └─ parked until …            │
//!   │                                      ├ readiness + tick                          │
//!   │                                      └ waiters of each direction                 │
//!   └──────────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! # The life of one event
//!
//! 1. A task reads a socket ([`Watched::read_with`]) and gets `WouldBlock`. The socket is registered
//!    now, if it was not, and the readiness that the read was tried with is cleared, unless its tick
//!    is outdated (`readiness.rs`).
//! 2. The task's waker goes into the waiters of the socket's cell, after a second look at the
//!    readiness under their lock (`io_cell.rs`). The task is pending; its thread finds nothing else
//!    to do and parks (`shard.rs`, `park.rs`).
//! 3. Data arrives, `epoll_wait` returns a token. It names a slot of the source table and the
//!    generation of its use; an outdated one is dropped (`table.rs`, `token.rs`).
//! 4. The readiness is set, its tick raised; the wakers are taken out. When all events are through and
//!    no lock is held any more, they are woken (`wake_list.rs`).
//! 5. The executor polls the task; it reads again, and this time there is something.
//!
//! A timer: [`Delay`] goes into the wheel of a shard at its first poll (`delay.rs`, `timers.rs`,
//! `wheel.rs`), is taken out when it is dropped, or fires when somebody turns the shard at or after
//! its deadline. A thread parked in the shard wakes for it at the deadline (`alarm.rs`), also if the
//! timer was set by another thread while it was parked.
//!
//! # Guarantees
//!
//! * No timer fires early, and none is rounded to a slot of the wheel. On Linux a parked thread wakes
//!   within the precision of a timerfd; elsewhere waits are rounded up to a millisecond.
//! * Setting and dropping a timer is O(1) and takes one lock, uncontended on the timer's own thread.
//! * No wake-up is lost, with any number of waiters in one direction; waiting is cancel safe.
//! * Wakers are called, cloned and dropped outside every lock. One that panics is logged, and the
//!   others are woken all the same.
//! * An idle reactor makes no system calls. `unpark` makes one only if a thread is blocked.
//! * [`Reactor::close`] lets nobody hang: all waiters are woken and get [`ReactorError::Closed`].
//! * No `unsafe`, no globals, no threads.
#![forbid(unsafe_code)]

mod alarm;
mod clock;
mod delay;
mod edge;
mod error;
mod io_cell;
mod pace;
mod park;
mod reactor;
mod readiness;
mod registration;
mod shard;
mod stats;
mod sync;
mod table;
mod timers;
mod token;
mod waiters;
mod wake_list;
mod watched;
mod wheel;

#[cfg(all(test, loom))]
mod loom_models;

/// Runs the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use clock::{Clock, ManualClock, SystemClock};
pub use delay::Delay;
pub use edge::{LazySource, SHORT_TRANSFER_DRAINS};
pub use error::ReactorError;
pub use mio::Interest;
pub use mio::event::Source;
pub use reactor::{Reactor, ReactorBuilder};
pub use readiness::{Readiness, ReadyEvent};
pub use registration::{Ready, Registration};
pub use stats::ShardStats;
pub use watched::{Place, Watched};
pub use wheel::TimerKey;
