//! The readers-writer lock: a writer is alone, readers see what it wrote, and no waiter is
//! forgotten, whoever gives up meanwhile (I51).
#![forbid(unsafe_code)]

use super::{block_on, poll_and_drop};
use crate::rwlock::{RwLock, RwLockWriteGuard};
use loom::cell::UnsafeCell;
use loom::thread;
use std::sync::Arc;

/// A lock, and what it guards: loom fails an execution in which one writes it while others are
/// there, or has not seen what those before did.
#[derive(Default)]
struct Shared {
    lock: RwLock<()>,
    content: UnsafeCell<()>,
}

impl Shared {
    fn read(&self) {
        let _guard = block_on(self.lock.read());
        self.content.with(|_| ());
    }

    fn write(&self) {
        let _guard = block_on(self.lock.write());
        self.content.with_mut(|_| ());
    }
}

fn in_thread(shared: &Arc<Shared>, code: fn(&Shared)) -> thread::JoinHandle<()> {
    let shared = shared.clone();
    thread::spawn(move || code(&shared))
}

fn is_free(shared: &Shared) {
    assert!(shared.lock.try_write().is_some(), "nobody has it any more");
}

/// Readers and a writer, whoever comes first.
fn a_writer_is_alone() {
    let shared = Arc::new(Shared::default());
    let others = [in_thread(&shared, Shared::read), in_thread(&shared, Shared::write)];
    shared.read();
    others.into_iter().for_each(|other| other.join().unwrap());
    is_free(&shared);
}

/// The last of two readers lets the writer in.
fn the_last_reader_lets_a_writer_in() {
    let shared = Arc::new(Shared::default());
    let reader = shared.lock.try_read().unwrap();
    let second = in_thread(&shared, |shared| {
        if let Some(guard) = shared.lock.try_read() {
            shared.content.with(|_| ());
            drop(guard);
        }
    });
    let writer = in_thread(&shared, Shared::write);
    shared.content.with(|_| ());
    drop(reader);
    second.join().unwrap();
    writer.join().unwrap();
    is_free(&shared);
}

/// A writer gives up, granted or not, while the lock is released: a reader behind it goes on.
fn a_waiter_that_gives_up_holds_nobody_up() {
    let shared = Arc::new(Shared::default());
    let reader = shared.lock.try_read().unwrap();
    let fickle = in_thread(&shared, |shared| drop(poll_and_drop(shared.lock.write())));
    let steady = in_thread(&shared, Shared::read);
    drop(reader);
    fickle.join().unwrap();
    steady.join().unwrap();
    is_free(&shared);
}

/// A writer becomes a reader: no other writer comes between.
fn a_writer_that_becomes_a_reader_keeps_writers_out() {
    let shared = Arc::new(Shared::default());
    let writer = shared.lock.try_write().unwrap();
    let other = in_thread(&shared, Shared::write);
    shared.content.with_mut(|_| ());
    let reader = RwLockWriteGuard::downgrade(writer);
    shared.content.with(|_| ());
    drop(reader);
    other.join().unwrap();
    is_free(&shared);
}

#[test]
fn loom_rwlock() {
    super::explore(
        "loom_rwlock",
        &[
            a_writer_is_alone,
            the_last_reader_lets_a_writer_in,
            a_waiter_that_gives_up_holds_nobody_up,
            a_writer_that_becomes_a_reader_keeps_writers_out,
        ],
    );
}
