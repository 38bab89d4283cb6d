//! A command and all it starts, as a Unix process group.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// Makes the command the leader of a new group.
pub(super) fn lead(command: &mut Command) {
    command.process_group(0);
}

/// Kills the whole group.
pub(super) fn kill(child: &mut Child) {
    // ESRCH says that the group has ended by itself.
    let _ = killpg(group(child), Signal::SIGKILL);
}

/// Sends the group what Ctrl-C sends.
pub(super) fn interrupt(child: &Child) -> bool {
    killpg(group(child), Signal::SIGINT).is_ok()
}

fn group(child: &Child) -> Pid {
    // The kernel's own type is signed; the standard library shows it unsigned.
    Pid::from_raw(child.id() as i32)
}
