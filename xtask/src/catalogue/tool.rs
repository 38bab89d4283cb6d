//! The tools that checks need beside cargo itself.

use std::fmt;

use crate::process;

/// Where a tool comes from.
pub(crate) enum Source {
    /// Debian packages of these names.
    Apt(&'static [&'static str]),
    /// A component of the Rust toolchain.
    Rustup(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Apt(packages) => write!(f, "apt: {}", packages.join(" ")),
            Source::Rustup(component) => write!(f, "rustup: {component}"),
        }
    }
}

/// One tool.
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    /// The command that succeeds when the tool is there.
    pub(crate) probe: &'static [&'static str],
    pub(crate) source: Source,
    pub(crate) needed_by: &'static str,
    /// The hosts it exists on, as `std::env::consts::OS` names them; all when empty.
    pub(crate) hosts: &'static [&'static str],
}

impl Tool {
    pub(crate) fn is_for_this_host(&self) -> bool {
        self.hosts.is_empty() || self.hosts.contains(&std::env::consts::OS)
    }

    pub(crate) fn is_present(&self) -> bool {
        process::probe(self.probe[0], &self.probe[1..])
    }
}

pub(crate) const TOOLS: &[Tool] = &[
    Tool {
        name: "rustfmt",
        probe: &["cargo", "fmt", "--version"],
        source: Source::Rustup("rustfmt"),
        needed_by: "format",
        hosts: &[],
    },
    Tool {
        name: "clippy",
        probe: &["cargo", "clippy", "--version"],
        source: Source::Rustup("clippy"),
        needed_by: "clippy",
        hosts: &[],
    },
    Tool {
        name: "C compiler",
        probe: &["cc", "--version"],
        source: Source::Apt(&["gcc", "libc6-dev"]),
        needed_by: "qi-sys, and so every step that compiles",
        // Elsewhere the compiler has no common name: qi-sys's build script says when it is absent.
        hosts: &["linux", "macos", "freebsd"],
    },
    Tool {
        name: "C++ compiler",
        probe: &["c++", "--version"],
        source: Source::Apt(&["g++"]),
        needed_by: "tests of qi-sys (its header must be C++ too)",
        hosts: &["linux", "macos", "freebsd"],
    },
    Tool {
        name: "valgrind",
        probe: &["valgrind", "--version"],
        source: Source::Apt(&["valgrind"]),
        needed_by: "leak",
        hosts: &["linux"],
    },
    Tool {
        name: "strace",
        probe: &["strace", "--version"],
        source: Source::Apt(&["strace"]),
        needed_by: "idle",
        hosts: &["linux"],
    },
    Tool {
        name: "curl",
        probe: &["curl", "--version"],
        source: Source::Apt(&["curl"]),
        needed_by: "examples (a foreign client for those that serve HTTP)",
        hosts: &[],
    },
];
