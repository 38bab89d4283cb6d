//! Statements become steps and jumps.
#![forbid(unsafe_code)]

use std::collections::HashMap;

use super::{Lowering, Result};
use crate::ir::{Action, Case, Piece, Slot, Step};
use crate::mistake::Mistake;
use crate::syntax::{Expression, Item, Line, Operator, Statement, Wait};

impl Lowering<'_> {
    pub(super) fn block(&mut self, lines: &[Line]) -> Result<()> {
        self.blocks.push(HashMap::new());
        self.lines(lines)?;
        self.blocks.pop();
        Ok(())
    }

    fn lines(&mut self, lines: &[Line]) -> Result<()> {
        for line in lines {
            self.line = line.number;
            self.steps.push(Step::Line(line.number));
            self.statement(&line.statement)?;
        }
        Ok(())
    }

    fn statement(&mut self, statement: &Statement) -> Result<()> {
        match statement {
            Statement::Let(name, value) => {
                let from = self.expression(value)?;
                let to = self.declare(name);
                self.steps.push(Step::Copy { to, from });
            }
            Statement::Set(name, value) => {
                let from = self.expression(value)?;
                let to = self.variable(name, self.line)?;
                self.steps.push(Step::Copy { to, from });
            }
            Statement::If(condition, body, otherwise) => {
                self.branches(condition, body, otherwise)?;
            }
            Statement::While(condition, body) => self.repeat(condition, body)?,
            Statement::Break => self.leave(|(_, end)| end)?,
            Statement::Continue => self.leave(|(begin, _)| begin)?,
            Statement::Return(value) => {
                let value = match value {
                    Some(value) => self.expression(value)?,
                    None => self.number(0),
                };
                self.steps.push(Step::Return(value));
            }
            Statement::Throw(value) => {
                let value = self.expression(value)?;
                self.act(Action::Throw { value });
            }
            Statement::Try(body, name, rescue) => self.attempt(body, name, rescue)?,
            Statement::Select(branches) => self.select(branches)?,
            Statement::Print(items) => self.print(items)?,
            Statement::Do(expression) => {
                self.expression(expression)?;
            }
        }
        Ok(())
    }

    fn branches(&mut self, test: &Expression, body: &[Line], otherwise: &[Line]) -> Result<()> {
        let (no, end) = (self.label(), self.label());
        let test = self.expression(test)?;
        self.steps.push(Step::Unless(test, no));
        self.block(body)?;
        self.steps.push(Step::Goto(end));
        self.place(no);
        self.block(otherwise)?;
        self.place(end);
        Ok(())
    }

    fn repeat(&mut self, condition: &Expression, body: &[Line]) -> Result<()> {
        let (begin, end) = (self.label(), self.label());
        self.place(begin);
        let condition = self.expression(condition)?;
        self.steps.push(Step::Unless(condition, end));
        self.loops.push((begin, end));
        self.block(body)?;
        self.loops.pop();
        self.steps.push(Step::Goto(begin));
        self.place(end);
        Ok(())
    }

    fn leave(&mut self, whither: impl Fn((usize, usize)) -> usize) -> Result<()> {
        let innermost = self.loops.last().copied().ok_or(Mistake::NoLoop { line: self.line })?;
        self.steps.push(Step::Goto(whither(innermost)));
        Ok(())
    }

    fn attempt(&mut self, body: &[Line], name: &str, rescue: &[Line]) -> Result<()> {
        let (caught, end) = (self.label(), self.label());
        let error = self.slot();
        self.handlers.push((error, caught));
        self.block(body)?;
        self.handlers.pop();
        self.steps.push(Step::Goto(end));
        self.place(caught);
        self.blocks.push(HashMap::from([(name.to_owned(), error)]));
        self.lines(rescue)?;
        self.blocks.pop();
        self.place(end);
        Ok(())
    }

    fn select(&mut self, branches: &[(Wait, Vec<Line>)]) -> Result<()> {
        let mut cases = Vec::new();
        for (wait, _) in branches {
            cases.push(match wait {
                Wait::Receive(channel, _) => {
                    Case::Receive { channel: self.expression(channel)?, to: self.slot() }
                }
                Wait::Send(channel, value) => {
                    let channel = self.expression(channel)?;
                    Case::Send { channel, value: self.expression(value)? }
                }
                Wait::Timeout(time) => Case::Timeout(self.expression(time)?),
                Wait::Default => Case::Default,
            });
        }
        let (to, end) = (self.slot(), self.label());
        self.act(Action::Select { cases: cases.clone(), to });
        for (number, ((wait, body), case)) in branches.iter().zip(&cases).enumerate() {
            let next = self.label();
            let is_this = self.is_equal(to, number);
            self.steps.push(Step::Unless(is_this, next));
            let names = match (wait, case) {
                (Wait::Receive(_, name), Case::Receive { to, .. }) => {
                    HashMap::from([(name.clone(), *to)])
                }
                _ => HashMap::new(),
            };
            self.blocks.push(names);
            self.lines(body)?;
            self.blocks.pop();
            self.steps.push(Step::Goto(end));
            self.place(next);
        }
        self.place(end);
        Ok(())
    }

    fn is_equal(&mut self, left: Slot, number: usize) -> Slot {
        let (right, to) = (self.number(number as i64), self.slot());
        self.steps.push(Step::Binary { operator: Operator::Equal, left, right, to });
        to
    }

    fn print(&mut self, items: &[Item]) -> Result<()> {
        let pieces: Result<Vec<Piece>> = items
            .iter()
            .map(|item| match item {
                Item::Text(text) => Ok(Piece::Text(text.clone())),
                Item::Value(value) => self.expression(value).map(Piece::Value),
            })
            .collect();
        self.steps.push(Step::Print(pieces?));
        Ok(())
    }
}
