//! Pictures of graphs and runs.

pub(crate) mod dot;
mod lane;
mod scale;
pub(crate) mod svg;

/// A stretch of time that a node had, in nanoseconds since the run began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bar {
    pub(crate) name: String,
    /// The node, if it is one of the run that is drawn.
    pub(crate) node: Option<u32>,
    pub(crate) begun: u64,
    pub(crate) ended: u64,
    pub(crate) kind: BarKind,
}

/// How the stretch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BarKind {
    Done,
    /// The node decided to be skipped.
    Skipped,
    /// An attempt that was followed by another one.
    Retried,
    Failed,
    Cancelled,
}

impl Bar {
    /// An attempt that is followed by another one.
    pub(crate) fn failed_attempt(name: &str, begun: u64, ended: u64) -> Self {
        Self { name: name.to_owned(), node: None, begun, ended, kind: BarKind::Retried }
    }
}

/// Escapes what markup would take for itself; control characters become spaces, which no XML may
/// contain.
pub(crate) fn escape_markup(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => safe.push(' '),
            letter if letter.is_control() => safe.push(' '),
            letter => safe.push(letter),
        }
    }
    safe
}
