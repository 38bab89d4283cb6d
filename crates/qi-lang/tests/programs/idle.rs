//! Programs that wait do not run: none of their threads gets a processor, not once.
//!
//! The system counts for each thread how long, and how often, it has run. Who has not run in between has
//! made no system call, so a program is idle when all these numbers stay what they are. They are looked at
//! until they have stayed so for a while: how long a program takes to come to rest does not matter, nor how
//! busy the machine is.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::tools;

/// The ways in which the main thread waits.
const WAYS: &[&str] =
    &["idle_await", "idle_receive", "idle_select", "idle_lock", "idle_all", "idle_sleep"];
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);
/// Looks that find the same numbers: a second.
const SAME: u32 = 20;
/// Looks at most: two minutes.
const LOOKS: u32 = 2400;

/// What the system has counted, by thread: nanoseconds it has run, nanoseconds it has waited for a
/// processor, and how often it has got one.
type Counted = BTreeMap<String, String>;

/// A program that waits until its stream ends.
struct Waiting {
    name: String,
    program: Child,
    says: BufReader<ChildStdout>,
    stream: Option<TcpStream>,
    counted: Counted,
    same: u32,
}

impl Waiting {
    fn start(program: &Path, way: &str, workers: &str) -> Self {
        let mut command = Command::new(program);
        command.args([way, "1"]).env("QI_CORO_WORKERS", workers);
        let mut program = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program can be started");
        let mut says = BufReader::new(program.stdout.take().expect("it is a pipe"));
        let mut line = String::new();
        says.read_line(&mut line).expect("it says where it listens");
        let mut waiting = Self {
            name: format!("{way} on {workers} workers"),
            program,
            says,
            stream: None,
            counted: Counted::new(),
            same: 0,
        };
        let port: u16 = line.trim().parse().expect("what it says is a port");
        waiting.stream = Some(TcpStream::connect(("127.0.0.1", port)).expect("it listens there"));
        waiting
    }

    /// Whether all its threads have rested long enough.
    fn is_idle(&mut self) -> bool {
        let counted = self.count();
        assert!(!counted.is_empty(), "{} has ended", self.name);
        if counted == self.counted {
            self.same += 1;
        } else {
            (self.counted, self.same) = (counted, 0);
        }
        self.same >= SAME
    }

    fn count(&self) -> Counted {
        let threads = format!("/proc/{}/task", self.program.id());
        let Ok(threads) = std::fs::read_dir(threads) else { return Counted::new() };
        let count = |thread: std::fs::DirEntry| {
            let counted = std::fs::read_to_string(thread.path().join("schedstat"));
            (thread.file_name().to_string_lossy().into_owned(), counted.unwrap_or_default())
        };
        threads.flatten().map(count).collect()
    }

    /// Whether the system counts at all.
    fn was_seen_to_run(&self) -> bool {
        let ran = |counted: &String| {
            let mut numbers = counted.split_whitespace().map(str::parse::<u64>);
            numbers.next().is_some_and(|time| time.is_ok_and(|time| time > 0))
        };
        self.counted.values().any(ran)
    }

    /// Ends the stream, and the program with it.
    fn end(mut self) {
        drop(self.stream.take());
        let mut said = String::new();
        self.says.read_to_string(&mut said).expect("it says how it went");
        let ended = self.program.wait().expect("it can be waited for");
        let mut complaints = String::new();
        let errors = self.program.stderr.as_mut().expect("it is a pipe");
        errors.read_to_string(&mut complaints).expect("it can be read");
        assert!(ended.success(), "{}: {ended}\n{complaints}", self.name);
        assert_eq!((said.as_str(), complaints.as_str()), ("fine\n", ""), "{}", self.name);
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // One that has ended cannot be ended; that is all that can go wrong.
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

#[test]
fn program_that_waits_does_not_run_at_all() {
    let compilers = tools::compilers();
    let Some(compiler) = compilers.first() else {
        return tools::skipped("the idle programs", "there is no clang");
    };
    let program = crate::build(compiler, "idle");
    let ways = WAYS.iter().flat_map(|way| ["1", "2"].map(|workers| (way, workers)));
    let mut waiting: Vec<Waiting> =
        ways.map(|(way, workers)| Waiting::start(&program, way, workers)).collect();
    // Nobody sends: it only lets time go by.
    let (_nobody, silence) = mpsc::channel::<()>();
    let mut looks = 0;
    loop {
        let busy: Vec<String> = waiting
            .iter_mut()
            .filter_map(|one| (!one.is_idle()).then(|| format!("{}: {:?}", one.name, one.counted)))
            .collect();
        if busy.is_empty() {
            break;
        }
        looks += 1;
        assert!(looks < LOOKS, "these never rest: {busy:#?}");
        let heard = silence.recv_timeout(PAUSE);
        assert!(heard.is_err(), "nobody sends");
    }
    let counts = waiting.iter().all(Waiting::was_seen_to_run);
    waiting.into_iter().for_each(Waiting::end);
    if !counts {
        tools::skipped("how often programs that wait run", "this system does not count that");
    }
}
