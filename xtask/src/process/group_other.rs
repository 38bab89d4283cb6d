//! A command and all it starts, where there are no process groups (Windows).

use std::process::{Child, Command, Stdio};

/// Children share the console here: Ctrl-C reaches them without our help.
pub(super) fn lead(_command: &mut Command) {}

/// Kills the process and those it started.
pub(super) fn kill(child: &mut Child) {
    let id = child.id().to_string();
    let mut command = Command::new("taskkill");
    command.args(["/T", "/F", "/PID", &id]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if !command.status().is_ok_and(|status| status.success()) {
        // Without taskkill at least the process itself must go; it may have ended by itself.
        let _ = child.kill();
    }
}

/// One process of a shared console cannot be asked alone.
pub(super) fn interrupt(_child: &Child) -> bool {
    false
}
