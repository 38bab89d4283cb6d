//! The directory that is served. All here blocks, and runs where blocking is allowed.
//!
//! # Safety of the root
//! A target holds plain names only (`target.rs`), so it can leave the root through symbolic links
//! alone. Every path is resolved first, and what is then not below the root is not served. (Who can
//! write into the directory could exchange a link between the two; the server does not guard one
//! local user from another.)

use crate::entry::{Entry, Facts, Found};
use crate::listing;
use crate::target::Target;
use qi_examples::Trouble;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

/// Files up to this length are read at once and kept in memory.
pub(crate) const SMALL: u64 = 64 * 1024;

/// What is served for a directory that has it.
const INDEX: &str = "index.html";

/// The directory, with all links on the way to it resolved.
#[derive(Debug)]
pub(crate) struct Site {
    root: PathBuf,
}

impl Site {
    pub(crate) fn open(directory: &Path) -> Result<Self, Trouble> {
        let trouble = |error| {
            let shown = directory.display();
            Trouble::io(&format!("cannot serve {shown}"), &format!("无法提供目录 {shown}"), &error)
        };
        let root = fs::canonicalize(directory).map_err(trouble)?;
        if !root.is_dir() {
            return Err(trouble(io::Error::from(io::ErrorKind::NotADirectory)));
        }
        Ok(Self { root })
    }

    /// Looks for a target on the disk. `known` is what the memory has of it.
    pub(crate) fn find(&self, target: &Target, known: Option<&Arc<Entry>>) -> Found {
        self.try_find(target, known).unwrap_or_else(|error| match error.kind() {
            io::ErrorKind::NotFound
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::InvalidInput => Found::Missing,
            _ => {
                eprintln!("cannot read {}: {error}", target.as_str());
                Found::Broken
            }
        })
    }

    fn try_find(&self, target: &Target, known: Option<&Arc<Entry>>) -> io::Result<Found> {
        let Some(path) = self.resolve(&self.root.join(target.as_str().trim_end_matches('/')))?
        else {
            return Ok(Found::Missing);
        };
        let metadata = fs::metadata(&path)?;
        if metadata.is_file() {
            let is_file = !target.names_directory();
            return if is_file { open(&path, known) } else { Ok(Found::Missing) };
        }
        if !metadata.is_dir() {
            // Opening a pipe would wait for its other end.
            return Ok(Found::Missing);
        }
        if !target.names_directory() {
            return Ok(Found::Moved(target.directory_link()));
        }
        match self.resolve(&path.join(INDEX)) {
            Ok(Some(index)) if index.is_file() => open(&index, known),
            _ => listing::page(&path, target).map(Found::Page),
        }
    }

    /// The path without links, if it is below the root.
    fn resolve(&self, path: &Path) -> io::Result<Option<PathBuf>> {
        let resolved = fs::canonicalize(path)?;
        Ok(resolved.starts_with(&self.root).then_some(resolved))
    }
}

fn open(path: &Path, known: Option<&Arc<Entry>>) -> io::Result<Found> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    let modified = metadata.modified().unwrap_or(UNIX_EPOCH);
    if let Some(known) = known {
        if known.facts.length == metadata.len() && known.facts.modified == modified {
            known.confirm();
            return Ok(Found::Small(known.clone()));
        }
    }
    if metadata.len() > SMALL {
        return Ok(Found::Large(file, Facts::new(content_type(path), metadata.len(), modified)));
    }
    let mut body = Vec::with_capacity(metadata.len() as usize + 1);
    // One that grows meanwhile is sent as far as it was there at first.
    file.by_ref().take(metadata.len()).read_to_end(&mut body)?;
    let facts = Facts::new(content_type(path), body.len() as u64, modified);
    Ok(Found::Small(Arc::new(Entry::new(facts, body))))
}

/// The type by the name's extension.
fn content_type(path: &Path) -> String {
    let guessed = mime_guess::from_path(path).first_or_octet_stream();
    let is_text = guessed.type_() == "text" || guessed.subtype() == "javascript";
    if is_text { format!("{guessed}; charset=utf-8") } else { guessed.to_string() }
}
