//! Errors of the system, and of the runtime where it does I/O, as codes.
#![forbid(unsafe_code)]

use std::io::{Error, ErrorKind};

use qi_reactor::ReactorError;
use qi_runtime::net::AddressError;
use qi_runtime::{NoRuntimeError, RuntimeError};

use crate::code::Code;
use crate::export::codes::QI_ERR_OS_BASE;

/// The largest number of a system that is carried in a code; none is known that comes near it.
const LARGEST: i32 = 900_000;

fn is_closed(inner: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    matches!(inner.downcast_ref(), Some(ReactorError::Closed))
}

fn is_stopped(inner: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    matches!(inner.downcast_ref(), Some(RuntimeError::Stopped))
}

/// The code of an error.
pub(crate) fn of(error: &Error) -> Code {
    if let Some(number) = error.raw_os_error() {
        let is_carried = (1..=LARGEST).contains(&number);
        return if is_carried { Code(QI_ERR_OS_BASE - number) } else { Code::ERR_FAILED };
    }
    let inner = error.get_ref();
    if inner.is_some_and(|inner| inner.is::<AddressError>()) {
        return Code::ERR_ADDRESS;
    }
    if inner.is_some_and(|inner| inner.is::<NoRuntimeError>()) {
        return Code::ERR_NOT_INIT;
    }
    if inner.is_some_and(|inner| is_closed(inner) || is_stopped(inner)) {
        return Code::ERR_SHUTDOWN;
    }
    match error.kind() {
        ErrorKind::InvalidInput | ErrorKind::InvalidData => Code::ERR_INVALID,
        ErrorKind::TimedOut => Code::ERR_TIMEOUT,
        ErrorKind::UnexpectedEof => Code::EOF,
        ErrorKind::WriteZero | ErrorKind::BrokenPipe | ErrorKind::NotConnected => Code::ERR_CLOSED,
        ErrorKind::OutOfMemory => Code::ERR_NO_MEMORY,
        ErrorKind::Unsupported => Code::ERR_UNSUPPORTED,
        _ => Code::ERR_FAILED,
    }
}

/// As [`of`], for the lookup of a name: what the resolver has no number for is a name without address.
pub(crate) fn of_lookup(error: &Error) -> Code {
    match of(error) {
        Code::ERR_FAILED => Code::ERR_ADDRESS,
        code => code,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_the_system_are_carried_and_others_become_codes_of_their_kind() {
        assert_eq!(of(&Error::from_raw_os_error(24)), Code(QI_ERR_OS_BASE - 24));
        assert_eq!(of(&Error::from_raw_os_error(-5)), Code::ERR_FAILED);
        assert_eq!(of(&Error::from(ErrorKind::TimedOut)), Code::ERR_TIMEOUT);
        assert_eq!(of(&Error::other(NoRuntimeError)), Code::ERR_NOT_INIT);
        assert_eq!(of(&RuntimeError::Stopped.into()), Code::ERR_SHUTDOWN);
        assert_eq!(of(&ReactorError::Closed.into()), Code::ERR_SHUTDOWN);
        assert_eq!(of(&AddressError::None.into()), Code::ERR_ADDRESS);
        assert_eq!(of_lookup(&Error::other("no such name")), Code::ERR_ADDRESS);
    }
}
