//! The text about an overflow, put together without allocation: it is made in a signal handler.
#![forbid(unsafe_code)]

use crate::label::Label;

/// Longer names are cut.
const NAME_BYTES: usize = 128;
const BYTES: usize = 768;

/// Some bytes of text.
pub(super) struct Text {
    bytes: [u8; BYTES],
    len: usize,
}

impl Text {
    /// Both lines about the coroutine `label`, whose stack has `usable` bytes.
    pub(super) fn about(label: &Label, usable: usize) -> Self {
        let mut text = Self { bytes: [0; BYTES], len: 0 };
        let name = label.name().map(head_of);
        let (size, unit) = in_units(usable);
        text.push("\ncoroutine ").number(label.id());
        if let Some(name) = name {
            text.push(" (").push(name).push(")");
        }
        text.push(" overflowed its ").number(size).push(unit).push(" stack (max_stack_size)\n");
        text.push("协程 ").number(label.id());
        if let Some(name) = name {
            text.push("（").push(name).push("）");
        }
        text.push(" 的 ").number(size).push(unit).push(" 栈已溢出（max_stack_size）\n");
        text
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    fn push(&mut self, part: &str) -> &mut Self {
        for byte in part.bytes() {
            if let Some(place) = self.bytes.get_mut(self.len) {
                *place = byte;
                self.len += 1;
            }
        }
        self
    }

    fn number(&mut self, number: u64) -> &mut Self {
        let rest = number / 10;
        if rest > 0 {
            self.number(rest);
        }
        const DIGITS: &str = "0123456789";
        let digit = usize::try_from(number % 10).unwrap_or(0);
        self.push(DIGITS.get(digit..=digit).unwrap_or("?"))
    }
}

/// As much of the name as is printed, cut between characters.
fn head_of(name: &str) -> &str {
    let mut end = name.len().min(NAME_BYTES);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.get(..end).unwrap_or_default()
}

fn in_units(bytes: usize) -> (u64, &'static str) {
    let bytes = bytes as u64;
    const KIB: u64 = 1024;
    const MIB: u64 = 1024 * KIB;
    if bytes % MIB == 0 { (bytes / MIB, " MiB") } else { (bytes / KIB, " KiB") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(label: &Label, usable: usize) -> String {
        String::from_utf8(Text::about(label, usable).bytes().to_vec()).unwrap()
    }

    #[test]
    fn names_the_coroutine_its_size_and_the_option_in_both_languages() {
        let label = Label::new("reader").with_id(1207);
        let text = text(&label, 2 << 20);
        assert!(
            text.contains("coroutine 1207 (reader) overflowed its 2 MiB stack (max_stack_size)")
        );
        assert!(text.contains("协程 1207（reader） 的 2 MiB 栈已溢出（max_stack_size）"));
    }

    #[test]
    fn a_long_name_is_cut_between_characters() {
        let label = Label::new("栈".repeat(1000)).with_id(u64::MAX);
        let text = text(&label, 68 << 10);
        assert!(text.contains(&u64::MAX.to_string()));
        assert!(text.contains(" 68 KiB "));
        assert!(text.ends_with("（max_stack_size）\n"));
    }
}
