//! What can be wrong with an address before the network is asked.

use std::io;
use thiserror::Error;

/// Why a socket address leads nowhere. It is the inner error of an [`io::Error`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AddressError {
    /// The text is neither `address:port` nor `host:port`.
    #[error("`{given}` is no socket address: expected host:port, for instance 127.0.0.1:7000")]
    Malformed {
        /// The text.
        given: String,
    },
    /// There is no address to try: the list was empty, or the name has none.
    #[error("there is no address to try")]
    None,
}

impl AddressError {
    /// The message in Chinese.
    ///
    /// # Examples
    /// ```
    /// use qi_runtime::net::{AddressError, TcpListener};
    /// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
    /// let error = runtime.block_on(TcpListener::bind("localhost")).unwrap_err();
    /// let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<AddressError>());
    /// let zh = inner.unwrap().message_zh();
    /// assert_eq!(zh, "“localhost”不是套接字地址：应为 主机:端口，例如 127.0.0.1:7000");
    /// ```
    #[must_use]
    pub fn message_zh(&self) -> String {
        match self {
            Self::Malformed { given } => {
                format!("“{given}”不是套接字地址：应为 主机:端口，例如 127.0.0.1:7000")
            }
            Self::None => "没有可用的地址".to_owned(),
        }
    }
}

impl From<AddressError> for io::Error {
    fn from(error: AddressError) -> Self {
        Self::new(io::ErrorKind::InvalidInput, error)
    }
}
