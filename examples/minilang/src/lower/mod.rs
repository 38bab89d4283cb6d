//! From the tree to steps: names become slots, nested expressions become sequences, and blocks become
//! labels.
#![forbid(unsafe_code)]

mod expression;
mod statement;

use std::collections::HashMap;

use crate::ir::{Action, Function, Handler, Label, Slot, Step};
use crate::mistake::Mistake;
use crate::syntax::{self, Builtin};

type Result<T> = std::result::Result<T, Mistake>;

/// The function that a program begins with.
const MAIN: &str = "主";

/// What is known of all functions.
struct Known<'a>(HashMap<&'a str, (usize, usize)>);

/// Lowers all functions; `主` comes last.
pub(crate) fn lower(program: &[syntax::Function]) -> Result<Vec<Function>> {
    let is_main = |function: &&syntax::Function| function.name == MAIN;
    let main = program.iter().find(is_main).filter(|main| main.parameters.is_empty());
    let main = main.ok_or(Mistake::NoMain)?;
    let others = program.iter().filter(|function| !std::ptr::eq(*function, main));
    let ordered: Vec<&syntax::Function> = others.chain([main]).collect();
    refuse_twins(program)?;
    let numbered = ordered.iter().enumerate();
    let known = numbered
        .map(|(number, function)| (function.name.as_str(), (number, function.parameters.len())));
    let known = Known(known.collect());
    ordered.into_iter().map(|function| Lowering::of(&known, function)).collect()
}

/// No two functions have one name, and none that of something built in.
fn refuse_twins(program: &[syntax::Function]) -> Result<()> {
    for (index, function) in program.iter().enumerate() {
        let is_builtin = Builtin::ALL.iter().any(|(name, ..)| *name == function.name);
        if is_builtin || program[..index].iter().any(|other| other.name == function.name) {
            return Err(Mistake::Twice { line: function.line, name: function.name.clone() });
        }
    }
    Ok(())
}

/// A function that is being lowered.
struct Lowering<'a> {
    known: &'a Known<'a>,
    steps: Vec<Step>,
    slots: usize,
    labels: usize,
    /// What names stand for, innermost block last.
    blocks: Vec<HashMap<String, Slot>>,
    /// Where errors go, innermost last.
    handlers: Vec<(Slot, Label)>,
    /// Where `继续` and `跳出` go, innermost last.
    loops: Vec<(Label, Label)>,
    line: usize,
}

impl<'a> Lowering<'a> {
    fn of(known: &'a Known<'a>, function: &syntax::Function) -> Result<Function> {
        let mut lowering = Self {
            known,
            steps: Vec::new(),
            slots: 0,
            labels: 0,
            blocks: vec![HashMap::new()],
            handlers: Vec::new(),
            loops: Vec::new(),
            line: function.line,
        };
        for parameter in &function.parameters {
            lowering.declare(parameter);
        }
        lowering.block(&function.body)?;
        let zero = lowering.number(0);
        lowering.steps.push(Step::Return(zero));
        Ok(Function {
            name: function.name.clone(),
            parameters: function.parameters.len(),
            slots: lowering.slots,
            steps: lowering.steps,
        })
    }

    fn slot(&mut self) -> Slot {
        self.slots += 1;
        self.slots - 1
    }

    fn label(&mut self) -> Label {
        self.labels += 1;
        self.labels
    }

    fn place(&mut self, label: Label) {
        self.steps.push(Step::Label(label));
    }

    fn number(&mut self, number: i64) -> Slot {
        let slot = self.slot();
        self.steps.push(Step::Number(slot, number));
        slot
    }

    /// A new variable of the innermost block.
    fn declare(&mut self, name: &str) -> Slot {
        let slot = self.slot();
        if let Some(block) = self.blocks.last_mut() {
            block.insert(name.to_owned(), slot);
        }
        slot
    }

    fn variable(&self, name: &str, line: usize) -> Result<Slot> {
        let found = self.blocks.iter().rev().find_map(|block| block.get(name));
        found.copied().ok_or_else(|| Mistake::Unknown { line, name: name.to_owned() })
    }

    fn act(&mut self, action: Action) {
        let handler: Handler = self.handlers.last().copied();
        self.steps.push(Step::Act(action, handler));
    }
}
