//! The test program itself, to be started once more.

use std::process::Command;

/// Words that go before the path of a program of this platform, where the system cannot start it by
/// itself: the emulator and its arguments.
const RUNNER: &str = "QI_TEST_RUNNER";

/// Whether an emulator runs the calling test program.
pub(crate) fn is_emulated() -> bool {
    std::env::var_os(RUNNER).is_some()
}

/// Prepares to start the calling test program again, through the emulator that runs it if there is one.
///
/// # Panics
/// If the program does not know where it lies.
///
/// # Examples
/// ```
/// // What is started again must know it, or it would start itself for ever.
/// if std::env::var_os("STARTED_AGAIN").is_none() {
///     let mut again = qi_test_kit::own_program();
///     let output = again.env("STARTED_AGAIN", "yes").output().expect("it can be started");
///     # let _ = output;
/// }
/// ```
#[must_use]
pub fn own_program() -> Command {
    let own = std::env::current_exe().expect("this program knows where it lies");
    let runner = std::env::var(RUNNER).unwrap_or_default();
    let mut words = runner.split_whitespace();
    match words.next() {
        None => Command::new(own),
        Some(emulator) => {
            let mut command = Command::new(emulator);
            command.args(words).arg(own);
            command
        }
    }
}
