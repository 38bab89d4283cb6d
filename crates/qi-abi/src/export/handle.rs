//! What can be done with a handle of any kind.

use super::{AnyRef, shell};
use crate::code::Code;
use crate::object;

/// Adds a reference to an object of any kind. Answers `QI_ERR_STALE` for a handle that was released as
/// often as it was given out, or never was.
#[unsafe(no_mangle)]
pub extern "C" fn qi_retain(handle: AnyRef) -> i32 {
    shell(|| object::retain(handle).map(|()| Code::OK))
}

/// Gives a reference back; the object ends with the last one, as soon as no call is inside it. The
/// null handle is let pass. Answers `QI_ERR_STALE` as `qi_retain` does.
#[unsafe(no_mangle)]
pub extern "C" fn qi_release(handle: AnyRef) -> i32 {
    shell(|| match handle {
        0 => Ok(Code::OK),
        _ => object::release(handle).map(|()| Code::OK),
    })
}
