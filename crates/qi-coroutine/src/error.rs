//! Errors of the stack pool, in English and Chinese.
#![forbid(unsafe_code)]

use std::io;
use thiserror::Error;

/// Why there is no stack, or no pool of them.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StackError {
    /// An option has a value outside its range.
    #[error("{field} is {value}, accepted is {accepted}")]
    Config {
        /// The option's name.
        field: &'static str,
        /// What it was given.
        value: usize,
        /// What it accepts.
        accepted: String,
    },
    /// The system gave no address space to put stacks in.
    #[error("could not reserve address space for stacks, not even {bytes} bytes")]
    Reserve {
        /// The least that was asked for.
        bytes: usize,
        /// The system's reason.
        source: io::Error,
    },
    /// All address space that was reserved is in use.
    #[error(
        "no room for another stack of {bytes} bytes in the {reserved} bytes reserved for stacks"
    )]
    Exhausted {
        /// Usable bytes of the stack that was asked for.
        bytes: usize,
        /// All that is reserved.
        reserved: usize,
    },
    /// Each guard costs memory mappings here, and the process has only so many.
    #[error(
        "no more than {stacks} stacks can have guards here: this kernel has no page-table guards \
         (Linux 6.13) and a process may have so many mappings only (vm.max_map_count)"
    )]
    GuardBudget {
        /// How many stacks have a guard.
        stacks: usize,
    },
    /// The system refused the memory of a stack, or its guard.
    #[error("could not prepare a stack")]
    Prepare(#[source] io::Error),
}

impl StackError {
    /// The message in Chinese.
    #[must_use]
    pub fn message_zh(&self) -> String {
        match self {
            Self::Config { field, value, accepted } => {
                format!("配置项 {field} 的值为 {value}，允许的范围是 {accepted}")
            }
            Self::Reserve { bytes, source } => {
                format!("无法为协程栈预留地址空间，{bytes} 字节也不行：{source}")
            }
            Self::Exhausted { bytes, reserved } => {
                format!("为协程栈预留的 {reserved} 字节已用完，无法再分配 {bytes} 字节的栈")
            }
            Self::GuardBudget { stacks } => format!(
                "最多只能为 {stacks} 个栈设置保护页：此内核不支持页表级保护（需 Linux 6.13 及以上），\
                 而进程的内存映射数有上限（vm.max_map_count）"
            ),
            Self::Prepare(source) => format!("无法准备协程栈：{source}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_the_figures_in_both_languages() {
        let errors = [
            StackError::Config { field: "f", value: 41, accepted: "1..=2".into() },
            StackError::Reserve { bytes: 41, source: io::Error::other("x") },
            StackError::Exhausted { bytes: 41, reserved: 9 },
            StackError::GuardBudget { stacks: 41 },
        ];
        for error in errors {
            assert!(error.to_string().contains("41"), "{error}");
            assert!(error.message_zh().contains("41"), "{}", error.message_zh());
        }
    }
}
