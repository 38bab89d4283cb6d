//! The functions that compiled Qi programs call, on the Qi runtime.
//!
//! The language's public compiler lowers `异步` functions to LLVM's switched-resume coroutines and calls
//! a fixed set of symbols: the functions of [`export`]. The archive of this crate is linked before the
//! language's own library, which keeps strings, objects, printing and all else. `docs/qi-language.md`
//! tells the compiler's authors how.
//!
//! ```text
//!  compiled program ─► export/* ─┬► drive ─► crew   turns of coroutines, a task    ┐
//!                                │                  for each seat and lane          │
//!                                ├► channel, future, group, mutex                   ├► qi-runtime
//!                                ├► goroutine  a closure on a stack of its own      │
//!                                └► wait       what waits outside of coroutines ────┘
//!                      all of them stand on strand (who waits) and quiet (who could still move)
//! ```
//!
//! # Who may do what
//! A *strand* is whoever can wait: a coroutine, a goroutine, a thread that called in, or an operation of
//! the outside world that ends a future. It is 64 bytes of atomics in an arena (`arena`) that never
//! gives the memory to another type, so a pointer the program kept finds either its strand or, long
//! after that ended, the note that it is gone; it never finds somebody else's.
//!
//! * **A frame** belongs to its strand from `qi_coro_spawn` on. The hand that has taken the strand out of
//!   a queue resumes it (`drive`), one at a time, and destroys it when it is done, or was cancelled. A frame
//!   that an exception left is forgotten: its slots may be stale, and releasing twice is worse than a leak.
//! * **The promise** is read once, after the last resume and before the frame is destroyed.
//! * **A value** is the bits of the promise. Pointers in it carry one count, which the first await takes.
//! * **An intent** (park, sleep, yield, await) is stated before the frame has suspended. It stays with
//!   the thread (`here`) until the resume or the ramp has returned; whoever has just suspended takes it:
//!   `qi_coro_spawn` for a child's ramp, the hand for the frame it has resumed.
//!
//! # States of a coroutine
//! ```text
//!  ramp ─ spawn ─► queued ─ poll ─► resumed ─ intent ─► listed somewhere, idle ─ wake ─► queued …
//!    │                                 │  └─ yield ─► queued
//!    └──── done at once ───────────────┴─ done │ thrown │ cancelled ─► value kept, frame gone
//! ```
//!
//! # A full channel in a plain function
//! `ch <- v` in a plain function is a try whose answer nobody reads; in a coroutine the same try is
//! followed by a park, in a select by a step. So a try that finds no room answers "full" and is
//! remembered on its thread (`here::Unsent`). The next call tells what it was: the park takes it over, a
//! step drops it; before anything else the value is sent first, waiting for room.
//!
//! # Unsafe code
//! In the files that the catalogue names: the arena, the calls into the program and into its library,
//! the jumps of exceptions, and the exported functions, which trust the compiler's pointers.

#[cfg(unix)]
mod arena;
#[cfg(unix)]
mod bytes;
#[cfg(unix)]
mod channel;
#[cfg(unix)]
mod crew;
#[cfg(unix)]
mod drive;
#[cfg(unix)]
mod exception;
#[cfg(unix)]
pub mod export;
#[cfg(unix)]
mod figures;
#[cfg(unix)]
mod future;
#[cfg(unix)]
mod goroutine;
#[cfg(unix)]
mod group;
#[cfg(unix)]
mod hand;
#[cfg(unix)]
mod here;
#[cfg(unix)]
mod intent;
#[cfg(unix)]
mod latch;
#[cfg(unix)]
mod library;
#[cfg(unix)]
mod mailbox;
#[cfg(unix)]
mod mutex;
#[cfg(unix)]
mod nap;
#[cfg(unix)]
mod net;
#[cfg(unix)]
mod ops;
#[cfg(unix)]
mod outside;
#[cfg(unix)]
mod plain;
#[cfg(target_os = "linux")]
mod populate;
#[cfg(all(unix, not(target_os = "linux")))]
#[path = "no_populate.rs"]
mod populate;
#[cfg(unix)]
mod quiet;
#[cfg(unix)]
mod ready;
#[cfg(unix)]
mod report;
#[cfg(unix)]
mod roster;
#[cfg(unix)]
mod run;
#[cfg(unix)]
mod strand;
#[cfg(target_os = "linux")]
mod strangers;
#[cfg(all(unix, not(target_os = "linux")))]
#[path = "no_strangers.rs"]
mod strangers;
#[cfg(unix)]
mod sync;
#[cfg(unix)]
mod table;
#[cfg(unix)]
mod text;
#[cfg(unix)]
mod timer;
#[cfg(unix)]
mod wait;
