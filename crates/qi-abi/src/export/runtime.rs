//! Runtimes and threads.

use std::time::Duration;

use super::{RuntimeRef, shell};
use crate::code::Code;
use crate::config::RuntimeConfig;
use crate::pointer::Out;
use crate::runtime::{self, Instance};
use crate::{object, structs};

/// # Safety
/// As `structs::read`, for a pointer that is not null.
unsafe fn options(config: *const RuntimeConfig) -> Result<Option<RuntimeConfig>, Code> {
    if config.is_null() {
        return Ok(None);
    }
    // SAFETY: as the caller promises.
    unsafe { structs::read(config) }.map(Some)
}

/// Makes the global runtime, which calls use that name none, unless it is there already. `config` may
/// be null. `QI_ERR_INVALID` if a field is out of range, `QI_ERR_NO_MEMORY` if threads or memory are refused,
/// or the system's error, such as that of no more descriptors; `qi_last_error_message` tells more.
///
/// # Safety
/// `config` is null or points to as many bytes as its `struct_size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_init(config: *const RuntimeConfig) -> i32 {
    shell(|| {
        // SAFETY: as the caller promises.
        let config = unsafe { options(config) }?;
        let instance = Instance::global(config.as_ref())?;
        if instance.is_running() { Ok(Code::OK) } else { Err(Code::ERR_SHUTDOWN) }
    })
}

/// Makes another runtime. `config` may be null. When its last reference is released it is shut down. Errors
/// as `qi_init`.
///
/// # Safety
/// As `qi_init`; `out` is valid for writing a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_runtime_create(
    config: *const RuntimeConfig,
    out: *mut RuntimeRef,
) -> i32 {
    shell(|| {
        // SAFETY: as the caller promises.
        let (config, out) = unsafe { (options(config)?, Out::new(out)?) };
        out.put(object::publish(Instance::create(config.as_ref())?)?);
        Ok(Code::OK)
    })
}

/// Cancels what is left on a runtime (0: the global one) and waits for it as long as
/// `shutdown_timeout_ms` says; then answers `QI_ERR_BUSY`, and `qi_last_error_message` names what is
/// left behind. A second call is no error. From one of the runtime's own threads it starts the shutdown
/// and returns.
#[unsafe(no_mangle)]
pub extern "C" fn qi_runtime_shutdown(handle: RuntimeRef) -> i32 {
    shell(|| runtime::named(handle)?.shut_down().map(|()| Code::OK))
}

/// As `qi_runtime_shutdown`, but lets tasks finish for `grace_ns` nanoseconds first.
#[unsafe(no_mangle)]
pub extern "C" fn qi_runtime_shutdown_graceful(handle: RuntimeRef, grace_ns: u64) -> i32 {
    shell(|| {
        let report = runtime::named(handle)?.shut_down_gracefully(Duration::from_nanos(grace_ns));
        if report.left_behind.is_empty() { Ok(Code::OK) } else { Err(Code::ERR_BUSY) }
    })
}

/// 1 if the runtime (0: the global one) takes work, 0 if it was shut down, or an error.
#[unsafe(no_mangle)]
pub extern "C" fn qi_runtime_is_running(handle: RuntimeRef) -> i32 {
    shell(|| Ok(Code(i32::from(runtime::named(handle)?.is_running()))))
}

/// Attaches the calling thread to a runtime (0: the global one): what it spawns and waits for without
/// naming a runtime belongs to that one. May be nested; each needs a `qi_thread_detach`.
#[unsafe(no_mangle)]
pub extern "C" fn qi_thread_attach(handle: RuntimeRef) -> i32 {
    shell(|| {
        runtime::named(handle)?.attach();
        Ok(Code::OK)
    })
}

/// Takes the last `qi_thread_attach` of the calling thread back; `QI_ERR_NOT_INIT` if there is none.
#[unsafe(no_mangle)]
pub extern "C" fn qi_thread_detach() -> i32 {
    shell(|| runtime::detach().map(|()| Code::OK))
}
