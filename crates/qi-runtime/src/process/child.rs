//! A process that was started.

use super::os::{self, ExitWatch};
use super::pipe::{ChildStderr, ChildStdin, ChildStdout};
use crate::here;
use futures_util::future::try_join3;
use futures_util::io::{AsyncRead, AsyncReadExt};
use std::fmt;
use std::io;
use std::process::{Command, ExitStatus, Output};

/// A child process. What becomes of it when this is dropped is told [above](super).
///
/// # Examples
/// A child that is given a moment to end:
/// ```
/// use qi_runtime::process::Command;
/// use qi_runtime::time::{Duration, timeout};
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
/// # #[cfg(unix)]
/// # runtime.block_on(async {
/// let mut child = Command::new("sleep").arg("1000").spawn()?;
/// if timeout(Duration::from_millis(10), child.wait()).await.is_err() {
///     child.kill().await?;
/// }
/// assert!(!child.wait().await?.success(), "its end is known from now on");
/// # std::io::Result::Ok(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Child {
    /// Its standard input, if that is a pipe.
    pub stdin: Option<ChildStdin>,
    /// Its standard output, if that is a pipe.
    pub stdout: Option<ChildStdout>,
    /// Its standard error, if that is a pipe.
    pub stderr: Option<ChildStderr>,
    process: Process,
}

impl Child {
    pub(super) fn start(command: &mut Command, kill_on_drop: bool) -> io::Result<Self> {
        let reactor = here::reactor()?;
        let watch = ExitWatch::here()?;
        let mut std = command.spawn()?;
        let (stdin, stdout, stderr) = (std.stdin.take(), std.stdout.take(), std.stderr.take());
        // From here on it is reaped, whatever happens; and killed until all is well.
        let process = Process { child: Some(std), status: None, watch, kill_on_drop: true };
        let mut child = Self {
            stdin: stdin.map(|pipe| ChildStdin::new(&reactor, pipe)).transpose()?,
            stdout: stdout.map(|pipe| ChildStdout::new(&reactor, pipe)).transpose()?,
            stderr: stderr.map(|pipe| ChildStderr::new(&reactor, pipe)).transpose()?,
            process,
        };
        child.process.kill_on_drop = kill_on_drop;
        Ok(child)
    }

    /// The system's number of the process; `None` when its end has been seen, because the number may
    /// be another one's then.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.process().running().map(std::process::Child::id)
    }

    /// Waits for its end. Standard input is closed first, if it was not taken, so that a child which
    /// reads all of it comes to an end. Once the end is known it is returned at once.
    ///
    /// # Errors
    /// The system's error, for instance when this process ignores SIGCHLD, and the system so tells
    /// nobody how children end; the runtime has shut down. It may be tried again.
    ///
    /// # Cancel safety
    /// Nothing is lost; a later wait tells how it ended. Standard input stays closed.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        drop(self.stdin.take());
        self.process.wait().await
    }

    /// How it ended, `None` while it runs. Standard input stays open.
    ///
    /// # Errors
    /// The system's error.
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.process.try_wait()
    }

    /// Kills it, without waiting for its end: SIGKILL on Unix, `TerminateProcess` on Windows. One that
    /// has ended is no error.
    ///
    /// # Errors
    /// The system's error, for instance when the child has become another user.
    pub fn start_kill(&mut self) -> io::Result<()> {
        self.process.kill()
    }

    /// Kills it and waits for its end.
    ///
    /// # Errors
    /// As [`start_kill`](Self::start_kill) and [`wait`](Self::wait).
    ///
    /// # Cancel safety
    /// It is killed at the first poll; nothing is lost.
    pub async fn kill(&mut self) -> io::Result<()> {
        self.start_kill()?;
        self.wait().await.map(drop)
    }

    /// Closes standard input, reads standard output and standard error at once, as far as they are
    /// pipes and were not taken, and waits for its end.
    ///
    /// # Errors
    /// As [`wait`](Self::wait); those of reading.
    ///
    /// # Cancel safety
    /// What was read is lost, and the child is dropped.
    pub async fn wait_with_output(mut self) -> io::Result<Output> {
        drop(self.stdin.take());
        let stdout = read_all(self.stdout.take());
        let stderr = read_all(self.stderr.take());
        let (stdout, stderr, status) = try_join3(stdout, stderr, self.process.wait()).await?;
        Ok(Output { status, stdout, stderr })
    }

    pub(super) fn process(&self) -> &Process {
        &self.process
    }
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child")
            .field("id", &self.id())
            .field("status", &self.process.status)
            .finish_non_exhaustive()
    }
}

async fn read_all<R: AsyncRead + Unpin>(pipe: Option<R>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        pipe.read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

/// The process without its pipes.
pub(super) struct Process {
    /// `None` only while it is dropped.
    child: Option<std::process::Child>,
    status: Option<ExitStatus>,
    watch: ExitWatch,
    kill_on_drop: bool,
}

impl Process {
    async fn wait(&mut self) -> io::Result<ExitStatus> {
        if let Some(status) = self.try_wait()? {
            return Ok(status);
        }
        // It is there until it is dropped.
        let child = self.child.as_mut().ok_or(io::ErrorKind::NotFound)?;
        let status = self.watch.exit(child).await?;
        self.status = Some(status);
        Ok(status)
    }

    fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        if let (None, Some(child)) = (self.status, &mut self.child) {
            self.status = child.try_wait()?;
        }
        Ok(self.status)
    }

    fn kill(&mut self) -> io::Result<()> {
        match (self.status, &mut self.child) {
            (None, Some(child)) => child.kill(),
            _ => Ok(()),
        }
    }

    /// The process, while its number is its own.
    pub(super) fn running(&self) -> Option<&std::process::Child> {
        self.child.as_ref().filter(|_| self.status.is_none())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.kill_on_drop {
            if let Err(error) = self.kill() {
                tracing::warn!(%error, "a child that was dropped could not be killed");
            }
        }
        match self.try_wait() {
            Ok(Some(_)) => {}
            // An error: nobody can know its end any more, so nothing is left of it.
            Err(_) => {}
            Ok(None) => {
                if let Some(child) = self.child.take() {
                    os::reap(child, std::mem::take(&mut self.watch));
                }
            }
        }
    }
}
