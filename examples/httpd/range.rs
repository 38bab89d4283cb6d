//! The part of a file that a request asks for.

use std::ops::Range;

/// What a `Range` field amounts to for a file of a known length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The file as a whole: the field is none that this server understands, which is no error.
    Whole,
    /// These bytes.
    Some(Range<u64>),
    /// The file has none of these bytes.
    None,
}

/// Understands a single range of bytes; lists of ranges are answered with the whole.
pub(crate) fn parse(field: &str, length: u64) -> Part {
    let Some((unit, range)) = field.split_once('=') else { return Part::Whole };
    let Some((first, last)) = range.trim().split_once('-') else { return Part::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Part::Whole;
    }
    let (Ok(first), Ok(last)) = (number(first), number(last)) else { return Part::Whole };
    let part = match (first, last) {
        (None, None) => return Part::Whole,
        (Some(first), Some(last)) if last < first => return Part::Whole,
        (Some(first), Some(last)) => first..last.saturating_add(1).min(length),
        (Some(first), None) => first..length,
        (None, Some(count)) => length.saturating_sub(count)..length,
    };
    if part.is_empty() { Part::None } else { Part::Some(part) }
}

/// One end of a range; `Ok(None)` if it is left open.
fn number(text: &str) -> Result<Option<u64>, ()> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(());
    }
    // Beyond any file.
    Ok(Some(text.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_range_is_cut_to_the_file() {
        assert_eq!(parse("bytes=0-0", 10), Part::Some(0..1));
        assert_eq!(parse("bytes=2-5", 10), Part::Some(2..6));
        assert_eq!(parse("Bytes = 2-99", 10), Part::Some(2..10));
        assert_eq!(parse("bytes=7-", 10), Part::Some(7..10));
        assert_eq!(parse("bytes=-3", 10), Part::Some(7..10));
        assert_eq!(parse("bytes=-30", 10), Part::Some(0..10));
        assert_eq!(parse("bytes=0-99999999999999999999", 10), Part::Some(0..10));
    }

    #[test]
    fn a_range_behind_the_end_has_nothing() {
        assert_eq!(parse("bytes=10-", 10), Part::None);
        assert_eq!(parse("bytes=10-20", 10), Part::None);
        assert_eq!(parse("bytes=-0", 10), Part::None);
        assert_eq!(parse("bytes=0-", 0), Part::None);
    }

    #[test]
    fn what_is_no_single_range_of_bytes_asks_for_the_whole() {
        for field in ["", "bytes", "bytes=", "bytes=-", "bytes=5-2", "bytes=a-b", "bytes=0-1,3-4"] {
            assert_eq!(parse(field, 10), Part::Whole, "{field}");
        }
        assert_eq!(parse("lines=0-1", 10), Part::Whole);
    }
}
