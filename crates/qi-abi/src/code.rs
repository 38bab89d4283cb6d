//! The codes that every call of the ABI answers with, their names, and their texts in two languages.
//!
//! 0 is success, a positive code is an outcome that is no error, a negative one is an error. Errors
//! of the operating system are carried as `OS_BASE - errno`, a program's own ones lie below
//! `USER_BASE`. The numbers are part of the ABI: they are never given a new meaning.
#![forbid(unsafe_code)]

use std::io;

use crate::export::codes::{self, QI_ERR_OS_BASE as OS_BASE, QI_ERR_USER_BASE as USER_BASE};

/// What a call answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Code(pub(crate) i32);

/// One code.
struct Row {
    code: Code,
    name: &'static str,
    en: &'static str,
    zh: &'static str,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $value:ident, $en:literal, $zh:literal;)*) => {
        impl Code {
            $($(#[$doc])* pub(crate) const $name: Code = Code(codes::$value);)*
        }

        const ROWS: &[Row] = &[
            $(Row { code: Code::$name, name: concat!("QI_", stringify!($name), "\0"), en: $en, zh: $zh },)*
        ];
    };
}

codes! {
    OK = QI_OK, "success", "成功";
    PENDING = QI_PENDING, "not ready yet, the waker will be called", "尚未就绪，就绪时会唤醒";
    EOF = QI_EOF, "the other side has closed its end", "对方已关闭，没有更多数据";
    ERR_NULL = QI_ERR_NULL, "a pointer that must not be null is null", "不允许为空的指针为空";
    ERR_ALIGNMENT = QI_ERR_ALIGNMENT, "a pointer is not aligned for what it points to", "指针没有按所指类型对齐";
    ERR_INVALID = QI_ERR_INVALID, "an argument is outside its range", "参数超出允许范围";
    ERR_STRUCT_SIZE = QI_ERR_STRUCT_SIZE, "struct_size is none that this library knows", "struct_size 不是本库认识的大小";
    ERR_UTF8 = QI_ERR_UTF8, "a text is not valid UTF-8", "文本不是合法的 UTF-8";
    ERR_STALE = QI_ERR_STALE, "the handle was released, or never given out", "句柄已被释放，或从未发放过";
    ERR_KIND = QI_ERR_KIND, "the handle is of another kind", "句柄的种类不对";
    ERR_NOT_INIT = QI_ERR_NOT_INIT, "no runtime was initialised", "尚未初始化运行时";
    ERR_SHUTDOWN = QI_ERR_SHUTDOWN, "the runtime was shut down", "运行时已经关闭";
    ERR_FORKED = QI_ERR_FORKED, "the process is a forked child, which may only call exec", "这是 fork 出的子进程，只允许调用 exec";
    ERR_WOULD_BLOCK = QI_ERR_WOULD_BLOCK, "a call that suspends was made inside a poll function", "在轮询函数里调用了会挂起的函数";
    ERR_CANCELLED = QI_ERR_CANCELLED, "the task was cancelled", "任务已被取消";
    ERR_TIMEOUT = QI_ERR_TIMEOUT, "the time is over", "超时";
    ERR_CLOSED = QI_ERR_CLOSED, "the channel or semaphore is closed", "通道或信号量已关闭";
    ERR_FULL = QI_ERR_FULL, "there is no room at the moment", "目前没有空位";
    ERR_EMPTY = QI_ERR_EMPTY, "there is nothing at the moment", "目前没有数据";
    ERR_PANIC = QI_ERR_PANIC, "code of the runtime, or called by it, panicked", "运行时或它调用的代码发生了 panic";
    ERR_NO_MEMORY = QI_ERR_NO_MEMORY, "memory, threads or handles are used up", "内存、线程或句柄已耗尽";
    ERR_STACKS = QI_ERR_STACKS, "no stack is left for another coroutine", "没有可用的协程栈了";
    ERR_UNSUPPORTED = QI_ERR_UNSUPPORTED, "this platform or build cannot do it", "本平台或本次构建不支持该操作";
    ERR_BUSY = QI_ERR_BUSY, "somebody else is using it", "正被他人使用";
    ERR_CYCLE = QI_ERR_CYCLE, "the graph has a cycle", "任务图中有环";
    ERR_TAKEN = QI_ERR_TAKEN, "the result was taken before", "结果已经被取走";
    ERR_NOT_OWNER = QI_ERR_NOT_OWNER, "it is held by somebody else, or by nobody", "当前持有者不是调用者";
    ERR_DEADLOCK = QI_ERR_DEADLOCK, "a task would wait for itself", "任务在等待自己";
    ERR_FINISHED = QI_ERR_FINISHED, "the task has ended already", "任务已经结束";
    ERR_NOT_CANCELLABLE = QI_ERR_NOT_CANCELLABLE, "a blocking call that has started cannot be cancelled", "已经开始的阻塞调用无法取消";
    ERR_NOT_IN_TASK = QI_ERR_NOT_IN_TASK, "the caller is not a task of this runtime", "调用者不是本运行时的任务";
    ERR_ADDRESS = QI_ERR_ADDRESS, "the text is not a network address", "文本不是网络地址";
    ERR_FAILED = QI_ERR_FAILED, "the task failed", "任务失败";
}

/// A language of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    Chinese,
}

