//! The latencies in the terminal: a bar for each doubling.

use crate::language::Language;
use crate::summary::{Summary, span};
use std::fmt::Write;
use std::time::Duration;

/// The longest bar, in characters.
const WIDTH: u64 = 40;

/// Eighths of a character, from one to eight.
const EIGHTHS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/// A line for each range of latencies that occurs, from one power of two to the next.
pub(crate) fn draw(summary: &Summary, language: Language) -> String {
    let mut counts = Vec::new();
    for step in summary.record.latencies.iter_recorded() {
        let doubling = u64::BITS - step.value_iterated_to().leading_zeros();
        match counts.last_mut() {
            Some((last, count)) if *last == doubling => {
                *count += step.count_since_last_iteration();
            }
            _ => counts.push((doubling, step.count_since_last_iteration())),
        }
    }
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(0);
    let mut text = String::new();
    let up_to = language.pick("up to", "至");
    for (doubling, count) in counts {
        let end = Duration::from_micros(1u64.checked_shl(doubling).unwrap_or(u64::MAX));
        // Writing to a string cannot fail.
        writeln!(text, "  {up_to} {:>9} {:>9} {}", span(end), count, bar(count, most)).ok();
    }
    text
}

/// What occurs at all can be seen.
fn bar(count: u64, most: u64) -> String {
    let eighths = (count * WIDTH * 8).div_ceil(most.max(1)).max(1);
    let mut bar = EIGHTHS[7].to_string().repeat((eighths / 8) as usize);
    if eighths % 8 > 0 {
        bar.push(EIGHTHS[(eighths % 8 - 1) as usize]);
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_their_counts_are_large() {
        assert_eq!(bar(10, 10).chars().count(), WIDTH as usize);
        assert_eq!(bar(5, 10).chars().count(), WIDTH as usize / 2);
        assert_eq!(bar(1, 1_000_000), "▏", "what occurs can be seen");
    }
}
