//! The tree of a program.
#![forbid(unsafe_code)]

/// Operators between two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Less,
    AtMost,
    More,
    AtLeast,
    Equal,
    Different,
}

/// What the language can do by itself; each looks like a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Builtin {
    Channel,
    Send,
    Receive,
    Close,
    Sleep,
    Yield,
    Cancel,
}

impl Builtin {
    /// Its name, and how many arguments it takes.
    pub(crate) const ALL: &'static [(&'static str, Builtin, usize)] = &[
        ("通道", Builtin::Channel, 1),
        ("发送", Builtin::Send, 2),
        ("接收", Builtin::Receive, 1),
        ("关闭", Builtin::Close, 1),
        ("睡眠", Builtin::Sleep, 1),
        ("让出", Builtin::Yield, 0),
        ("取消", Builtin::Cancel, 1),
    ];
}

/// An expression; calls and names with their lines.
#[derive(Clone, Debug)]
pub(crate) enum Expression {
    Number(i64),
    Name(String, usize),
    Binary(Operator, Box<Expression>, Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
    Not(Box<Expression>),
    Call(String, Vec<Expression>, usize),
    Spawn(String, Vec<Expression>, usize),
    Await(Box<Expression>),
}

/// What `打印` prints.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    Text(String),
    Value(Expression),
}

/// What a branch of `选择` waits for.
#[derive(Clone, Debug)]
pub(crate) enum Wait {
    Receive(Expression, String),
    Send(Expression, Expression),
    Timeout(Expression),
    Default,
}

/// A statement.
#[derive(Clone, Debug)]
pub(crate) enum Statement {
    Let(String, Expression),
    Set(String, Expression),
    If(Expression, Vec<Line>, Vec<Line>),
    While(Expression, Vec<Line>),
    Break,
    Continue,
    Return(Option<Expression>),
    Throw(Expression),
    Try(Vec<Line>, String, Vec<Line>),
    Select(Vec<(Wait, Vec<Line>)>),
    Print(Vec<Item>),
    Do(Expression),
}

/// A statement and its line.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) number: usize,
    pub(crate) statement: Statement,
}

/// A function.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) line: usize,
    pub(crate) parameters: Vec<String>,
    pub(crate) body: Vec<Line>,
}
