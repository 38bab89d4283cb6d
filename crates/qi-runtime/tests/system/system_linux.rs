//! What can be arranged on Linux: a full disk, names that are no text, zombies counted, descriptors
//! that run out.

use crate::actor::actor;
use crate::support::{Scratch, on_1_and_4_workers, runtime, watched};
use futures_util::io::{AsyncReadExt, AsyncWriteExt};
use qi_runtime::fs::{self, File, OpenOptions};
use qi_runtime::process::{Command, Stdio};
use qi_runtime::signal::unix::SignalKind;
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

#[test]
fn a_full_disk_is_told_to_the_flush_and_nothing_hangs() {
    on_1_and_4_workers(|| async {
        let mut file = OpenOptions::new().write(true).open("/dev/full").await.expect("it is there");
        file.write_all(b"x").await.expect("the bytes are taken");
        let error = file.flush().await.expect_err("the disk is full");
        assert_eq!(error.kind(), ErrorKind::StorageFull);
        let mut told = 0;
        for _ in 0..100 {
            // More than there is room for: some of them wait for a call that fails.
            if file.write_all(&[0; 100_000]).await.is_err() {
                told += 1;
            }
        }
        let last = file.close().await;
        assert!(told > 0 || last.is_err(), "nobody was told");
        let error = fs::write("/dev/full", "x").await.expect_err("the disk is full");
        assert_eq!(error.kind(), ErrorKind::StorageFull);
        let scratch = Scratch::new();
        let from = scratch.file("from", "content");
        let error = fs::copy(&from, "/dev/full").await.expect_err("the disk is full");
        assert_eq!(error.kind(), ErrorKind::StorageFull);
    });
}

#[test]
fn output_to_a_full_disk_and_to_nobody_is_an_error() {
    on_1_and_4_workers(|| async {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("it is there");
        let mut command = actor("write for nobody");
        // The mark itself cannot be written: the actor panics before its part.
        let status = command.stdout(full).stderr(Stdio::null()).status().await.expect("it starts");
        assert!(!status.success());
        let mut child =
            actor("write for nobody").stdout(Stdio::piped()).spawn().expect("it starts");
        let mut stdout = child.stdout.take().expect("it was asked for");
        let mut said = Vec::new();
        while !said.ends_with(b"begins --\n") {
            let mut byte = [0];
            stdout.read_exact(&mut byte).await.expect("it writes");
            said.push(byte[0]);
        }
        drop(stdout);
        let status = child.wait().await.expect("it can be waited for");
        assert_eq!(status.code(), Some(libc::EPIPE));
    });
}

#[test]
fn names_that_are_no_text_are_kept() {
    on_1_and_4_workers(|| async {
        let scratch = Scratch::new();
        let name = OsStr::from_bytes(b"\xff\xfe-name");
        let path = scratch.root().join(name);
        fs::write(&path, "content").await.expect("any bytes are a name");
        let mut entries = fs::read_dir(scratch.root()).await.expect("it is there");
        let entry = entries.next_entry().await.expect("it can be read").expect("it is there");
        assert_eq!(entry.file_name(), name);
        assert_eq!(entry.ino(), fs::metadata(&path).await.expect("it is there").ino());
        fs::replace(&path, "other").await.expect("there is room");
        assert_eq!(fs::read(&path).await.expect("it is there"), b"other");
        fs::symlink(name, scratch.path("link")).await.expect("it can be made");
        assert_eq!(fs::read_link(scratch.path("link")).await.expect("it is one"), name);
        assert_eq!(fs::read(scratch.path("link")).await.expect("it leads there"), b"other");
        let link = fs::symlink_metadata(scratch.path("link")).await.expect("it is there");
        assert!(link.file_type().is_symlink());
        let output = Command::new("cat").arg(&path).output().await.expect("it starts");
        assert_eq!(output.stdout, b"other");
    });
}

