//! What can be wrong with a request before the system is asked.

use std::io;
use thiserror::Error;

/// Why something is not what a call needs. It is the inner error of an [`io::Error`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UnixError {
    /// More descriptors than one message may carry.
    #[error("{given} descriptors for one message, more than {most}")]
    TooManyDescriptors {
        /// How many were to be sent.
        given: usize,
        /// How many can be.
        most: usize,
    },
    /// Nothing can be sent to a socket that has no name.
    #[error("the address has no name")]
    Unnamed,
    /// The file is no pipe.
    #[error("the file is no pipe")]
    NoPipe,
    /// The pipe is not open in this direction.
    #[error("this is the other end of the pipe")]
    OtherEnd,
}

impl UnixError {
    /// The message in Chinese.
    ///
    /// # Examples
    /// ```
    /// use qi_runtime::net::unix::{UnixError, pipe};
    /// # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build().unwrap();
    /// let error = runtime.handle().enter(|| pipe::open_receiver("/dev/null")).unwrap_err();
    /// let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<UnixError>());
    /// assert_eq!(inner.unwrap().message_zh(), "该文件不是管道");
    /// ```
    #[must_use]
    pub fn message_zh(&self) -> String {
        match self {
            Self::TooManyDescriptors { given, most } => {
                format!("一条消息要带 {given} 个描述符，上限是 {most} 个")
            }
            Self::Unnamed => "该地址没有名字".to_owned(),
            Self::NoPipe => "该文件不是管道".to_owned(),
            Self::OtherEnd => "这是管道的另一端".to_owned(),
        }
    }
}

impl From<UnixError> for io::Error {
    fn from(error: UnixError) -> Self {
        Self::new(io::ErrorKind::InvalidInput, error)
    }
}
