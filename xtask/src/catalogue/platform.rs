//! The platforms beside the host: how the core crates are built for each and what can run them.

use crate::catalogue::exception;
use crate::rig::Exception;

/// How a platform is had on one x86_64 Linux machine.
pub(crate) enum Way {
    /// Built for Windows, run by wine.
    Wine,
    /// Built with a cross compiler, run by qemu's user mode, or by this machine's kernel if it can.
    Emulated(Emulated),
    /// Built and run here, with these flags for the compiler, but for what cannot pass so.
    Flagged(&'static str, &'static [Exception]),
    /// Built by zig's C compiler and run here.
    Musl,
    /// Built and linked by zig; nothing here can run it.
    Linked,
    /// Built by the oldest compiler that the workspace says it supports, and run here.
    Oldest,
}

/// What qemu's user mode needs.
pub(crate) struct Emulated {
    /// The C compiler, which links too.
    pub(crate) compiler: &'static str,
    pub(crate) qemu: &'static str,
    /// Where Debian keeps the libraries of that processor.
    pub(crate) libraries: &'static str,
    pub(crate) native: Option<Native>,
    /// Tests that cannot pass under qemu.
    pub(crate) exceptions: &'static [Exception],
}

/// How the kernel of a 64-bit x86 machine runs such programs itself.
pub(crate) struct Native {
    /// What starts them.
    pub(crate) loader: &'static str,
    /// Tests that cannot pass there.
    pub(crate) exceptions: &'static [Exception],
}

/// One platform.
pub(crate) struct Platform {
    /// The name of its step.
    pub(crate) step: &'static str,
    pub(crate) about: &'static str,
    /// The target as the compiler knows it.
    pub(crate) target: &'static str,
    pub(crate) way: Way,
}

pub(crate) const WINDOWS: Platform = Platform {
    step: "windows",
    about: "core crates' tests for Windows, under wine",
    target: "x86_64-pc-windows-gnu",
    way: Way::Wine,
};

pub(crate) const AARCH64: Platform = Platform {
    step: "aarch64",
    about: "core crates' tests for 64-bit ARM, under qemu",
    target: "aarch64-unknown-linux-gnu",
    way: Way::Emulated(Emulated {
        compiler: "aarch64-linux-gnu-gcc",
        qemu: "qemu-aarch64-static",
        libraries: "/usr/aarch64-linux-gnu",
        native: None,
        exceptions: exception::QEMU_64,
    }),
};

pub(crate) const RISCV64: Platform = Platform {
    step: "riscv64",
    about: "core crates' tests for 64-bit RISC-V, under qemu",
    target: "riscv64gc-unknown-linux-gnu",
    way: Way::Emulated(Emulated {
        compiler: "riscv64-linux-gnu-gcc",
        qemu: "qemu-riscv64-static",
        libraries: "/usr/riscv64-linux-gnu",
        native: None,
        exceptions: exception::QEMU_64,
    }),
};

pub(crate) const I686: Platform = Platform {
    step: "i686",
    about: "core crates' tests for 32-bit x86",
    target: "i686-unknown-linux-gnu",
    way: Way::Emulated(Emulated {
        compiler: "i686-linux-gnu-gcc",
        qemu: "qemu-i386-static",
        libraries: "/usr/i686-linux-gnu",
        native: Some(Native {
            loader: "/usr/i686-linux-gnu/lib/ld-linux.so.2",
            exceptions: exception::THREADS,
        }),
        exceptions: exception::QEMU_32,
    }),
};

pub(crate) const ARMV7: Platform = Platform {
    step: "armv7",
    about: "core crates' tests for 32-bit ARM, under qemu",
    target: "armv7-unknown-linux-gnueabihf",
    way: Way::Emulated(Emulated {
        compiler: "arm-linux-gnueabihf-gcc",
        qemu: "qemu-arm-static",
        libraries: "/usr/arm-linux-gnueabihf",
        native: None,
        exceptions: exception::QEMU_32,
    }),
};

pub(crate) const MUSL: Platform = Platform {
    step: "musl",
    about: "core crates' tests with musl instead of glibc",
    target: "x86_64-unknown-linux-musl",
    way: Way::Musl,
};

pub(crate) const POLL: Platform = Platform {
    step: "poll",
    about: "core crates' tests over poll(2) instead of epoll",
    target: "x86_64-unknown-linux-gnu",
    way: Way::Flagged("--cfg mio_unsupported_force_poll_poll", exception::POLL),
};

pub(crate) const THREADS: Platform = Platform {
    step: "threads",
    about: "core crates' tests with a thread in place of each coroutine's stack",
    target: "x86_64-unknown-linux-gnu",
    way: Way::Flagged("--cfg qi_coroutine_threads", exception::THREADS),
};

pub(crate) const MACOS_ARM: Platform = Platform {
    step: "macos-arm",
    about: "core crates' tests linked for macOS on ARM, not run",
    target: "aarch64-apple-darwin",
    way: Way::Linked,
};

pub(crate) const MACOS_X86: Platform = Platform {
    step: "macos-x86",
    about: "core crates' tests linked for macOS on x86, not run",
    target: "x86_64-apple-darwin",
    way: Way::Linked,
};

pub(crate) const FREEBSD: Platform = Platform {
    step: "freebsd",
    about: "core crates' tests linked for FreeBSD, not run",
    target: "x86_64-unknown-freebsd",
    way: Way::Linked,
};

pub(crate) const OLDEST: Platform = Platform {
    step: "msrv",
    about: "core crates' tests, built by the oldest compiler supported",
    target: "x86_64-unknown-linux-gnu",
    way: Way::Oldest,
};

/// In the order of the table that `cargo xtask platforms` prints.
pub(crate) const PLATFORMS: &[&Platform] = &[
    &WINDOWS, &AARCH64, &RISCV64, &I686, &ARMV7, &MUSL, &POLL, &THREADS, &MACOS_ARM, &MACOS_X86,
    &FREEBSD, &OLDEST,
];

/// What the command line calls it: its target, or its step where the target is the host's.
pub(crate) fn word(platform: &Platform) -> &'static str {
    match platform.way {
        Way::Flagged(..) | Way::Oldest => platform.step,
        _ => platform.target,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_platforms_share_a_word_or_a_step() {
        for (index, one) in PLATFORMS.iter().enumerate() {
            for other in &PLATFORMS[index + 1..] {
                assert!(one.step != other.step && word(one) != word(other), "{}", one.step);
            }
        }
    }
}
