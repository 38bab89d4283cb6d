//! The tools that checks need beside cargo itself.

use std::fmt;

use clap::ValueEnum;

use crate::process;
use crate::rig::debian;
use crate::step::platform::zig;
use crate::step::windows;

/// Where a tool comes from.
pub(crate) enum Source {
    /// Debian packages of these names.
    Apt(&'static [&'static str]),
    /// A component of the Rust toolchain.
    Rustup(&'static str),
    /// Packages of Python's registry, put below the target directory.
    Python(&'static [&'static str]),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Apt(packages) => write!(f, "apt: {}", packages.join(" ")),
            Source::Python(packages) => write!(f, "pip: {}", packages.join(" ")),
            Source::Rustup(component) => write!(f, "rustup: {component}"),
        }
    }
}

/// What a tool is wanted for: `cargo xtask setup --for`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Purpose {
    /// What `test-all` and `ci` run, but for the following
    Checks,
    /// The step `windows`, and `cargo xtask platform x86_64-pc-windows-gnu`
    Windows,
    /// The step `sanitize-thread`, and `cargo xtask sanitize`
    Sanitize,
    /// The step `aarch64`
    Aarch64,
    /// `cargo xtask platforms`: all of them
    Platforms,
    /// `cargo xtask coverage`
    Coverage,
    /// `cargo xtask fuzz`
    Fuzz,
}

/// One tool.
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    /// The command that succeeds when the tool is there.
    pub(crate) probe: &'static [&'static str],
    pub(crate) source: Source,
    pub(crate) needed_by: &'static str,
    pub(crate) purposes: &'static [Purpose],
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

const CHECKS: &[Purpose] = &[Purpose::Checks];
const WINDOWS: &[Purpose] = &[Purpose::Windows, Purpose::Platforms];
const SANITIZE: &[Purpose] = &[Purpose::Sanitize];
const AARCH64: &[Purpose] = &[Purpose::Aarch64, Purpose::Platforms];
const PLATFORMS: &[Purpose] = &[Purpose::Platforms];
const FOREIGN: &[Purpose] =
    &[Purpose::Windows, Purpose::Sanitize, Purpose::Aarch64, Purpose::Platforms];

