//! The one error type of this crate, in English and in Chinese.

use std::io;

/// What can go wrong in the reactor itself.
///
/// Errors of a source (a socket that is reset, a registration the system refuses) stay
/// [`io::Error`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReactorError {
    /// The number of shards is outside the accepted range.
    #[error("shards is {given}, accepted is 1 to {max}")]
    ShardsOutOfRange {
        /// The number that was asked for.
        given: usize,
        /// The largest number accepted.
        max: usize,
    },
    /// The number of events collected in one turn is outside the accepted range.
    #[error("events_per_turn is {given}, accepted is 1 to {max}")]
    EventsPerTurnOutOfRange {
        /// The number that was asked for.
        given: usize,
        /// The largest number accepted.
        max: usize,
    },
    /// The system refused an event queue.
    #[error("could not create the event queue (epoll_create1, kqueue or CreateIoCompletionPort)")]
    CreateQueue(#[source] io::Error),
    /// The system refused a second descriptor for the event queue.
    #[error("could not duplicate the descriptor of the event queue (fcntl)")]
    ShareQueue(#[source] io::Error),
    /// The system refused the object that wakes a parked thread.
    #[error(
        "could not create the waker of the event queue (eventfd and epoll_ctl, or EVFILT_USER)"
    )]
    CreateWaker(#[source] io::Error),
    /// The system refused the timer that ends a wait at an exact time.
    #[error("could not create the timer of the event queue (timerfd_create)")]
    CreateTimer(#[source] io::Error),
    /// The system refused to watch that timer.
    #[error("could not watch the timer of the event queue (epoll_ctl)")]
    WatchTimer(#[source] io::Error),
    /// The reactor was closed: nothing waits on it any more.
    #[error("the reactor is closed")]
    Closed,
    /// A shard holds as many sources as a token can number.
    #[error("a shard of the reactor holds {limit} sources already")]
    TooManySources {
        /// How many sources one shard can hold.
        limit: usize,
    },
    /// A shard holds as many timers as a key can number.
    #[error("a shard of the reactor holds {limit} timers already")]
    TooManyTimers {
        /// How many timers one shard can hold.
        limit: usize,
    },
}

impl ReactorError {
    /// Returns the message in Chinese.
    ///
    /// # Examples
    ///
    /// ```
    /// let error = qi_reactor::Reactor::new(0).unwrap_err();
    /// assert_eq!(error.message_zh(), "分片数为 0，允许范围是 1 到 1024");
    /// ```
    #[must_use]
    pub fn message_zh(&self) -> String {
        match self {
            Self::ShardsOutOfRange { given, max } => {
                format!("分片数为 {given}，允许范围是 1 到 {max}")
            }
            Self::EventsPerTurnOutOfRange { given, max } => {
                format!("单轮事件数上限为 {given}，允许范围是 1 到 {max}")
            }
            Self::CreateQueue(source) => {
                format!(
                    "无法创建事件队列（epoll_create1、kqueue 或 CreateIoCompletionPort）：{source}"
                )
            }
            Self::ShareQueue(source) => format!("无法复制事件队列的描述符（fcntl）：{source}"),
            Self::CreateWaker(source) => {
                format!(
                    "无法创建事件队列的唤醒器（eventfd 与 epoll_ctl，或 EVFILT_USER）：{source}"
                )
            }
            Self::CreateTimer(source) => {
                format!("无法创建事件队列的定时器（timerfd_create）：{source}")
            }
            Self::WatchTimer(source) => {
                format!("无法将定时器加入事件队列（epoll_ctl）：{source}")
            }
            Self::Closed => "反应器已关闭".to_owned(),
            Self::TooManySources { limit } => {
                format!("反应器的一个分片最多登记 {limit} 个事件源，现已满")
            }
            Self::TooManyTimers { limit } => {
                format!("反应器的一个分片最多容纳 {limit} 个定时器，现已满")
            }
        }
    }
}

impl From<ReactorError> for io::Error {
    /// Wraps the error so that I/O calls can return it; `get_ref` and a downcast give it back.
    fn from(error: ReactorError) -> Self {
        Self::other(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error as _;

    fn every_error() -> Vec<ReactorError> {
        let refused = || io::Error::from_raw_os_error(24);
        vec![
            ReactorError::ShardsOutOfRange { given: 0, max: 7 },
            ReactorError::EventsPerTurnOutOfRange { given: 0, max: 7 },
            ReactorError::CreateQueue(refused()),
            ReactorError::ShareQueue(refused()),
            ReactorError::CreateWaker(refused()),
            ReactorError::CreateTimer(refused()),
            ReactorError::WatchTimer(refused()),
            ReactorError::Closed,
            ReactorError::TooManySources { limit: 1 },
            ReactorError::TooManyTimers { limit: 1 },
        ]
    }

    #[test]
    fn messages_are_lower_case_without_a_full_stop_and_have_a_chinese_text() {
        for error in every_error() {
            let english = error.to_string();
            assert!(english.starts_with(|c: char| c.is_lowercase()), "{english}");
            assert!(!english.ends_with('.'), "{english}");
            assert!(!error.message_zh().is_ascii(), "{english}");
        }
    }

    #[test]
    fn an_error_of_the_system_is_kept_as_the_source() {
        let error = ReactorError::CreateTimer(io::Error::from_raw_os_error(24));
        let source = error.source().and_then(|source| source.downcast_ref::<io::Error>());
        assert_eq!(source.and_then(io::Error::raw_os_error), Some(24));
    }

    #[test]
    fn an_io_error_made_of_it_gives_it_back() {
        let error = io::Error::from(ReactorError::Closed);
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<ReactorError>());
        assert!(matches!(inner, Some(ReactorError::Closed)));
    }
}
