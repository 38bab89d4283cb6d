//! Who is at the other end.

/// The user, the group and, where the system tells, the process at the other end of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Credentials {
    /// The effective user.
    pub uid: u32,
    /// The effective group.
    pub gid: u32,
    /// The process, on Linux. It may have ended, and its number may be another's by now.
    pub pid: Option<i32>,
}

impl Credentials {
    pub(super) fn new(uid: u32, gid: u32, pid: Option<i32>) -> Self {
        Self { uid, gid, pid }
    }
}
