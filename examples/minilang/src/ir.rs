//! Functions as steps between labels: small enough for both ways of emitting them.
//!
//! A value lies in a slot: a variable or an intermediate result. What can fail, and so everything that
//! can wait, is an [`Action`]; where its error goes is written beside it.
#![forbid(unsafe_code)]

use crate::syntax::Operator;

/// Where a value lies; the first ones are the parameters.
pub(crate) type Slot = usize;

/// A place to jump to.
pub(crate) type Label = usize;

/// Where an error goes: the variable of a `捕获`, and its code. `None`: to the caller.
pub(crate) type Handler = Option<(Slot, Label)>;

/// What a branch of a select waits for.
#[derive(Clone, Debug)]
pub(crate) enum Case {
    Receive { channel: Slot, to: Slot },
    Send { channel: Slot, value: Slot },
    Timeout(Slot),
    Default,
}

/// A piece of what is printed.
#[derive(Clone, Debug)]
pub(crate) enum Piece {
    Text(String),
    Value(Slot),
}

/// What can fail.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// Division, or the remainder.
    Divide {
        operator: Operator,
        left: Slot,
        right: Slot,
        to: Slot,
    },
    /// A function, by its number.
    Call {
        function: usize,
        arguments: Vec<Slot>,
        to: Slot,
    },
    Spawn {
        function: usize,
        arguments: Vec<Slot>,
        to: Slot,
    },
    Await {
        task: Slot,
        to: Slot,
    },
    Cancel {
        task: Slot,
    },
    Channel {
        capacity: Slot,
        to: Slot,
    },
    Send {
        channel: Slot,
        value: Slot,
    },
    Receive {
        channel: Slot,
        to: Slot,
    },
    Close {
        channel: Slot,
    },
    Sleep {
        milliseconds: Slot,
    },
    Yield,
    Select {
        cases: Vec<Case>,
        to: Slot,
    },
    Throw {
        value: Slot,
    },
}

/// One step.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// The line of the source that the next steps belong to.
    Line(usize),
    Label(Label),
    Goto(Label),
    /// Jumps if the value is zero.
    Unless(Slot, Label),
    Number(Slot, i64),
    Copy {
        to: Slot,
        from: Slot,
    },
    Binary {
        operator: Operator,
        left: Slot,
        right: Slot,
        to: Slot,
    },
    Print(Vec<Piece>),
    Act(Action, Handler),
    Return(Slot),
}

/// A function.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) parameters: usize,
    pub(crate) slots: usize,
    pub(crate) steps: Vec<Step>,
}

impl Function {
    /// The most branches that a select of it has.
    pub(crate) fn widest_select(&self) -> usize {
        let width = |step: &Step| match step {
            Step::Act(Action::Select { cases, .. }, _) => cases.len(),
            _ => 0,
        };
        self.steps.iter().map(width).max().unwrap_or(0)
    }
}

/// The sign of C for an operator that cannot fail on numbers without a sign.
pub(crate) fn sign(operator: Operator) -> &'static str {
    match operator {
        Operator::Add => "+",
        Operator::Subtract => "-",
        Operator::Multiply => "*",
        Operator::Divide => "/",
        Operator::Remainder => "%",
        Operator::Less => "<",
        Operator::AtMost => "<=",
        Operator::More => ">",
        Operator::AtLeast => ">=",
        Operator::Equal => "==",
        Operator::Different => "!=",
    }
}
