//! Files whose futures are dropped half-way: at every poll, in every order with the blocking calls.
#![allow(
    clippy::await_holding_refcell_ref,
    reason = "the harness looks at the world when the future is gone"
)]

use crate::support::{Gated, Scratch, pattern, watched};
use futures_util::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use qi_runtime::fs::{self, File, ReadDir};
use qi_test_kit::DropAtEveryPoll;
use std::cell::RefCell;
use std::io::SeekFrom;

/// A file in a directory of its own, and a pool that waits at its gate.
struct World {
    gated: Gated,
    scratch: Scratch,
    file: RefCell<File>,
}

impl World {
    fn new(content: &[u8]) -> Self {
        let (gated, scratch) = (Gated::new(), Scratch::new());
        let path = scratch.file("file", content);
        let mut options = std::fs::OpenOptions::new();
        let file = options.read(true).write(true).open(path).expect("it is there");
        let file = gated.runtime.handle().enter(|| File::from_std(file).expect("a runtime"));
        Self { gated, scratch, file: RefCell::new(file) }
    }

    /// Lets the calls made so far run to their end.
    fn step(&self) {
        self.gated.step();
    }

    fn content(&self) -> Vec<u8> {
        std::fs::read(self.scratch.path("file")).expect("it is there")
    }
}

#[test]
fn a_read_dropped_at_every_poll_loses_no_byte() {
    watched(|| {
        let content = pattern(10, 1);
        let summary = DropAtEveryPoll::new(|| World::new(&content))
            .may_keep_wakers()
            .steps(2, |world, _| world.step())
            .run(
                |world| {
                    Box::pin(async {
                        let mut room = [0; 4];
                        let count = world.file.borrow_mut().read(&mut room).await;
                        room[..count.expect("it can be read")].to_vec()
                    })
                },
                |world, run| {
                    let mut all = run.output.unwrap_or_default();
                    let mut file = world.file.borrow_mut();
                    let rest = async {
                        let mut rest = Vec::new();
                        file.read_to_end(&mut rest).await.map(|_| rest)
                    };
                    all.extend(world.gated.open().block_on(rest).expect("it can be read"));
                    assert_eq!(all, pattern(10, 1));
                },
            );
        assert!(summary.dropped > 0);
    });
}

#[test]
fn a_write_dropped_at_every_poll_has_taken_all_or_nothing() {
    watched(|| {
        let summary = DropAtEveryPoll::new(|| {
            let world = World::new(b"");
            // More than there is room for waits in the file already.
            let mut file = world.file.borrow_mut();
            for _ in 0..4 {
                let write = std::pin::pin!(file.write(&[b'-'; 64 * 1024]));
                qi_test_kit::assert_ready!(write).expect("the bytes are taken");
            }
            drop(file);
            world
        })
        .may_keep_wakers()
        .steps(2, |world, _| world.step())
        .run(
            |world| {
                Box::pin(async { world.file.borrow_mut().write(b"last").await.expect("taken") })
            },
            |world, run| {
                let mut file = world.file.borrow_mut();
                world.gated.open().block_on(file.flush()).expect("there was no error");
                let written = &world.content()[4 * 64 * 1024..];
                let expected: &[u8] = if run.is_complete() { b"last" } else { b"" };
                assert_eq!(written, expected, "{run:?}");
            },
        );
        assert!(summary.dropped > 0);
    });
}

#[test]
fn a_flush_dropped_at_every_poll_loses_nothing() {
    watched(|| {
        let summary = DropAtEveryPoll::new(|| {
            let world = World::new(b"");
            let mut file = world.file.borrow_mut();
            let write = std::pin::pin!(file.write(b"content"));
            qi_test_kit::assert_ready!(write).expect("the bytes are taken");
            drop(file);
            world
        })
        .may_keep_wakers()
        .steps(2, |world, _| world.step())
        .run(
            |world| Box::pin(async { world.file.borrow_mut().flush().await }),
            |world, run| {
                if let Some(flushed) = run.output {
                    flushed.expect("there was no error");
                }
                assert_eq!(world.content(), b"content");
            },
        );
        assert!(summary.dropped > 0);
    });
}

#[test]
fn a_seek_dropped_at_every_poll_is_done_or_not() {
    watched(|| {
        let summary = DropAtEveryPoll::new(|| World::new(b"0123456789"))
            .may_keep_wakers()
            .steps(2, |world, _| world.step())
            .run(
                |world| {
                    Box::pin(async {
                        let mut file = world.file.borrow_mut();
                        file.seek(SeekFrom::Start(4)).await.expect("there is such a place")
                    })
                },
                |world, run| {
                    let mut file = world.file.borrow_mut();
                    let mut next = [0; 1];
                    let read = file.read_exact(&mut next);
                    world.gated.open().block_on(read).expect("there is so much");
                    // Begun at its first poll, and done since.
                    let expected = if run.polls > 0 { b'4' } else { b'0' };
                    assert_eq!(next[0], expected);
                },
            );
        assert!(summary.dropped > 0);
    });
}

#[test]
fn an_entry_of_a_directory_is_not_lost_with_a_dropped_future() {
    watched(|| {
        let scratch = Scratch::new();
        for number in 0..258 {
            scratch.file(&number.to_string(), "");
        }
        let make = || {
            let gated = Gated::new();
            let open = fs::read_dir(scratch.root());
            let mut entries = gated.open().block_on(open).expect("it is there");
            for _ in 0..256 {
                let next = std::pin::pin!(entries.next_entry());
                let entry = qi_test_kit::assert_ready!(next).expect("it came with the first batch");
                assert!(entry.is_some());
            }
            gated.shut();
            (gated, RefCell::new(entries))
        };
        let rest = |gated: &Gated, entries: &mut ReadDir| {
            gated.open().block_on(async {
                let mut count = 0;
                while entries.next_entry().await.expect("it can be read").is_some() {
                    count += 1;
                }
                count
            })
        };
        let harness =
            DropAtEveryPoll::new(make).may_keep_wakers().steps(1, |(gated, _), _| gated.step());
        let summary = harness.run(
            |(_, entries)| Box::pin(async { entries.borrow_mut().next_entry().await }),
            |(gated, entries), run| {
                let entry = run.output.map(|entry| entry.expect("it can be read"));
                let given = usize::from(entry.flatten().is_some());
                assert_eq!(given + rest(gated, &mut entries.borrow_mut()), 2);
            },
        );
        assert!(summary.dropped > 0);
    });
}