pub(crate) const TOOLS: &[Tool] = &[
    Tool {
        name: "rustfmt",
        probe: &["cargo", "fmt", "--version"],
        source: Source::Rustup("rustfmt"),
        needed_by: "format",
        purposes: CHECKS,
        hosts: &[],
    },
    Tool {
        name: "clippy",
        probe: &["cargo", "clippy", "--version"],
        source: Source::Rustup("clippy"),
        needed_by: "clippy",
        purposes: CHECKS,
        hosts: &[],
    },
    Tool {
        name: "C compiler",
        probe: &["cc", "--version"],
        source: Source::Apt(&["gcc", "libc6-dev"]),
        needed_by: "qi-sys, and so every step that compiles",
        purposes: CHECKS,
        // Elsewhere the compiler has no common name: qi-sys's build script says when it is absent.
        hosts: &["linux", "macos", "freebsd"],
    },
    Tool {
        name: "C++ compiler",
        probe: &["c++", "--version"],
        source: Source::Apt(&["g++"]),
        needed_by: "tests of qi-sys (its header must be C++ too), fuzz (libFuzzer)",
        purposes: &[Purpose::Checks, Purpose::Fuzz],
        hosts: &["linux", "macos", "freebsd"],
    },
    Tool {
        name: "clang",
        probe: &["clang", "--version"],
        source: Source::Apt(&["clang"]),
        needed_by: "tests of qi-abi (its header under another compiler)",
        purposes: CHECKS,
        hosts: &["linux"],
    },
    Tool {
        name: "an older and a newer clang",
        probe: &["sh", "-c", "clang-16 --version && clang-19 --version"],
        source: Source::Apt(&["clang-16", "clang-19"]),
        needed_by: "tests of qi-lang (coroutines in the text of more than one version of LLVM)",
        purposes: CHECKS,
        hosts: &["linux"],
    },
    Tool {
        name: "pkg-config",
        probe: &["pkg-config", "--version"],
        source: Source::Apt(&["pkgconf"]),
        needed_by: "dist (programs in C that find the libraries)",
        purposes: CHECKS,
        hosts: &["linux"],
    },
    Tool {
        name: "CMake",
        probe: &["cmake", "--version"],
        source: Source::Apt(&["cmake", "make"]),
        needed_by: "dist (a project of CMake that finds the libraries)",
        purposes: CHECKS,
        hosts: &["linux"],
    },
    Tool {
        name: "binutils",
        probe: &["nm", "--version"],
        source: Source::Apt(&["binutils"]),
        needed_by: "dist (what the shared library exports)",
        purposes: CHECKS,
        hosts: &["linux"],
    },
    Tool {
        name: "valgrind",
        probe: &["valgrind", "--version"],
        source: Source::Apt(&["valgrind"]),
        needed_by: "leak",
        purposes: CHECKS,
        hosts: &["linux"],
    },
    Tool {
        name: "strace",
        probe: &["strace", "--version"],
        source: Source::Apt(&["strace"]),
        needed_by: "idle, faults (what bypasses the shim)",
        purposes: CHECKS,
        hosts: &["linux"],
    },
    Tool {
        name: "curl",
        probe: &["curl", "--version"],
        source: Source::Apt(&["curl"]),
        needed_by: "examples (a foreign client for those that serve HTTP)",
        purposes: CHECKS,
        hosts: &[],
    },
    Tool {
        name: "nghttp2's clients",
        probe: &["h2load", "--version"],
        source: Source::Apt(&["nghttp2-client"]),
        needed_by: "ecosystem (clients of HTTP/2; one of them loads hyper_compare)",
        purposes: CHECKS,
        hosts: &["linux"],
    },
    Tool {
        name: "wrk",
        probe: &["sh", "-c", "command -v wrk"],
        source: Source::Apt(&["wrk"]),
        needed_by: "ecosystem (a load of HTTP/1.1; hyper_compare and httpd_compare too)",
        purposes: CHECKS,
        hosts: &["linux"],
    },
    Tool {
        name: "OpenSSL's client",
        probe: &["openssl", "version"],
        source: Source::Apt(&["openssl"]),
        needed_by: "ecosystem (the other end of tls_echo)",
        purposes: CHECKS,
        hosts: &["linux"],
    },
    Tool {
        name: "Redis server",
        probe: &["redis-server", "--version"],
        source: Source::Apt(&["redis-server"]),
        needed_by: "ecosystem (the other end of redis_client)",
        purposes: CHECKS,
        hosts: &["linux"],
    },
    Tool {
        name: "Chromium",
        probe: &["chromium", "--version"],
        source: Source::Apt(&["chromium"]),
        needed_by: "ecosystem (the browser of the chat)",
        purposes: CHECKS,
        hosts: &["linux"],
    },
    Tool {
        name: "rustc that can build std",
        probe: &["test", "-e", debian::SOURCES],
        source: Source::Apt(&["rustc-web", "rust-web-src", "cargo-web", "libstd-rust-web-dev"]),
        needed_by: "sanitize-thread, and every platform but the host",
        purposes: FOREIGN,
        hosts: &["linux"],
    },
    Tool {
        name: "llvm-cov and llvm-profdata",
        probe: &[debian::COV, "--version"],
        source: Source::Apt(&["rust-web-llvm"]),
        needed_by: "coverage",
        purposes: &[Purpose::Coverage],
        hosts: &["linux"],
    },
    Tool {
        name: "C compiler for Windows",
        probe: &[windows::LINKER, "--version"],
        source: Source::Apt(&["gcc-mingw-w64-x86-64-posix"]),
        needed_by: "windows",
        purposes: WINDOWS,
        hosts: &["linux"],
    },
    Tool {
        name: "wine",
        probe: &[windows::WINE, "--version"],
        source: Source::Apt(&["wine64"]),
        needed_by: "windows",
        purposes: WINDOWS,
        hosts: &["linux"],
    },
    Tool {
        name: "clang",
        probe: &["clang", "--version"],
        source: Source::Apt(&["clang"]),
        needed_by: "sanitize-thread (it compiles the C side)",
        purposes: SANITIZE,
        hosts: &["linux"],
    },
    Tool {
        name: "llvm-symbolizer",
        probe: &["llvm-symbolizer", "--version"],
        source: Source::Apt(&["llvm"]),
        needed_by: "sanitize-thread (names in reports)",
        purposes: SANITIZE,
        hosts: &["linux"],
    },
    Tool {
        name: "C++ library",
        probe: &["c++", "--version"],
        source: Source::Apt(&["g++"]),
        needed_by: "sanitize-thread (its runtime is in C++)",
        purposes: SANITIZE,
        hosts: &["linux"],
    },
    Tool {
        name: "qemu's user mode",
        probe: &["qemu-aarch64-static", "--version"],
        source: Source::Apt(&["qemu-user-static"]),
        needed_by: "aarch64, riscv64, i686, armv7",
        purposes: AARCH64,
        hosts: &["linux"],
    },
    Tool {
        name: "C compiler for 64-bit ARM",
        probe: &["aarch64-linux-gnu-gcc", "--version"],
        source: Source::Apt(&["gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross"]),
        needed_by: "aarch64",
        purposes: AARCH64,
        hosts: &["linux"],
    },
    Tool {
        name: "C compiler for 64-bit RISC-V",
        probe: &["riscv64-linux-gnu-gcc", "--version"],
        source: Source::Apt(&["gcc-riscv64-linux-gnu", "libc6-dev-riscv64-cross"]),
        needed_by: "riscv64",
        purposes: PLATFORMS,
        hosts: &["linux"],
    },
    Tool {
        name: "C compiler for 32-bit x86",
        probe: &["i686-linux-gnu-gcc", "--version"],
        source: Source::Apt(&["gcc-i686-linux-gnu", "libc6-dev-i386-cross"]),
        needed_by: "i686",
        purposes: PLATFORMS,
        hosts: &["linux"],
    },
    Tool {
        name: "C compiler for 32-bit ARM",
        probe: &["arm-linux-gnueabihf-gcc", "--version"],
        source: Source::Apt(&["gcc-arm-linux-gnueabihf", "libc6-dev-armhf-cross"]),
        needed_by: "armv7",
        purposes: PLATFORMS,
        hosts: &["linux"],
    },
    Tool {
        name: "zig and cargo-zigbuild",
        probe: &[zig::CARGO_ZIGBUILD, "--version"],
        source: Source::Python(&["ziglang", "cargo-zigbuild"]),
        needed_by: "musl, macos-arm, macos-x86, freebsd",
        purposes: PLATFORMS,
        hosts: &["linux"],
    },
];
