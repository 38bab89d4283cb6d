//! Starts a command, collects its output in a log file, and ends it when it takes too long.
//!
//! Protocol: standard output and standard error are one appended file, never a pipe: no reader
//! thread is needed, a grandchild that outlives its parent blocks nobody, and the log is complete
//! even when the command is killed. Killing takes the command's whole process tree.

#[cfg_attr(unix, path = "process/group_unix.rs")]
#[cfg_attr(not(unix), path = "process/group_other.rs")]
mod group;

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::interrupt;

/// How often a running command is looked at: small against any command, large against the look.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A command that has not been started.
pub(crate) struct Job {
    program: OsString,
    args: Vec<OsString>,
    envs: Vec<(OsString, Option<OsString>)>,
    dir: PathBuf,
    log: PathBuf,
    stdout: Option<PathBuf>,
    /// What it has to read.
    input: Option<PathBuf>,
    limit: Duration,
}

impl Job {
    pub(crate) fn new(
        program: impl Into<OsString>,
        dir: &Path,
        log: PathBuf,
        limit: Duration,
    ) -> Job {
        Job {
            program: program.into(),
            args: Vec::new(),
            envs: Vec::new(),
            dir: dir.to_owned(),
            log,
            stdout: None,
            input: None,
            limit,
        }
    }

    pub(crate) fn args<S: AsRef<OsStr>>(mut self, args: &[S]) -> Job {
        self.args.extend(args.iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl Into<OsString>) -> Job {
        self.envs.push((name.into(), Some(value.into())));
        self
    }

    pub(crate) fn without_env(mut self, name: &str) -> Job {
        self.envs.push((name.into(), None));
        self
    }

    /// Runs it in this folder.
    pub(crate) fn in_dir(mut self, dir: &Path) -> Job {
        dir.clone_into(&mut self.dir);
        self
    }

    /// Shortens the limit; a longer one than the run allows is not granted.
    pub(crate) fn within(mut self, limit: Duration) -> Job {
        self.limit = self.limit.min(limit);
        self
    }

    /// Sends standard output to a file of its own, which `Finished::stdout` then returns.
    pub(crate) fn split_stdout(mut self) -> Job {
        self.stdout = Some(self.log.with_extension("stdout"));
        self
    }

    /// Gives it a text to read: a file, so that nobody has to write while it reads.
    ///
    /// # Errors
    /// Fails when the file cannot be written.
    pub(crate) fn reading(mut self, text: &str) -> anyhow::Result<Job> {
        let path = self.log.with_extension("stdin");
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        self.input = Some(path);
        Ok(self)
    }

    /// Starts the command.
    ///
    /// # Errors
    /// Fails when the program does not exist or the log cannot be written.
    pub(crate) fn start(self) -> anyhow::Result<Running> {
        let mut log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)
            .with_context(|| format!("cannot write {}", self.log.display()))?;
        writeln!(log, "$ {self}")?;
        let begin = log.metadata()?.len();
        let stdout = match &self.stdout {
            Some(path) => Stdio::from(File::create(path)?),
            None => Stdio::from(log.try_clone()?),
        };
        let mut command = Command::new(&self.program);
        command.args(&self.args).current_dir(&self.dir);
        let stdin = match &self.input {
            Some(path) => Stdio::from(File::open(path)?),
            None => Stdio::null(),
        };
        command.stdin(stdin).stdout(stdout).stderr(Stdio::from(log));
        for (name, value) in &self.envs {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        group::lead(&mut command);
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {}", self.program.to_string_lossy()))?;
        Ok(Running { child, job: self, begin, started: Instant::now(), ended: None })
    }

    /// Starts the command and waits for its end.
    pub(crate) fn run(self) -> anyhow::Result<Finished> {
        self.start()?.finish()
    }
}

/// The command as one would type it.
impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.envs {
            if let Some(value) = value {
                write!(f, "{}='{}' ", name.to_string_lossy(), value.to_string_lossy())?;
            }
        }
        f.write_str(&self.program.to_string_lossy())?;
        self.args.iter().try_for_each(|arg| write!(f, " {}", arg.to_string_lossy()))
    }
}

