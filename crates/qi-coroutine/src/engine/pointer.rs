//! The stack pointer, and a number that the processor is to reckon with before it knows it.
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

/// The same number, of which the compiler knows nothing: where it was compared with another one, it must
/// not take that one in its place, which may have to be loaded first.
#[inline(always)]
pub(super) fn opaque(number: usize) -> usize {
    let mut same = number;
    // SAFETY: it does nothing.
    unsafe { asm!("/* {} */", inout(reg) same, options(pure, nomem, nostack, preserves_flags)) };
    same
}
