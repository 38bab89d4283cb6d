//! The options of a stack pool, and their ranges.
#![forbid(unsafe_code)]

use crate::embedder::Embedder;
use crate::error::StackError;
use crate::memory;
use std::fmt;
use std::sync::Arc;

/// The smallest stack that holds a panic and its message.
const MIN_STACK: usize = 16 * 1024;
const MAX_STACK: usize = 1 << 30;
const MAX_STACK_POOL: usize = 1 << 20;

/// How the guard below each stack is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Guards {
    /// In the page tables where the kernel can (Linux 6.13), else as mappings.
    #[default]
    Auto,
    /// As mappings without access, which a process may have only so many of on Linux.
    Mappings,
}

/// The options of a [`StackPool`](crate::StackPool).
///
/// # Examples
/// ```
/// use qi_coroutine::{StackPool, StackPoolConfig};
/// let config = StackPoolConfig::default().max_stack_size(256 * 1024).stack_pool_size(16);
/// let pool = StackPool::new(config)?;
/// assert_eq!(pool.max_stack_size(), 256 * 1024);
/// # Ok::<(), qi_coroutine::StackError>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct StackPoolConfig {
    pub(crate) max_stack_size: usize,
    pub(crate) stack_pool_size: usize,
    pub(crate) guards: Guards,
    pub(crate) handles_overflow: bool,
    pub(crate) embedder: Option<Arc<dyn Embedder>>,
}

impl Default for StackPoolConfig {
    fn default() -> Self {
        Self {
            max_stack_size: 2 * 1024 * 1024,
            stack_pool_size: 128,
            guards: Guards::Auto,
            handles_overflow: true,
            embedder: None,
        }
    }
}

impl StackPoolConfig {
    /// Usable bytes of a stack for which no other size is asked, rounded up to pages; 16 KiB to
    /// 1 GiB. Default: 2 MiB.
    pub fn max_stack_size(mut self, bytes: usize) -> Self {
        self.max_stack_size = bytes;
        self
    }

    /// How many stacks of that size are allocated as a batch before the first one is handed out,
    /// and how many of each size stay in memory unused; at most 2²⁰. Default: 128.
    pub fn stack_pool_size(mut self, stacks: usize) -> Self {
        self.stack_pool_size = stacks;
        self
    }

    /// How guards are made. Default: the best that there is.
    pub fn guards(mut self, guards: Guards) -> Self {
        self.guards = guards;
        self
    }

    /// Whether the pool installs the handler that names the coroutine whose stack overflowed
    /// ([`overflow::install`](crate::overflow::install)). Default: `true`.
    pub fn overflow_handler(mut self, install: bool) -> Self {
        self.handles_overflow = install;
        self
    }

    /// Who is asked when a coroutine must block its thread. Default: nobody, it just blocks.
    pub fn embedder(mut self, embedder: Arc<dyn Embedder>) -> Self {
        self.embedder = Some(embedder);
        self
    }

    pub(crate) fn check(&self) -> Result<(), StackError> {
        check_size("max_stack_size", self.max_stack_size)?;
        if self.stack_pool_size > MAX_STACK_POOL {
            let accepted = format!("0..={MAX_STACK_POOL}");
            let value = self.stack_pool_size;
            return Err(StackError::Config { field: "stack_pool_size", value, accepted });
        }
        Ok(())
    }
}

impl fmt::Debug for StackPoolConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StackPoolConfig")
            .field("max_stack_size", &self.max_stack_size)
            .field("stack_pool_size", &self.stack_pool_size)
            .field("guards", &self.guards)
            .field("overflow_handler", &self.handles_overflow)
            .field("embedder", &self.embedder.is_some())
            .finish()
    }
}

/// The size rounded up to pages, or why it is none.
pub(crate) fn check_size(field: &'static str, bytes: usize) -> Result<usize, StackError> {
    if !(MIN_STACK..=MAX_STACK).contains(&bytes) {
        let accepted = format!("{MIN_STACK}..={MAX_STACK} bytes");
        return Err(StackError::Config { field, value: bytes, accepted });
    }
    Ok(bytes.next_multiple_of(memory::page_size()))
}
