//! A file as answers need it.

use crate::clock::{self, DATE_LENGTH};
use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long a file in memory is taken for current without a look at the disk.
const FRESH: Duration = Duration::from_secs(1);

/// What is known of a file, and the fields of the answer that say so.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) length: u64,
    pub(crate) modified: SystemTime,
    /// In its quotes.
    pub(crate) etag: String,
    pub(crate) last_modified: [u8; DATE_LENGTH],
    /// All fields that do not depend on the request, ready to be sent.
    pub(crate) fields: Vec<u8>,
}

impl Facts {
    pub(crate) fn new(content_type: String, length: u64, modified: SystemTime) -> Self {
        let age = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
        let etag = format!("\"{length:x}-{:x}\"", age.as_nanos());
        let last_modified = clock::format(modified);
        let mut fields = Vec::with_capacity(160);
        for (name, value) in [
            ("Content-Type", content_type.as_bytes()),
            ("Last-Modified", &last_modified),
            ("ETag", etag.as_bytes()),
            ("Accept-Ranges", b"bytes"),
        ] {
            fields.extend_from_slice(name.as_bytes());
            fields.extend_from_slice(b": ");
            fields.extend_from_slice(value);
            fields.extend_from_slice(b"\r\n");
        }
        Self { length, modified, etag, last_modified, fields }
    }
}

/// A small file, in memory.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) facts: Facts,
    pub(crate) body: Vec<u8>,
    made: Instant,
    /// When the disk was last looked at, in milliseconds since `made`.
    checked: AtomicU64,
}

impl Entry {
    pub(crate) fn new(facts: Facts, body: Vec<u8>) -> Self {
        Self { facts, body, made: Instant::now(), checked: AtomicU64::new(0) }
    }

    fn age_ms(&self) -> u64 {
        u64::try_from(self.made.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Whether it need not be compared with the disk yet.
    pub(crate) fn is_fresh(&self) -> bool {
        // Relaxed: a time, which publishes nothing.
        let checked = Duration::from_millis(self.checked.load(Relaxed));
        self.made.elapsed().saturating_sub(checked) < FRESH
    }

    /// Notes that it was found to agree with the disk.
    pub(crate) fn confirm(&self) {
        // Relaxed: as above.
        self.checked.store(self.age_ms(), Relaxed);
    }
}

/// What a target leads to.
#[derive(Debug)]
pub(crate) enum Found {
    /// A small file.
    Small(Arc<Entry>),
    /// A file that is sent as it is read.
    Large(File, Facts),
    /// A directory's page.
    Page(String),
    /// A directory without the slash at its end; the link has it.
    Moved(String),
    /// Nothing that would be served.
    Missing,
    /// The disk failed.
    Broken,
}
