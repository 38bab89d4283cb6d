//! The stack pointer.
//!
//! Not the address of a local variable: AddressSanitizer moves those to memory of its own.

use std::arch::asm;

/// Where the caller's stack is at the moment.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) fn stack_pointer() -> usize {
    let pointer: usize;
    // SAFETY: it copies a register.
    unsafe { asm!("mov {}, rsp", out(reg) pointer, options(nomem, nostack, preserves_flags)) };
    pointer
}

/// Where the caller's stack is at the moment.
#[cfg(target_arch = "aarch64")]
#[inline(always)]
pub(super) fn stack_pointer() -> usize {
    let pointer: usize;
    // SAFETY: it copies a register.
    unsafe { asm!("mov {}, sp", out(reg) pointer, options(nomem, nostack, preserves_flags)) };
    pointer
}

/// Where the caller's stack is at the moment.
#[cfg(target_arch = "riscv64")]
#[inline(always)]
pub(super) fn stack_pointer() -> usize {
    let pointer: usize;
    // SAFETY: it copies a register.
    unsafe { asm!("mv {}, sp", out(reg) pointer, options(nomem, nostack, preserves_flags)) };
    pointer
}