#[test]
fn modes_are_those_that_were_asked_for_and_kept_by_a_replacement() {
    on_1_and_4_workers(|| async {
        let scratch = Scratch::new();
        let path = scratch.path("secret");
        let mut options = OpenOptions::new();
        options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .await
            .expect("it is not there");
        let mode = |path: &std::path::Path| {
            std::fs::metadata(path).expect("it is there").permissions().mode() & 0o7777
        };
        assert_eq!(mode(&path), 0o600);
        for kept in [0o640, 0o755, 0o400] {
            let permissions = std::fs::Permissions::from_mode(kept);
            fs::set_permissions(&path, permissions).await.expect("it is ours");
            fs::replace(&path, "content").await.expect("there is room");
            assert_eq!(mode(&path), kept);
            fs::copy(&path, scratch.path("copy")).await.expect("there is room");
            assert_eq!(mode(&scratch.path("copy")), kept);
            fs::remove_file(scratch.path("copy")).await.expect("it is there");
        }
        let mut builder = fs::DirBuilder::new();
        builder.mode(0o700).create(scratch.path("inner")).await.expect("it can be made");
        assert_eq!(mode(&scratch.path("inner")), 0o700);
    });
}

#[test]
fn a_symbolic_link_is_replaced_and_not_followed() {
    on_1_and_4_workers(|| async {
        let scratch = Scratch::new();
        let target = scratch.file("target", "old");
        let link = scratch.path("link");
        fs::symlink("target", &link).await.expect("it can be made");
        fs::replace(&link, "new").await.expect("there is room");
        assert!(std::fs::symlink_metadata(&link).expect("it is there").is_file());
        assert_eq!(fs::read(&target).await.expect("it is there"), b"old");
    });
}

#[test]
fn a_pipe_with_a_name_is_read_like_a_file() {
    on_1_and_4_workers(|| async {
        let scratch = Scratch::new();
        let path = scratch.path("pipe");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).expect("it can be made");
        let target = path.clone();
        let writing = qi_runtime::spawn(async move {
            let mut pipe = OpenOptions::new().write(true).open(&target).await.expect("a reader");
            for _ in 0..100 {
                pipe.write_all(&[7; 1000]).await.expect("somebody reads");
            }
            pipe.close().await.expect("there was no error");
        });
        let mut pipe = File::open(&path).await.expect("a writer comes");
        let mut read = Vec::new();
        pipe.read_to_end(&mut read).await.expect("it can be read");
        assert_eq!(read, [7; 100_000]);
        writing.join().await.expect("it does not panic");
    });
}

#[test]
fn links_in_a_circle_are_an_error() {
    on_1_and_4_workers(|| async {
        let scratch = Scratch::new();
        fs::symlink("other", scratch.path("one")).await.expect("it can be made");
        fs::symlink("one", scratch.path("other")).await.expect("it can be made");
        let error = fs::metadata(scratch.path("one")).await.expect_err("it leads nowhere");
        assert_eq!(error.raw_os_error(), Some(libc::ELOOP));
    });
}

/// Who is traced by a stranger ends for its parent when the stranger has let go of it, and its
/// descriptor tells of an end before that.
#[test]
fn a_child_that_is_traced_by_another_process_is_waited_for() {
    on_1_and_4_workers(|| async {
        let mut command = Command::new("strace");
        command.args(["-o", "/dev/null", "-D", "sleep", "1000"]).stderr(Stdio::null());
        let mut child = match command.kill_on_drop(true).spawn() {
            Ok(child) => child,
            Err(error) => return eprintln!("skipped: strace: {error}"),
        };
        let id = child.id().expect("it runs");
        let traced = || {
            let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
            status.contains("Name:\tsleep") && !status.contains("TracerPid:\t0\n")
        };
        while !traced() {
            if child.try_wait().expect("it is ours").is_some() {
                return eprintln!("skipped: strace may not trace here");
            }
            qi_runtime::yield_now().await;
        }
        child.signal(SignalKind::interrupt()).expect("it is ours");
        assert!(!child.wait().await.expect("it can be waited for").success());
    });
}

