//! Single calls on the pool, dropped at every poll, in every order with the call itself: each takes place
//! as a whole or not at all, and the next one finds a pool that works.

use crate::support::{Gated, Scratch, watched};
use qi_runtime::fs::{self, DirBuilder, File, OpenOptions};
use qi_runtime::net::{TcpListener, UdpSocket, lookup_host};
use qi_test_kit::{DropAtEveryPoll, Run};
use std::future::{Future, poll_fn};
use std::io;
use std::path::PathBuf;
use std::pin::Pin;

/// A directory with a file, an empty directory and a full one; and a pool that waits at its gate.
struct World {
    gated: Gated,
    scratch: Scratch,
}

impl World {
    fn new() -> Self {
        let (gated, scratch) = (Gated::new(), Scratch::new());
        scratch.file("file", "content");
        std::fs::create_dir(scratch.path("empty")).expect("a free name");
        std::fs::create_dir_all(scratch.path("full").join("inner")).expect("a free name");
        std::fs::write(scratch.path("full").join("leaf"), "x").expect("a free name");
        Self { gated, scratch }
    }

    /// The file of the world, opened for reading and writing.
    fn file(&self) -> File {
        let mut options = std::fs::OpenOptions::new();
        let file = options.read(true).write(true).open(self.path("file"));
        let file = file.expect("it is there");
        self.gated.runtime.handle().enter(|| File::from_std(file)).expect("a runtime")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scratch.path(name)
    }

    fn has(&self, name: &str) -> bool {
        self.path(name).symlink_metadata().is_ok()
    }

    /// Of one of its files; empty if there is none.
    fn content(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_default()
    }

    fn is_read_only(&self) -> bool {
        std::fs::metadata(self.path("file")).expect("it is there").permissions().readonly()
    }
}

type Operation<'w> = Pin<Box<dyn Future<Output = io::Result<()>> + 'w>>;

/// An operation of the world's runtime, whatever it gives.
fn on<'w, T>(world: &'w World, future: impl Future<Output = io::Result<T>> + 'w) -> Operation<'w> {
    let mut future = Box::pin(future);
    Box::pin(poll_fn(move |cx| {
        let polled = world.gated.runtime.handle().enter(|| future.as_mut().poll(cx));
        polled.map(|result| result.map(drop))
    }))
}

/// Something that changes the file system: it was done if it says so, and not if it was never called.
fn takes_place_or_not(
    name: &str,
    operation: impl for<'w> Fn(&'w World) -> Operation<'w>,
    is_done: impl Fn(&World) -> bool,
) {
    let harness = DropAtEveryPoll::new(World::new).steps(1, |world, _| world.gated.step());
    let summary = harness.run(&operation, |world, run: Run<io::Result<()>>| {
        let complete = run.is_complete();
        if let Some(outcome) = run.output {
            outcome.expect(name);
        }
        // Whatever was left in the queue has run, or was cancelled.
        world.gated.step();
        let done = is_done(world);
        assert!(done || !complete, "{name}: it says that it was done");
        assert!(!done || run.polls > 0, "{name}: nobody has begun it");
        assert!(!done || run.steps > 0, "{name}: it was given up before its call could begin");
    });
    assert!(summary.most_polls > 1, "{name} has waited: {summary:?}");
}

/// Something that changes nothing: it can be done again.
fn can_be_asked_again(name: &str, operation: impl for<'w> Fn(&'w World) -> Operation<'w>) {
    let harness = DropAtEveryPoll::new(World::new).steps(1, |world, _| world.gated.step());
    let summary = harness.run(&operation, |world, run: Run<io::Result<()>>| {
        run.output.unwrap_or(Ok(())).expect(name);
        let again = operation(world);
        world.gated.open().block_on(again).expect(name);
        assert_eq!(world.content("file"), b"content", "{name}");
        assert_eq!(world.scratch.names(), ["empty", "file", "full"], "{name}");
    });
    assert!(summary.most_polls > 1, "{name} has waited: {summary:?}");
}

#[test]
fn directories_are_made_and_removed_as_a_whole_or_not_at_all() {
    use takes_place_or_not as check;
    watched(|| {
        check("create_dir", |w| on(w, fs::create_dir(w.path("new"))), |w| w.has("new"));
        check(
            "create_dir_all",
            |w| on(w, fs::create_dir_all(w.path("new").join("inner"))),
            |w| w.has("new/inner"),
        );
        check(
            "DirBuilder",
            |w| {
                let path = w.path("new");
                on(w, async move { DirBuilder::new().create(path).await })
            },
            |w| w.has("new"),
        );
        check("remove_dir", |w| on(w, fs::remove_dir(w.path("empty"))), |w| !w.has("empty"));
        check("remove_dir_all", |w| on(w, fs::remove_dir_all(w.path("full"))), |w| !w.has("full"));
    });
}

