//! Handles of the C ABI under libFuzzer; without it, the inputs that are named on the command line.
#![cfg_attr(fuzzing, no_main)]
#![forbid(unsafe_code)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| qi_fuzz::handle::run(input));

#[cfg(not(fuzzing))]
fn main() -> std::process::ExitCode {
    qi_fuzz::replay(qi_fuzz::handle::run)
}
