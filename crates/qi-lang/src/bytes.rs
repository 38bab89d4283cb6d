//! Bytes of the language's library, as hexadecimal digits: the one way in and out that it exports.
#![forbid(unsafe_code)]

use crate::{library, text};

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Makes bytes of the library; `None` if it has none.
pub(crate) fn give(bytes: &[u8]) -> Option<i64> {
    let digit = |part: u8| DIGITS[usize::from(part & 0xF)];
    let hex: Vec<u8> = bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect();
    library::bytes_from_hex(&text::from_bytes(&hex))
}

/// A copy of bytes of the library; `None` if there are none of this number.
pub(crate) fn copy(number: i64) -> Option<Vec<u8>> {
    parse(library::bytes_to_hex(number)?.as_bytes())
}

fn parse(hex: &[u8]) -> Option<Vec<u8>> {
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    };
    hex.chunks(2)
        .map(|pair| match *pair {
            [high, low] => Some(value(high)? << 4 | value(low)?),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_become_bytes_and_nonsense_nothing() {
        assert_eq!(parse(b"00fFa1"), Some(vec![0, 255, 0xA1]));
        assert_eq!(parse(b""), Some(vec![]));
        assert_eq!((parse(b"0"), parse(b"zz")), (None, None));
    }
}
