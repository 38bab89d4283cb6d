//! The `Date` of answers, made once per second and thread.

use std::cell::Cell;
use std::time::{SystemTime, UNIX_EPOCH};

/// Bytes of a date in the form that HTTP prefers.
pub(crate) const DATE_LENGTH: usize = 29;

thread_local! {
    static LAST: Cell<(u64, [u8; DATE_LENGTH])> = const { Cell::new((u64::MAX, [0; DATE_LENGTH])) };
}

/// The present, as HTTP writes it.
pub(crate) fn date() -> [u8; DATE_LENGTH] {
    let now = SystemTime::now();
    let second = now.duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_secs());
    let (last, text) = LAST.get();
    if last == second {
        return text;
    }
    let text = format(now);
    LAST.set((second, text));
    text
}

/// A time before 1970 or after 9999 has no form; it becomes the beginning of 1970.
pub(crate) fn format(time: SystemTime) -> [u8; DATE_LENGTH] {
    const LAST_SECOND: u64 = 253_402_300_799;
    let second = time.duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_secs());
    let sound = if second > LAST_SECOND { UNIX_EPOCH } else { time.max(UNIX_EPOCH) };
    let mut text = [b' '; DATE_LENGTH];
    let formatted = httpdate::fmt_http_date(sound);
    text.copy_from_slice(&formatted.as_bytes()[..DATE_LENGTH]);
    text
}