/// A command that was started. Dropping it kills what still runs of it.
pub(crate) struct Running {
    child: Child,
    job: Job,
    /// Where in the log this command's output begins.
    begin: u64,
    started: Instant,
    /// Set once, when the child has been reaped.
    ended: Option<End>,
}

impl Running {
    /// What the command has written up to now.
    pub(crate) fn output(&self) -> anyhow::Result<String> {
        let mut file = File::open(&self.job.log)?;
        file.seek(SeekFrom::Start(self.begin))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Asks the command to end, as Ctrl-C would.
    ///
    /// Returns false where the platform has no way to ask one process only.
    pub(crate) fn interrupt(&self) -> bool {
        group::interrupt(&self.child)
    }

    /// Waits until `done` holds for the output; returns whether it did before the command ended.
    pub(crate) fn wait_for(&mut self, done: impl Fn(&str) -> bool) -> anyhow::Result<bool> {
        loop {
            let ended = self.look()?.is_some();
            if done(&self.output()?) {
                return Ok(true);
            }
            if ended {
                return Ok(false);
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Whether the command has ended, or has just been killed because it must.
    pub(crate) fn has_ended(&mut self) -> anyhow::Result<bool> {
        Ok(self.look()?.is_some())
    }

    /// Waits for the end, be it the command's own, the limit's or the user's.
    pub(crate) fn finish(mut self) -> anyhow::Result<Finished> {
        let end = loop {
            match self.look()? {
                Some(end) => break end,
                None => std::thread::sleep(LOOK_EVERY),
            }
        };
        let stdout = match &self.job.stdout {
            Some(path) => std::fs::read_to_string(path)?,
            None => String::new(),
        };
        Ok(Finished { end, output: self.output()?, stdout })
    }

    /// How the command ended, if it did; kills it when it must end.
    fn look(&mut self) -> anyhow::Result<Option<End>> {
        if self.ended.is_some() {
            return Ok(self.ended);
        }
        let end = if let Some(status) = self.child.try_wait()? {
            End::Exited(status)
        } else if interrupt::requested() {
            self.kill();
            End::Interrupted
        } else if self.started.elapsed() >= self.job.limit {
            self.kill();
            End::TimedOut(self.job.limit)
        } else {
            return Ok(None);
        };
        self.ended = Some(end);
        Ok(self.ended)
    }

    fn kill(&mut self) {
        group::kill(&mut self.child);
        // The only error is that it was reaped before, which is what we want.
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.ended.is_none() {
            self.kill();
        }
    }
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Exited(ExitStatus),
    TimedOut(Duration),
    Interrupted,
}

impl End {
    pub(crate) fn is_success(self) -> bool {
        matches!(self, End::Exited(status) if status.success())
    }

    /// The exit status the command chose itself.
    pub(crate) fn code(self) -> Option<i32> {
        match self {
            End::Exited(status) => status.code(),
            End::TimedOut(_) | End::Interrupted => None,
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Exited(status) => write!(f, "{status}"),
            End::TimedOut(limit) => write!(f, "killed after its limit of {} s", limit.as_secs()),
            End::Interrupted => f.write_str("interrupted"),
        }
    }
}

/// A command that ended.
pub(crate) struct Finished {
    pub(crate) end: End,
    pub(crate) output: String,
    /// Empty unless `split_stdout` was asked for.
    pub(crate) stdout: String,
}

/// Whether `program` can be started at all.
pub(crate) fn exists(program: &str) -> bool {
    probe(program, &["--version"])
}

/// Whether `program` with `args` starts, however it ends; its output is thrown away.
pub(crate) fn starts(program: &str, args: &[&str]) -> bool {
    quiet(program, args).status().is_ok()
}

/// Whether `program` with `args` starts and succeeds; its output is thrown away.
pub(crate) fn probe(program: &str, args: &[&str]) -> bool {
    quiet(program, args).status().is_ok_and(|status| status.success())
}

fn quiet(program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

#[cfg(test)]
mod tests;
