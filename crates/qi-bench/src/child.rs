//! Runs one program with a limit on its time and reads what it printed.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

/// What came of a program.
pub(crate) enum Ending {
    /// It succeeded and printed this.
    Output(String),
    /// It failed; the last line it wrote to standard error, or how it ended.
    Failed(String),
    /// It was killed when its time was over.
    TimedOut,
}

fn collect(source: Option<impl Read + Send + 'static>) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut source) = source {
            // What arrived before an error is still worth showing.
            source.read_to_end(&mut bytes).ok();
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Ends a program and all it has started: it leads a process group of its own.
fn end_group(child: &mut Child) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // It may have ended by itself in this very moment.
        kill_process_group(group, Signal::KILL).ok();
    }
}

/// The line that says what went wrong: the panic's message, or the last that was written.
fn complaint(errors: &str) -> Option<String> {
    let mut lines = errors.lines().map(str::trim).filter(|line| !line.is_empty());
    let after_panic = {
        let mut lines = lines.clone();
        lines.by_ref().find(|line| line.contains("panicked at")).and_then(|_| lines.next())
    };
    after_panic.or_else(|| lines.next_back()).map(str::to_owned)
}

/// Runs a program for at most so long.
pub(crate) fn run(mut command: Command, limit: Duration) -> std::io::Result<Ending> {
    use std::os::unix::process::CommandExt;
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn()?;
    let (output, errors) = (collect(child.stdout.take()), collect(child.stderr.take()));
    let deadline = Instant::now() + limit;
    // The output ends when the program does: waiting for it costs no CPU time, unlike polling.
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let text = output.join().unwrap_or_default();
        tell.send(text).ok();
    });
    let printed = told.recv_timeout(deadline.saturating_duration_since(Instant::now()));
    end_group(&mut child);
    let status = child.wait()?;
    let Ok(printed) = printed else { return Ok(Ending::TimedOut) };
    if !printed.trim().is_empty() {
        return Ok(Ending::Output(printed));
    }
    let errors = errors.join().unwrap_or_default();
    Ok(Ending::Failed(complaint(&errors).unwrap_or_else(|| status.to_string())))
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::Duration;

    use super::{Ending, run};

    fn shell(script: &str, limit: Duration) -> Ending {
        let mut command = Command::new("sh");
        command.arg("-c").arg(script);
        run(command, limit).expect("there is a shell")
    }

    #[test]
    fn what_a_program_printed_is_returned() {
        let ending = shell("echo done", Duration::from_secs(60));
        assert!(matches!(ending, Ending::Output(text) if text == "done\n"));
    }

    #[test]
    fn the_reason_of_a_failure_is_its_last_complaint() {
        let ending = shell("echo first >&2; echo last >&2; exit 3", Duration::from_secs(60));
        assert!(matches!(ending, Ending::Failed(text) if text == "last"));
        let ending = shell("exit 3", Duration::from_secs(60));
        assert!(matches!(ending, Ending::Failed(text) if text.contains('3')));
    }

    #[test]
    fn a_program_that_never_ends_is_ended_with_its_children() {
        let ending = shell("sleep 1000 & sleep 1000", Duration::from_millis(50));
        assert!(matches!(ending, Ending::TimedOut));
    }
}