#[test]
fn files_are_made_moved_and_removed_as_a_whole_or_not_at_all() {
    use takes_place_or_not as check;
    watched(|| {
        check("create", |w| on(w, File::create(w.path("new"))), |w| w.has("new"));
        check("create_new", |w| on(w, File::create_new(w.path("new"))), |w| w.has("new"));
        check(
            "OpenOptions",
            |w| {
                let path = w.path("new");
                on(w, async move { OpenOptions::new().append(true).create(true).open(path).await })
            },
            |w| w.has("new"),
        );
        check("remove_file", |w| on(w, fs::remove_file(w.path("file"))), |w| !w.has("file"));
        check(
            "rename",
            |w| on(w, fs::rename(w.path("file"), w.path("moved"))),
            |w| {
                assert_ne!(w.has("file"), w.has("moved"));
                w.has("moved")
            },
        );
        check(
            "hard_link",
            |w| on(w, fs::hard_link(w.path("file"), w.path("other"))),
            |w| w.content("other") == b"content",
        );
        check(
            "copy",
            |w| on(w, fs::copy(w.path("file"), w.path("other"))),
            |w| w.content("other") == b"content",
        );
    });
}

#[test]
fn contents_and_permissions_are_changed_as_a_whole_or_not_at_all() {
    use takes_place_or_not as check;
    watched(|| {
        check(
            "write",
            |w| on(w, fs::write(w.path("file"), "new")),
            |w| w.content("file") == b"new",
        );
        check(
            "replace",
            |w| on(w, fs::replace(w.path("file"), "new")),
            |w| {
                let content = w.content("file");
                assert!(content == b"content" || content == b"new", "{content:?}");
                content == b"new"
            },
        );
        let read_only = |w: &World| {
            let mut permissions = std::fs::metadata(w.path("file")).expect("there").permissions();
            permissions.set_readonly(true);
            permissions
        };
        check(
            "set_permissions",
            |w| on(w, fs::set_permissions(w.path("file"), read_only(w))),
            World::is_read_only,
        );
        check(
            "set_permissions of a file",
            |w| {
                let (file, permissions) = (w.file(), read_only(w));
                on(w, async move { file.set_permissions(permissions).await })
            },
            World::is_read_only,
        );
        check(
            "set_len",
            |w| {
                let file = w.file();
                on(w, async move { file.set_len(3).await })
            },
            |w| w.content("file") == b"con",
        );
        check(
            "write_at",
            |w| {
                let file = w.file();
                on(w, async move { file.write_at(3, "!").await })
            },
            |w| w.content("file") == b"con!ent",
        );
        check(
            "write_batch_at",
            |w| {
                let file = w.file();
                let pieces = vec![(0, b"C".to_vec()), (6, b"T".to_vec())];
                on(w, async move { file.write_batch_at(pieces).await })
            },
            |w| {
                let content = w.content("file");
                assert!(content == b"content" || content == b"ContenT", "{content:?}");
                content == b"ContenT"
            },
        );
    });
}

#[test]
fn what_only_looks_changes_nothing_and_can_be_asked_again() {
    use can_be_asked_again as check;
    watched(|| {
        check("canonicalize", |w| on(w, fs::canonicalize(w.path("file"))));
        check("metadata", |w| on(w, fs::metadata(w.path("file"))));
        check("symlink_metadata", |w| on(w, fs::symlink_metadata(w.path("file"))));
        check("try_exists", |w| on(w, fs::try_exists(w.path("file"))));
        check("read", |w| on(w, fs::read(w.path("file"))));
        check("read_to_string", |w| on(w, fs::read_to_string(w.path("file"))));
        check("read_dir", |w| on(w, fs::read_dir(w.path("full"))));
        check("open", |w| on(w, File::open(w.path("file"))));
        check("read_link", |w| {
            let path = w.path("file");
            on(w, async move {
                fs::read_link(path).await.expect_err("it is none");
                Ok(())
            })
        });
    });
}

#[test]
fn what_only_looks_into_a_file_changes_nothing_and_can_be_asked_again() {
    watched(|| {
        /// One question to the world's file.
        macro_rules! asked {
            ($name:literal, $file:ident => $question:expr) => {
                can_be_asked_again($name, |w| {
                    let $file = w.file();
                    on(w, async move { $question.await })
                });
            };
        }
        asked!("metadata of a file", file => file.metadata());
        asked!("try_clone", file => file.try_clone());
        asked!("sync_all", file => file.sync_all());
        asked!("sync_data", file => file.sync_data());
        asked!("read_at", file => file.read_at(3, 2));
        asked!("read_batch_at", file => file.read_batch_at(vec![(0, 2), (3, 4)]));
        can_be_asked_again("metadata of an entry", |w| {
            let gated = &w.gated;
            let entry = async {
                let mut entries = fs::read_dir(w.path("full")).await?;
                entries.next_entry().await
            };
            let entry = gated.open().block_on(entry).expect("it is there").expect("it is full");
            gated.shut();
            on(w, async move { entry.metadata().await })
        });
    });
}

#[test]
fn lookups_of_names_change_nothing_and_can_be_asked_again() {
    use can_be_asked_again as check;
    watched(|| {
        check("lookup_host", |w| on(w, lookup_host("localhost:80")));
        check("TcpListener::bind", |w| on(w, TcpListener::bind("localhost:0")));
        check("UdpSocket::bind", |w| on(w, UdpSocket::bind("localhost:0")));
        check("UdpSocket::connect", |w| {
            let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a free port");
            let socket = w.gated.runtime.handle().enter(|| UdpSocket::from_std(socket));
            let socket = socket.expect("a runtime");
            on(w, async move { socket.connect("localhost:9").await })
        });
    });
}
