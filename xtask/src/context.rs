//! What every step is handed: where things are, what the caller asked for, and how to start cargo.

use std::cell::OnceCell;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;

use crate::process::Job;
use crate::workspace::Metadata;

/// The longest a command may run when its step says nothing else.
const COMMAND_LIMIT: Duration = Duration::from_secs(20 * 60);

/// What the caller asked for.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) seed: u64,
    pub(crate) stress_seconds: u64,
    /// The one model to run; all when absent.
    pub(crate) model: Option<String>,
    /// The one system call to make fail; all when absent.
    pub(crate) fault_call: Option<String>,
    /// How many seeds to simulate; as many as the suite does when absent.
    pub(crate) seeds: Option<u64>,
    /// The first of them.
    pub(crate) first_seed: u64,
    /// Cargo's profile for the libraries; release when absent.
    pub(crate) profile: Option<String>,
    /// The one body to fuzz; all when absent.
    pub(crate) fuzz_body: Option<String>,
    /// What was learnt is to become the committed inputs, instead of learning more.
    pub(crate) fuzz_minimise: bool,
    /// Seconds for each body.
    pub(crate) fuzz_seconds: u64,
    /// What cargo-semver-checks compares the public API with, as git names it; not asked when absent.
    pub(crate) baseline: Option<String>,
    /// Of the jobs on other platforms, under sanitizers and with faults, only the stated subset.
    pub(crate) subset: bool,
    /// Of the jobs on other platforms and under sanitizers, only these packages; all when empty.
    pub(crate) packages: Vec<String>,
}

/// Where things are and what was asked for.
pub(crate) struct Context {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) options: Options,
    cargo: OsString,
    metadata: OnceCell<Metadata>,
    end: Option<Instant>,
}

impl Context {
    pub(crate) fn new(options: Options) -> anyhow::Result<Context> {
        // Cargo sets both variables when it runs this program; they follow a checkout that moved.
        let own = std::env::var_os("CARGO_MANIFEST_DIR")
            .context("xtask is started by cargo: say `cargo xtask ...`")?;
        let root = Path::new(&own).parent().context("xtask lies in the workspace root")?.to_owned();
        let target = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(dir) => root.join(dir),
            None => root.join("target"),
        };
        std::fs::create_dir_all(target.join("xtask"))
            .with_context(|| format!("cannot create {}", target.join("xtask").display()))?;
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        Ok(Context { root, target, options, cargo, metadata: OnceCell::new(), end: None })
    }

    /// Bounds everything that starts from now on.
    pub(crate) fn end_within(&mut self, limit: Duration) {
        self.end = Some(Instant::now() + limit);
    }

    /// Time left to the whole run, if it is bounded.
    pub(crate) fn time_left(&self) -> Option<Duration> {
        self.end.map(|end| end.saturating_duration_since(Instant::now()))
    }

    /// The file that collects the output of `step`'s commands.
    pub(crate) fn log(&self, step: &str) -> PathBuf {
        self.target.join("xtask").join(format!("{step}.log"))
    }

    /// Prepares `program`, run in the workspace root, its output going to the log of `step`.
    pub(crate) fn job(&self, step: &str, program: impl Into<OsString>) -> Job {
        let limit = self.time_left().unwrap_or(COMMAND_LIMIT).min(COMMAND_LIMIT);
        Job::new(program, &self.root, self.log(step), limit)
    }

    /// Prepares a cargo command.
    pub(crate) fn cargo(&self, step: &str, args: &[&str]) -> Job {
        self.job(step, &self.cargo).args(args)
    }

    /// What cargo says about the workspace, asked once.
    pub(crate) fn metadata(&self) -> anyhow::Result<&Metadata> {
        if let Some(known) = self.metadata.get() {
            return Ok(known);
        }
        let asked = Metadata::ask(self)?;
        Ok(self.metadata.get_or_init(|| asked))
    }
}

/// A context for commands in which nothing is random.
pub(crate) fn unseeded() -> anyhow::Result<Context> {
    Context::new(Options::default())
}

/// A seed that differs from run to run. It is printed, so that a failure can be replayed.
pub(crate) fn fresh_seed() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_secs() ^ (u64::from(since.subsec_nanos()) << 32)
}
