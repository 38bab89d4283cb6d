//! What commands and children can on Unix only.

use crate::process::{Child, Command};
use crate::signal::unix::SignalKind;
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::os::unix::process::CommandExt;

impl Command {
    /// The name that the program finds as its own, its argument number 0.
    pub fn arg0(&mut self, name: impl AsRef<OsStr>) -> &mut Self {
        self.as_std_mut().arg0(name);
        self
    }

    /// The user that the child becomes.
    pub fn uid(&mut self, id: u32) -> &mut Self {
        self.as_std_mut().uid(id);
        self
    }

    /// The group of users that the child becomes a member of.
    pub fn gid(&mut self, id: u32) -> &mut Self {
        self.as_std_mut().gid(id);
        self
    }

    /// The process group that the child joins; 0 is a new one of its own. One of its own gets no Ctrl-C
    /// of the terminal, and can be signalled as a whole.
    pub fn process_group(&mut self, group: i32) -> &mut Self {
        self.as_std_mut().process_group(group);
        self
    }
}

impl Child {
    /// Sends it a signal, such as the polite [`SignalKind::terminate`].
    ///
    /// It cannot reach another process: the number belongs to the child until its end was seen.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) if its end was seen already;
    /// [`InvalidInput`](ErrorKind::InvalidInput) for a number that is no ordinary signal; the system's
    /// error, for instance when the child has become another user.
    ///
    /// # Examples
    /// ```
    /// use qi_runtime::process::Command;
    /// use qi_runtime::signal::unix::SignalKind;
    /// use std::os::unix::process::ExitStatusExt;
    /// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
    /// # runtime.block_on(async {
    /// let mut child = Command::new("sleep").arg("1000").spawn()?;
    /// child.signal(SignalKind::terminate())?;
    /// assert_eq!(child.wait().await?.signal(), Some(SignalKind::terminate().as_raw()));
    /// # std::io::Result::Ok(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn signal(&self, kind: SignalKind) -> io::Result<()> {
        let Some(child) = self.process().running() else {
            return Err(ErrorKind::NotFound.into());
        };
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let signal = Signal::from_named_raw(kind.as_raw());
        let (Some(pid), Some(signal)) = (pid, signal) else {
            return Err(ErrorKind::InvalidInput.into());
        };
        Ok(kill_process(pid, signal)?)
    }
}
