//! What handles stand for, and the one table of all of it.
//!
//! The table is a global: a handle must mean the same to every caller of the library, whatever
//! runtime it belongs to. Each kind of object says here how it gets in and out.
#![forbid(unsafe_code)]

use std::marker::PhantomData;
use std::ops::Deref;

use crate::code::Code;
use crate::handle::{Kind, Pinned, Table};

/// What lies behind a handle of one kind.
pub(crate) trait Object: Send + Sync + Sized + 'static {
    const KIND: Kind;

    fn wrap(self) -> Any;
    fn unwrap(any: &Any) -> Option<&Self>;
}

macro_rules! objects {
    ($($kind:ident($type:ty),)*) => {
        /// An object of any kind.
        pub(crate) enum Any {
            $($kind($type),)*
        }

        $(impl Object for $type {
            const KIND: Kind = Kind::$kind;

            fn wrap(self) -> Any {
                Any::$kind(self)
            }

            fn unwrap(any: &Any) -> Option<&Self> {
                match any {
                    Any::$kind(object) => Some(object),
                    _ => None,
                }
            }
        })*
    };
}

objects! {
    Runtime(crate::runtime::Instance),
    Task(crate::task::Task),
    Waker(crate::waker::HandedWaker),
    Scope(crate::scope::Scope),
    Channel(crate::channel::Channel),
    Mutex(crate::sync::mutex::Mutex),
    RwLock(crate::sync::rwlock::RwLock),
    Semaphore(crate::sync::semaphore::Semaphore),
    WaitGroup(crate::sync::wait_group::WaitGroup),
    Once(crate::sync::once::Once),
    Event(crate::sync::event::Event),
    Timer(crate::timer::Timer),
    Local(crate::own::Local),
    TcpListener(crate::net::Listener),
    TcpStream(crate::net::Stream),
    Udp(crate::net::Socket),
    File(crate::file::File),
    Graph(crate::graph::Graph),
}

static OBJECTS: Table<Any> = Table::new();

/// An object that a call is inside of: it stays while this lives.
pub(crate) struct Here<T: Object> {
    any: Pinned<'static, Any>,
    kind: PhantomData<fn() -> T>,
}

impl<T: Object> Deref for Here<T> {
    type Target = T;

    fn deref(&self) -> &T {
        T::unwrap(&self.any).expect("checked when it was found")
    }
}

/// Gives an object to the other side; the handle is its first reference.
pub(crate) fn publish<T: Object>(object: T) -> Result<u64, Code> {
    OBJECTS.insert(T::KIND, object.wrap())
}

/// Finds the object of a handle.
pub(crate) fn find<T: Object>(handle: u64) -> Result<Here<T>, Code> {
    let any = OBJECTS.pin(handle, T::KIND)?;
    // A handle whose kind was changed by hand leads to an object of another kind.
    if T::unwrap(&any).is_none() {
        return Err(Code::ERR_KIND);
    }
    Ok(Here { any, kind: PhantomData })
}

pub(crate) fn retain(handle: u64) -> Result<(), Code> {
    OBJECTS.retain(handle)
}

pub(crate) fn release(handle: u64) -> Result<(), Code> {
    OBJECTS.release(handle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_small_where_they_are_moved() {
        // A task is put in and taken out for each spawn: what is larger keeps its parts in boxes.
        assert!(size_of::<Any>() <= 112, "{}", size_of::<Any>());
    }
}