/// The other process of the next test: it has a limit of its own.
const SHORT: &str = "QI_SYSTEM_SHORT";

#[test]
fn without_descriptors_all_is_an_error_and_with_them_it_goes_on() {
    if std::env::var_os(SHORT).is_some() {
        return watched(run_short_of_descriptors);
    }
    let mut own = qi_test_kit::own_program();
    let name = "system_linux::without_descriptors_all_is_an_error_and_with_them_it_goes_on";
    let own = own.args(["--exact", name, "--nocapture"]).env(SHORT, "yes");
    let output = own.output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn run_short_of_descriptors() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let runtime = runtime(1);
    let scratch = Scratch::new();
    let path = scratch.file("file", "content");
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).expect("there is a limit");
    setrlimit(Resource::RLIMIT_NOFILE, 200, most).expect("it can be lowered");
    runtime.block_on(async {
        let mut open = File::open(&path).await.expect("it is there");
        let mut command = Command::new("sleep");
        let mut child = command.arg("1000").kill_on_drop(true).spawn().expect("it starts");
        let null = || std::fs::File::open("/dev/null");
        let all: Vec<_> = std::iter::from_fn(|| null().ok()).collect();
        #[track_caller]
        fn full(error: std::io::Error) {
            assert_eq!(error.raw_os_error(), Some(libc::EMFILE), "{error}");
        }
        full(File::open(&path).await.expect_err("no descriptors"));
        full(fs::read_dir(scratch.root()).await.expect_err("no descriptors"));
        full(fs::replace(&path, "new").await.expect_err("no descriptors"));
        full(open.try_clone().await.expect_err("no descriptors"));
        full(Command::new("true").stdin(Stdio::piped()).spawn().expect_err("no descriptors"));
        full(child.wait().await.expect_err("its end cannot be watched"));
        full(qi_runtime::signal::ctrl_c().await.expect_err("no descriptors"));
        let mut text = String::new();
        open.read_to_string(&mut text).await.expect("what is open can be read");
        assert_eq!(text, "content");
        drop(all);
        child.kill().await.expect("it can be watched again");
        fs::replace(&path, "new").await.expect("there is room");
        assert_eq!(fs::read(&path).await.expect("it is there"), b"new");
    });
}

/// The zombies among this process' children.
fn zombies() -> usize {
    let own = std::process::id().to_string();
    let processes = std::fs::read_dir("/proc").expect("it is Linux").filter_map(Result::ok);
    let is_zombie = |stat: &str| {
        // The name, which comes second, may hold anything, but the last bracket ends it.
        let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let mut fields = fields.split_whitespace();
        fields.next() == Some("Z") && fields.next() == Some(own.as_str())
    };
    let stat = |entry: std::fs::DirEntry| std::fs::read_to_string(entry.path().join("stat")).ok();
    processes.filter_map(stat).filter(|stat| is_zombie(stat)).count()
}

#[test]
fn children_that_are_dropped_become_no_zombies() {
    watched(|| {
        let runtime = runtime(1);
        let descriptors = || std::fs::read_dir("/proc/self/fd").expect("it is Linux").count();
        runtime.block_on(async {
            for round in 0..10 {
                let kill = round % 2 == 0;
                let seconds = if kill { "1000" } else { "0" };
                let mut command = Command::new("sleep");
                drop(command.arg(seconds).kill_on_drop(kill).spawn().expect("it starts"));
            }
            while zombies() > 0 || qi_runtime::Handle::current().stats().io_sources() > 0 {
                qi_runtime::yield_now().await;
            }
        });
        assert!(descriptors() > 0);
        // Dropped with the runtime, and ending after it.
        let mut command = Command::new("sh");
        command.args(["-c", "read line"]).stdin(Stdio::piped());
        let mut child = runtime.block_on(async { command.spawn() }).expect("it starts");
        let stdin = child.stdin.take();
        drop(child);
        runtime.shutdown().expect("nothing is left behind");
        drop(stdin);
        while zombies() > 0 {
            std::thread::yield_now();
        }
    });
}
