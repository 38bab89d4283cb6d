//! Expressions become steps that leave a value in a slot.
#![forbid(unsafe_code)]

use super::{Lowering, Result};
use crate::ir::{Action, Slot, Step};
use crate::mistake::Mistake;
use crate::syntax::{Builtin, Expression, Operator};

impl Lowering<'_> {
    pub(super) fn expression(&mut self, expression: &Expression) -> Result<Slot> {
        match expression {
            Expression::Number(number) => Ok(self.number(*number)),
            Expression::Name(name, line) => {
                // A copy: what stands to the right of it may change the variable.
                let (from, to) = (self.variable(name, *line)?, self.slot());
                self.steps.push(Step::Copy { to, from });
                Ok(to)
            }
            Expression::Binary(operator, left, right) => self.binary(*operator, left, right),
            Expression::And(left, right) => self.short(left, right, false),
            Expression::Or(left, right) => self.short(left, right, true),
            Expression::Not(inner) => {
                let (left, right, to) = (self.expression(inner)?, self.number(0), self.slot());
                self.steps.push(Step::Binary { operator: Operator::Equal, left, right, to });
                Ok(to)
            }
            Expression::Call(name, arguments, line) => self.call(name, arguments, *line),
            Expression::Spawn(name, arguments, line) => {
                let (function, arguments) = self.applied(name, arguments, *line)?;
                let to = self.slot();
                self.act(Action::Spawn { function, arguments, to });
                Ok(to)
            }
            Expression::Await(task) => {
                let (task, to) = (self.expression(task)?, self.slot());
                self.act(Action::Await { task, to });
                Ok(to)
            }
        }
    }

    fn binary(
        &mut self,
        operator: Operator,
        left: &Expression,
        right: &Expression,
    ) -> Result<Slot> {
        let (left, right) = (self.expression(left)?, self.expression(right)?);
        let to = self.slot();
        match operator {
            Operator::Divide | Operator::Remainder => {
                self.act(Action::Divide { operator, left, right, to });
            }
            _ => self.steps.push(Step::Binary { operator, left, right, to }),
        }
        Ok(to)
    }

    /// `且` and `或`, whose right side counts only if the left one has not decided.
    fn short(&mut self, left: &Expression, right: &Expression, is_or: bool) -> Result<Slot> {
        let (to, end) = (self.slot(), self.label());
        let left = self.truth(left)?;
        self.steps.push(Step::Copy { to, from: left });
        let decides = if is_or { self.opposite(left) } else { left };
        self.steps.push(Step::Unless(decides, end));
        let right = self.truth(right)?;
        self.steps.push(Step::Copy { to, from: right });
        self.place(end);
        Ok(to)
    }

    /// 1 or 0.
    fn truth(&mut self, expression: &Expression) -> Result<Slot> {
        let (left, right, to) = (self.expression(expression)?, self.number(0), self.slot());
        self.steps.push(Step::Binary { operator: Operator::Different, left, right, to });
        Ok(to)
    }

    fn opposite(&mut self, left: Slot) -> Slot {
        let (right, to) = (self.number(0), self.slot());
        self.steps.push(Step::Binary { operator: Operator::Equal, left, right, to });
        to
    }

    fn arguments(&mut self, arguments: &[Expression]) -> Result<Vec<Slot>> {
        arguments.iter().map(|argument| self.expression(argument)).collect()
    }

    /// A function of the program and its arguments.
    fn applied(
        &mut self,
        name: &str,
        arguments: &[Expression],
        line: usize,
    ) -> Result<(usize, Vec<Slot>)> {
        let unknown = || Mistake::Unknown { line, name: name.to_owned() };
        let (function, takes) = *self.known.0.get(name).ok_or_else(unknown)?;
        if takes != arguments.len() {
            return Err(Mistake::Arguments { line, name: name.to_owned(), takes });
        }
        Ok((function, self.arguments(arguments)?))
    }

    fn call(&mut self, name: &str, arguments: &[Expression], line: usize) -> Result<Slot> {
        let builtin = Builtin::ALL.iter().find(|(known, ..)| *known == name);
        let Some((_, builtin, takes)) = builtin else {
            let (function, arguments) = self.applied(name, arguments, line)?;
            let to = self.slot();
            self.act(Action::Call { function, arguments, to });
            return Ok(to);
        };
        if *takes != arguments.len() {
            return Err(Mistake::Arguments { line, name: name.to_owned(), takes: *takes });
        }
        let arguments = self.arguments(arguments)?;
        let to = self.number(0);
        self.act(match (builtin, arguments.as_slice()) {
            (Builtin::Channel, [capacity]) => Action::Channel { capacity: *capacity, to },
            (Builtin::Send, [channel, value]) => Action::Send { channel: *channel, value: *value },
            (Builtin::Receive, [channel]) => Action::Receive { channel: *channel, to },
            (Builtin::Close, [channel]) => Action::Close { channel: *channel },
            (Builtin::Sleep, [time]) => Action::Sleep { milliseconds: *time },
            (Builtin::Cancel, [task]) => Action::Cancel { task: *task },
            _ => Action::Yield,
        });
        Ok(to)
    }
}
