//! What is to be started, and how.

use super::child::Child;
use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Output, Stdio};

/// A program to be started. As [`std::process::Command`], which it can be made from and lent as.
///
/// # Examples
/// ```
/// use qi_runtime::process::{Command, Stdio};
/// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
/// # #[cfg(unix)]
/// # runtime.block_on(async {
/// let mut command = Command::new("sh");
/// command.args(["-c", "exit $CODE"]).env("CODE", "7").stdin(Stdio::null());
/// assert_eq!(command.status().await?.code(), Some(7));
/// # std::io::Result::Ok(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Command {
    std: std::process::Command,
    kill_on_drop: bool,
}

impl Command {
    /// The program of this name, looked for where the system does (`PATH`).
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        std::process::Command::new(program).into()
    }

    /// One more argument.
    pub fn arg(&mut self, argument: impl AsRef<OsStr>) -> &mut Self {
        self.std.arg(argument);
        self
    }

    /// More arguments.
    pub fn args<A: AsRef<OsStr>>(&mut self, arguments: impl IntoIterator<Item = A>) -> &mut Self {
        self.std.args(arguments);
        self
    }

    /// Sets a variable of the environment.
    pub fn env(&mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Self {
        self.std.env(name, value);
        self
    }

    /// Sets variables of the environment.
    pub fn envs<N: AsRef<OsStr>, V: AsRef<OsStr>>(
        &mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> &mut Self {
        self.std.envs(variables);
        self
    }

    /// Does not hand down a variable of the environment.
    pub fn env_remove(&mut self, name: impl AsRef<OsStr>) -> &mut Self {
        self.std.env_remove(name);
        self
    }

    /// Hands down no variable of the environment but those that are set after this.
    pub fn env_clear(&mut self) -> &mut Self {
        self.std.env_clear();
        self
    }

    /// The directory to start in.
    pub fn current_dir(&mut self, path: impl AsRef<Path>) -> &mut Self {
        self.std.current_dir(path);
        self
    }

    /// What the child reads; by default what this process reads.
    pub fn stdin(&mut self, from: impl Into<Stdio>) -> &mut Self {
        self.std.stdin(from);
        self
    }

    /// Where the child writes; by default where this process writes.
    pub fn stdout(&mut self, to: impl Into<Stdio>) -> &mut Self {
        self.std.stdout(to);
        self
    }

    /// Where the child writes its errors; by default where this process does.
    pub fn stderr(&mut self, to: impl Into<Stdio>) -> &mut Self {
        self.std.stderr(to);
        self
    }

    /// Whether the child is killed when its [`Child`] is dropped before it was waited for; also when
    /// the future of [`output`](Self::output) or [`status`](Self::status) is. Not by default.
    ///
    /// Only the child itself is killed, not what it has started.
    pub fn kill_on_drop(&mut self, yes: bool) -> &mut Self {
        self.kill_on_drop = yes;
        self
    }

    /// The standard library's command, for what this one lacks, such as its `pre_exec`.
    pub fn as_std(&self) -> &std::process::Command {
        &self.std
    }

    /// The standard library's command, to be changed.
    pub fn as_std_mut(&mut self) -> &mut std::process::Command {
        &mut self.std
    }

    /// Starts the program.
    ///
    /// It blocks for as long as the system takes for that: some hundred microseconds, or more for
    /// programs on slow disks.
    ///
    /// # Errors
    /// As [`std::process::Command::spawn`]; an error on a thread that works for no runtime. If the
    /// child runs already and its pipes cannot be made, it is killed.
    pub fn spawn(&mut self) -> io::Result<Child> {
        Child::start(&mut self.std, self.kill_on_drop)
    }

    /// Starts the program and waits for its end.
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn) and [`Child::wait`].
    ///
    /// # Cancel safety
    /// The program is started at the first poll. A future that is dropped then leaves it running, or
    /// kills it if [`kill_on_drop`](Self::kill_on_drop) was said.
    pub async fn status(&mut self) -> io::Result<ExitStatus> {
        let mut child = self.spawn()?;
        // Nobody could use them.
        drop((child.stdin.take(), child.stdout.take(), child.stderr.take()));
        child.wait().await
    }

    /// Starts the program, reads what it writes to standard output and standard error, and waits for
    /// its end. Both are read at once, so that it can fill neither.
    ///
    /// Both are pipes, whatever was said before. Standard input is what was said, by default that of
    /// this process. If the child leaves a process of its own behind that keeps the pipes open, it
    /// waits for that, too.
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn) and [`Child::wait`]; those of reading.
    ///
    /// # Cancel safety
    /// As [`status`](Self::status); what was read is lost.
    pub async fn output(&mut self) -> io::Result<Output> {
        self.std.stdout(Stdio::piped());
        self.std.stderr(Stdio::piped());
        self.spawn()?.wait_with_output().await
    }
}

impl From<std::process::Command> for Command {
    fn from(std: std::process::Command) -> Self {
        Self { std, kill_on_drop: false }
    }
}
