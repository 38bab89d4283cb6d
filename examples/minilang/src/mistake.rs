//! What can be wrong with a program.
#![forbid(unsafe_code)]

use thiserror::Error;

/// A mistake in the source.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Mistake {
    /// A character that begins nothing.
    #[error("line {line}: `{found}` begins nothing")]
    Character {
        /// The line, from 1.
        line: usize,
        /// The character.
        found: char,
    },
    /// A text without its end.
    #[error("line {line}: the text has no end")]
    Text {
        /// The line where it begins.
        line: usize,
    },
    /// A number that does not fit into 64 bits.
    #[error("line {line}: `{found}` is no number of 64 bits")]
    Number {
        /// The line.
        line: usize,
        /// What stands there.
        found: String,
    },
    /// Something else is expected.
    #[error("line {line}: `{found}` where {expected} is expected")]
    Unexpected {
        /// The line.
        line: usize,
        /// What stands there.
        found: String,
        /// What should.
        expected: &'static str,
    },
    /// A name that nothing has.
    #[error("line {line}: nothing is called `{name}`")]
    Unknown {
        /// The line.
        line: usize,
        /// The name.
        name: String,
    },
    /// A function with another number of arguments.
    #[error("line {line}: `{name}` takes {takes} arguments")]
    Arguments {
        /// The line.
        line: usize,
        /// The function.
        name: String,
        /// How many it takes.
        takes: usize,
    },
    /// Two functions with one name.
    #[error("line {line}: there are two functions `{name}`")]
    Twice {
        /// The line of the second.
        line: usize,
        /// The name.
        name: String,
    },
    /// `跳出` or `继续` outside of a loop.
    #[error("line {line}: there is no loop to leave")]
    NoLoop {
        /// The line.
        line: usize,
    },
    /// No function `主`.
    #[error("there is no function `主` without parameters")]
    NoMain,
}

impl Mistake {
    /// The message in Chinese.
    #[must_use]
    pub fn message_zh(&self) -> String {
        match self {
            Self::Character { line, found } => format!("第 {line} 行：不认识的字符“{found}”"),
            Self::Text { line } => format!("第 {line} 行：文本没有结束"),
            Self::Number { line, found } => format!("第 {line} 行：“{found}”不是 64 位整数"),
            Self::Unexpected { line, found, .. } => {
                format!("第 {line} 行：“{found}”出现在不该出现的地方")
            }
            Self::Unknown { line, name } => format!("第 {line} 行：没有叫做“{name}”的东西"),
            Self::Arguments { line, name, takes } => {
                format!("第 {line} 行：“{name}”需要 {takes} 个参数")
            }
            Self::Twice { line, name } => format!("第 {line} 行：函数“{name}”定义了两次"),
            Self::NoLoop { line } => format!("第 {line} 行：不在循环里"),
            Self::NoMain => "没有不带参数的函数“主”".to_owned(),
        }
    }
}
