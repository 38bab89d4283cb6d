//! Runtimes, a watchdog, a directory of one's own, and a gate for the threads that may block.

use qi_runtime::AsyncRuntime;
use std::cell::RefCell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// After this long a test that waits is considered hung. It only ever ends a failing test.
const HUNG: Duration = Duration::from_secs(60);

/// Runs a test on a thread of its own, and fails if it hangs.
pub(crate) fn watched<T: Send + 'static>(test: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    let thread = thread::spawn(move || {
        let outcome = catch_unwind(AssertUnwindSafe(test));
        // The receiver is gone only if the test was given up.
        let _ = sender.send(outcome);
    });
    match receiver.recv_timeout(HUNG) {
        Ok(outcome) => {
            thread.join().expect("it has caught every panic");
            outcome.unwrap_or_else(|panic| resume_unwind(panic))
        }
        Err(_) => panic!("the test hangs"),
    }
}

pub(crate) fn runtime(workers: usize) -> AsyncRuntime {
    AsyncRuntime::builder().worker_threads(workers).build().expect("a runtime starts")
}

/// Runs a test as a task, on a runtime of one worker and on one of four.
pub(crate) fn on_1_and_4_workers<F, R>(test: F)
where
    F: Fn() -> R + Send + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    watched(move || {
        for workers in [1, 4] {
            let runtime = runtime(workers);
            let outcome = runtime.block_on(runtime.spawn(test()).join());
            if let Err(error) = outcome {
                resume_unwind(error.into_panic());
            }
            runtime.shutdown().expect("nothing is left behind");
        }
    });
}

/// A directory that is there for one test, and gone after it.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, SeqCst);
        let name = format!("qi-system-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).expect("a directory can be made");
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn root(&self) -> &Path {
        &self.0
    }

    /// A file with this content.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).expect("a file can be written");
        path
    }

    /// The names in it, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).expect("it is there");
        let name = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
        let mut names: Vec<String> =
            entries.map(|entry| name(entry.expect("it can be read"))).collect();
        names.sort();
        names
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left over is the next cleaning's of the temporary directory.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Bytes that tell from each other at any shift.
pub(crate) fn pattern(length: usize, salt: u64) -> Vec<u8> {
    let mut state = salt;
    let mut byte = || {
        // SplitMix64 (Steele, Lea, Flood 2014).
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) as u8
    };
    (0..length).map(|_| byte()).collect()
}

/// A runtime whose only thread for blocking calls does what it is told: until the gate opens, no call
/// begins.
pub(crate) struct Gated {
    /// Dropped first, which opens it: the end of the runtime waits for the call that waits here.
    gate: RefCell<Option<mpsc::Sender<()>>>,
    pub(crate) runtime: AsyncRuntime,
}

impl Gated {
    pub(crate) fn new() -> Self {
        let builder = AsyncRuntime::builder().worker_threads(1).max_blocking_threads(1);
        let runtime = builder.build().expect("a runtime starts");
        let gated = Self { gate: RefCell::new(None), runtime };
        gated.shut();
        gated
    }

    /// Lets no call begin from now on.
    pub(crate) fn shut(&self) {
        let (gate, opened) = mpsc::channel::<()>();
        let (begun, begins) = mpsc::channel();
        drop(self.runtime.spawn_blocking(move || {
            let _ = begun.send(());
            // An error: the gate was dropped, and so opened.
            let _ = opened.recv();
        }));
        begins.recv().expect("the call begins");
        self.gate.replace(Some(gate));
    }

    /// Lets calls begin from now on.
    pub(crate) fn open(&self) -> &AsyncRuntime {
        self.gate.take();
        &self.runtime
    }

    /// Waits until the calls that were made so far have ended; later ones wait for the next step.
    /// There is one thread, and it takes them in order.
    pub(crate) fn step(&self) {
        self.open();
        let last = self.runtime.spawn_blocking(|| ());
        self.runtime.block_on(last).expect("it is not cancelled");
        self.shut();
    }
}
