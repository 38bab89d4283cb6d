//! What commands can on Windows only.

use crate::process::Command;
use std::ffi::OsStr;
use std::os::windows::process::CommandExt;

impl Command {
    /// Flags of `CreateProcess`, such as `CREATE_NEW_PROCESS_GROUP`.
    pub fn creation_flags(&mut self, flags: u32) -> &mut Self {
        self.as_std_mut().creation_flags(flags);
        self
    }

    /// Puts text behind the arguments as it is, without quotes.
    pub fn raw_arg(&mut self, text: impl AsRef<OsStr>) -> &mut Self {
        self.as_std_mut().raw_arg(text);
        self
    }
}
