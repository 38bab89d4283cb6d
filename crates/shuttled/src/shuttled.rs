//! Shuttle's primitives, by the names and with the methods of the standard library's.
#![forbid(unsafe_code)]

use shuttle::thread::LocalKey;
use std::cell::Cell;

pub(crate) use shuttle::hint::spin_loop;

pub(crate) mod sync {
    //! Locks; what does not block stays the standard library's.
    pub(crate) use shuttle::sync::{Condvar, Mutex, MutexGuard};
    pub(crate) use std::sync::{Arc, LockResult, OnceLock, PoisonError, TryLockError, Weak};

    pub(crate) mod atomic {
        //! Atomics.
        pub(crate) use shuttle::sync::atomic::{
            AtomicBool, AtomicIsize, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, fence,
        };
        pub(crate) use std::sync::atomic::Ordering;
    }
}

pub(crate) mod thread {
    //! Threads.
    pub(crate) use shuttle::thread::{ThreadId, current, yield_now};
    pub(crate) use std::thread::{Result, panicking};

    /// A thread's handle, which says of no thread that it has ended: then it is joined.
    #[derive(Debug)]
    pub(crate) struct JoinHandle<T>(shuttle::thread::JoinHandle<T>);

    impl<T> JoinHandle<T> {
        pub(crate) fn join(self) -> Result<T> {
            self.0.join()
        }

        pub(crate) fn is_finished(&self) -> bool {
            false
        }

        pub(crate) fn thread(&self) -> &shuttle::thread::Thread {
            self.0.thread()
        }
    }

    /// Shuttle says for all threads how large their stacks are.
    pub(crate) struct Builder(shuttle::thread::Builder);

    impl Builder {
        pub(crate) fn new() -> Self {
            Self(shuttle::thread::Builder::new())
        }

        pub(crate) fn name(self, name: String) -> Self {
            Self(self.0.name(name))
        }

        pub(crate) fn stack_size(self, _bytes: usize) -> Self {
            self
        }

        pub(crate) fn spawn<F, T>(self, body: F) -> std::io::Result<JoinHandle<T>>
        where
            F: FnOnce() -> T + Send + 'static,
            T: Send + 'static,
        {
            self.0.spawn(body).map(JoinHandle)
        }
    }
}

/// What the standard library's thread-locals can do if they are cells.
pub(crate) trait CellKey<T: 'static> {
    fn set(&'static self, value: T);
    fn replace(&'static self, value: T) -> T;
    fn take(&'static self) -> T
    where
        T: Default;
    fn get(&'static self) -> T
    where
        T: Copy;
}

impl<T: 'static> CellKey<T> for LocalKey<Cell<T>> {
    fn set(&'static self, value: T) {
        self.with(|cell| cell.set(value));
    }

    fn replace(&'static self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }

    fn take(&'static self) -> T
    where
        T: Default,
    {
        self.with(Cell::take)
    }

    fn get(&'static self) -> T
    where
        T: Copy,
    {
        self.with(Cell::get)
    }
}
