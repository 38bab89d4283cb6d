//! The only files in which `unsafe` may stand, each with the reason why it must.

/// One file, from the workspace root.
pub(crate) struct UnsafeFile {
    pub(crate) path: &'static str,
    pub(crate) reason: &'static str,
}

const fn file(path: &'static str, reason: &'static str) -> UnsafeFile {
    UnsafeFile { path, reason }
}

pub(crate) const UNSAFE_FILES: &[UnsafeFile] = &[
    file("qi-sys/src/ffi.rs", "declares the C side"),
    file("qi-sys/src/ffi_internal.rs", "declares the C side's arithmetic, for unit tests"),
    file("qi-sys/src/ffi_internal_linux.rs", "calls the C side with pointers, for unit tests"),
    file("qi-sys/tests/support/affinity.rs", "affinity masks exist only in C"),
    file("qi-sys/tests/support/signal.rs", "signals to one thread exist only in C"),
];
