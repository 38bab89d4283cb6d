//! Turns the C side's one convention for results, a value or a negated error number, into
//! `io::Result`.
#![forbid(unsafe_code)]

use std::io;

/// Returns a value of zero or more as it is, and anything below zero as the error it stands for.
pub(crate) fn value_or_error(outcome: impl Into<i64>) -> io::Result<u64> {
    let outcome = outcome.into();
    u64::try_from(outcome).map_err(|_| {
        match outcome.checked_neg().and_then(|code| i32::try_from(code).ok()) {
            Some(code) => io::Error::from_raw_os_error(code),
            None => io::Error::other(format!("{outcome} is no result that qi-sys knows")),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::value_or_error;

    #[test]
    fn values_of_zero_or_more_pass_unchanged() {
        for value in [0, 1, i64::from(i32::MAX), i64::MAX] {
            assert_eq!(value_or_error(value).unwrap(), value.unsigned_abs());
        }
    }

    #[test]
    fn a_negative_result_is_an_error_that_carries_its_number() {
        for code in [1, 4, 22, i32::MAX] {
            assert_eq!(value_or_error(-code).unwrap_err().raw_os_error(), Some(code));
            assert_eq!(value_or_error(-i64::from(code)).unwrap_err().raw_os_error(), Some(code));
        }
    }

    #[test]
    fn a_number_that_no_system_uses_is_an_error_without_one() {
        for outcome in [i64::MIN, -i64::from(i32::MAX) - 1] {
            let error = value_or_error(outcome).unwrap_err();
            assert_eq!(error.raw_os_error(), None);
            assert!(error.to_string().contains(&outcome.to_string()));
        }
    }
}
