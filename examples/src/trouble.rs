//! An error as the user of a program reads it: what was tried, why it failed, in English and in
//! Chinese.

use qi_runtime::net::AddressError;
use qi_runtime::{NoRuntimeError, RuntimeError};
use std::fmt;
use std::io;

/// What ends a program: one line in English, one in Chinese.
///
/// # Examples
/// ```
/// use qi_examples::Trouble;
/// use std::io;
/// let error = io::Error::from(io::ErrorKind::AddrInUse);
/// let trouble = Trouble::io("cannot listen on 127.0.0.1:80", "无法监听 127.0.0.1:80", &error);
/// let text = trouble.to_string();
/// assert!(text.starts_with("cannot listen on 127.0.0.1:80: "));
/// assert!(text.ends_with("\n无法监听 127.0.0.1:80：地址已被占用"));
/// ```
#[derive(Debug)]
pub struct Trouble {
    english: String,
    chinese: String,
}

impl Trouble {
    /// Something that the program says by itself.
    pub fn new(english: impl Into<String>, chinese: impl Into<String>) -> Self {
        Self { english: english.into(), chinese: chinese.into() }
    }

    /// Wrong arguments.
    #[must_use]
    pub fn usage(error: &impl fmt::Display) -> Self {
        Self::new(format!("{error} (--help shows the usage)"), "参数有误（用 --help 查看用法）")
    }

    /// A failed operation of the system: what was tried, in both languages, and why it failed.
    #[must_use]
    pub fn io(english: &str, chinese: &str, error: &io::Error) -> Self {
        Self::new(format!("{english}: {error}"), format!("{chinese}：{}", reason_zh(error)))
    }
}

/// Why an operation failed, in Chinese where it has a text.
fn reason_zh(error: &io::Error) -> String {
    let inner = error.get_ref();
    if let Some(error) = inner.and_then(|inner| inner.downcast_ref::<AddressError>()) {
        return error.message_zh();
    }
    if let Some(error) = inner.and_then(|inner| inner.downcast_ref::<NoRuntimeError>()) {
        return error.message_zh();
    }
    let text = match error.kind() {
        io::ErrorKind::AddrInUse => "地址已被占用",
        io::ErrorKind::AddrNotAvailable => "本机没有这个地址",
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => "连接被对方重置",
        io::ErrorKind::ConnectionRefused => "连接被拒绝，该地址上没有服务在监听",
        io::ErrorKind::NotFound => "不存在",
        io::ErrorKind::PermissionDenied => "权限不足",
        io::ErrorKind::TimedOut => "超时",
        io::ErrorKind::UnexpectedEof => "对方提前关闭了连接",
        _ => return error.to_string(),
    };
    text.to_owned()
}

impl From<RuntimeError> for Trouble {
    fn from(error: RuntimeError) -> Self {
        Self::new(error.to_string(), error.message_zh())
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.english, self.chinese)
    }
}

impl std::error::Error for Trouble {}
