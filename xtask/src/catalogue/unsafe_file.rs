//! The only files in which `unsafe` may stand, each with the reason why it must.

/// One file, from the workspace root.
pub(crate) struct UnsafeFile {
    pub(crate) path: &'static str,
    pub(crate) reason: &'static str,
}

const fn file(path: &'static str, reason: &'static str) -> UnsafeFile {
    UnsafeFile { path, reason }
}

pub(crate) const UNSAFE_FILES: &[UnsafeFile] = &[file("qi-sys/src/ffi.rs", "calls the C side")];