impl Code {
    /// The operating system's number in it, 0 if there is none.
    pub(crate) fn os_number(self) -> i32 {
        if self.0 <= OS_BASE && self.0 > USER_BASE { OS_BASE - self.0 } else { 0 }
    }

    fn row(self) -> Option<&'static Row> {
        ROWS.iter().find(|row| row.code == self)
    }

    /// Its name as the header spells it, ended by a zero.
    pub(crate) fn name(self) -> &'static str {
        match self.row() {
            Some(row) => row.name,
            None if self.0 <= USER_BASE => "QI_ERR_USER\0",
            None if self.os_number() > 0 => "QI_ERR_OS\0",
            None => "QI_ERR_UNKNOWN\0",
        }
    }

    /// What it means.
    pub(crate) fn message(self, language: Language) -> String {
        let english = language == Language::English;
        if let Some(row) = self.row() {
            return if english { row.en } else { row.zh }.to_owned();
        }
        let number = self.os_number();
        if number > 0 {
            let error = io::Error::from_raw_os_error(number);
            return if english { error.to_string() } else { format!("系统错误：{error}") };
        }
        let (en, zh) = if self.0 <= USER_BASE {
            ("an error of the program", "程序自定义的错误")
        } else {
            ("no code of this library", "本库没有这个代码")
        };
        format!("{} ({})", if english { en } else { zh }, self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_is_given_twice_and_each_has_both_texts() {
        for (index, row) in ROWS.iter().enumerate() {
            assert!(ROWS[index + 1..].iter().all(|other| other.code != row.code), "{}", row.name);
            assert!(!row.en.is_empty() && !row.zh.is_ascii(), "{}", row.name);
            assert!(row.name.ends_with('\0') && row.code.0 > OS_BASE);
        }
    }

    #[test]
    fn number_of_the_system_speaks_with_the_system_s_words() {
        let error = io::Error::from_raw_os_error(2);
        let code = Code(OS_BASE - 2);
        assert_eq!(code.os_number(), 2);
        assert_eq!(code.message(Language::English), error.to_string());
        assert_eq!(code.name(), "QI_ERR_OS\0");
    }

    #[test]
    fn codes_of_nobody_are_told_as_such() {
        assert_eq!(Code(-999).name(), "QI_ERR_UNKNOWN\0");
        assert_eq!(Code(-999).os_number(), 0);
        assert_eq!(Code(USER_BASE - 5).name(), "QI_ERR_USER\0");
        assert!(Code(77).message(Language::Chinese).contains("77"));
    }
}
