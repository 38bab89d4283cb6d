//! Channels.

use std::ffi::c_void;

use crate::channel::Channel;
use crate::here::{self, Unsent};
use crate::intent::Intent;
use crate::plain;
use crate::strand::{Reason, Strand};

/// # Safety
/// Null, or a channel that is not freed.
unsafe fn channel(pointer: *mut c_void) -> Option<&'static Channel> {
    // SAFETY: the caller's word; a channel is freed by `qi_coro_chan_free` only.
    unsafe { pointer.cast::<Channel>().as_ref() }
}

/// The channel that a coroutine has parked at, and was not resumed from yet. For its owner.
pub(crate) fn waited_for(strand: &Strand) -> &'static Channel {
    assert!(
        matches!(strand.parked_for(), Reason::Receive | Reason::Send),
        "it waits for no channel"
    );
    // SAFETY: the address is that of the channel it was listed in; the program frees a channel when
    // nobody waits on it any more.
    unsafe { &*(strand.on() as *const Channel) }
}

/// A channel for so many values; without limit if that is not positive.
#[unsafe(no_mangle)]
pub extern "C" fn qi_coro_chan_new(capacity: i64) -> *mut c_void {
    here::settle();
    Box::into_raw(Box::new(Channel::new(capacity))).cast()
}

/// Sends without waiting: 0 sent, 1 full. What a full one is given by a plain function is sent by the
/// next call, which waits for room; see the crate's page.
///
/// # Safety
/// Null, or a channel that is not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_coro_chan_try_send(pointer: *mut c_void, value: i64) -> i32 {
    here::settle();
    // SAFETY: the caller's word.
    let Some(channel) = (unsafe { channel(pointer) }) else { return 1 };
    if channel.try_send(value) {
        here::forget_tries();
        return 0;
    }
    here::unsent(Unsent { channel, value });
    1
}

/// Receives without waiting: 0 got, 1 empty.
///
/// # Safety
/// Null, or a channel that is not freed; null, or a place for the value.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_coro_chan_try_recv(pointer: *mut c_void, value: *mut i64) -> i32 {
    here::settle();
    // SAFETY: the caller's word.
    let Some(channel) = (unsafe { channel(pointer) }) else { return 1 };
    if value.is_null() {
        return 1;
    }
    let Some(received) = channel.try_receive() else {
        here::tried(channel);
        return 1;
    };
    here::forget_tries();
    // SAFETY: the caller's word.
    unsafe { value.write(received) };
    0
}

/// States that the frame waits for a value.
///
/// # Safety
/// Null, or a channel that is not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_coro_chan_park_recv(pointer: *mut c_void) {
    here::settle();
    here::forget_tries();
    // SAFETY: the caller's word.
    if let Some(channel) = unsafe { channel(pointer) } {
        here::intend(Intent::Receive(channel));
    }
}

/// States that the frame waits until its value is taken.
///
/// # Safety
/// Null, or a channel that is not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_coro_chan_park_send(pointer: *mut c_void, value: i64) {
    // SAFETY: the caller's word.
    let channel = unsafe { channel(pointer) };
    if let Some(unsent) = here::take_unsent() {
        let same = channel.is_some_and(|channel| std::ptr::eq(channel, unsent.channel));
        if !same || unsent.value != value {
            plain::send(unsent);
        }
    }
    here::forget_tries();
    if let Some(channel) = channel {
        here::intend(Intent::Send(channel, value));
    }
}

/// Frees a channel that nobody uses any more. New: the compiler need not call it.
///
/// # Safety
/// Null, or a channel that is not freed and on which nobody waits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qi_coro_chan_free(pointer: *mut c_void) {
    here::settle();
    here::forget_tries();
    if !pointer.is_null() {
        // SAFETY: the caller's word; made by `qi_coro_chan_new`.
        drop(unsafe { Box::from_raw(pointer.cast::<Channel>()) });
    }
}
