//! From steps to C. What both ways have in common is here; they differ in where a value lies, and in what
//! is done about a call that waits.
#![forbid(unsafe_code)]

mod stackful;
mod stackless;

use std::fmt::Write;

use crate::Way;
use crate::ir::{Action, Function, Handler, Piece, Slot, Step, sign};
use crate::syntax::Operator;

/// What every program begins with.
const PRELUDE: &str = include_str!("prelude.c");

/// One way of emitting.
trait Target {
    /// Where a value lies.
    fn slot(&self, slot: Slot) -> String;

    /// Leaves the function with a code.
    fn leave(&self, code: &str) -> String {
        format!("return {code};")
    }

    /// Does it, and leaves its code in `code`.
    fn act(&mut self, out: &mut String, action: &Action);

    /// Said before an error is caught, which the end of a cancelled task is not.
    fn before_catching(&self) -> &'static str {
        ""
    }
}

/// The program in C.
pub(crate) fn emit(functions: &[Function], source: &str, way: Way) -> String {
    let lines: Vec<&str> = source.lines().collect();
    let mut out = format!("{PRELUDE}\n");
    match way {
        Way::Stackful => stackful::emit(&mut out, functions, &lines),
        Way::Stackless => stackless::emit(&mut out, functions, &lines),
    }
    out
}

/// Adds a line.
macro_rules! line {
    ($out:expr, $($text:tt)*) => {{
        // Writing to a text cannot fail.
        let _ = writeln!($out, $($text)*);
    }};
}
use line;

/// The steps of a function.
fn steps(out: &mut String, target: &mut impl Target, function: &Function, source: &[&str]) {
    for step in &function.steps {
        one_step(out, target, step, source);
    }
}

fn one_step(out: &mut String, target: &mut impl Target, step: &Step, source: &[&str]) {
    match step {
        Step::Line(number) => {
            let text = source.get(number - 1).map_or("", |line| line.trim()).replace("*/", "* /");
            line!(out, "    /* {number}: {text} */");
        }
        Step::Label(label) => {
            line!(out, "L{label}:;");
        }
        Step::Goto(label) => {
            line!(out, "    goto L{label};");
        }
        Step::Unless(slot, label) => {
            line!(out, "    if (!{}) goto L{label};", target.slot(*slot));
        }
        Step::Number(slot, number) => {
            line!(out, "    {} = {};", target.slot(*slot), literal(*number));
        }
        Step::Copy { to, from } => {
            line!(out, "    {} = {};", target.slot(*to), target.slot(*from));
        }
        Step::Binary { operator, left, right, to } => {
            let (left, right) = (target.slot(*left), target.slot(*right));
            line!(out, "    {} = {};", target.slot(*to), binary(*operator, &left, &right));
        }
        Step::Print(pieces) => print(out, target, pieces),
        Step::Act(action, handler) => {
            target.act(out, action);
            rescue(out, target, *handler);
        }
        Step::Return(slot) => {
            line!(out, "    *(int64_t *)result = {};", target.slot(*slot));
            line!(out, "    {}", target.leave("QI_OK"));
        }
    }
}

/// The least number of 64 bits has no literal.
fn literal(number: i64) -> String {
    if number == i64::MIN { "INT64_MIN".to_owned() } else { format!("INT64_C({number})") }
}

/// Sums wrap around; comparing gives 1 or 0.
fn binary(operator: Operator, left: &str, right: &str) -> String {
    let sign = sign(operator);
    match operator {
        Operator::Add | Operator::Subtract | Operator::Multiply => {
            format!("(int64_t)((uint64_t){left} {sign} (uint64_t){right})")
        }
        _ => format!("{left} {sign} {right}"),
    }
}

/// Where an error goes.
fn rescue(out: &mut String, target: &impl Target, handler: Handler) {
    match handler {
        None => {
            line!(out, "    if (code != QI_OK) {}", target.leave("code"));
        }
        Some((slot, label)) => {
            let before = target.before_catching();
            let slot = target.slot(slot);
            line!(
                out,
                "    if (code != QI_OK) {{ {before}{slot} = ml_caught(code); goto L{label}; }}"
            );
        }
    }
}

/// One call of `printf`, so that lines of several tasks do not mix.
fn print(out: &mut String, target: &impl Target, pieces: &[Piece]) {
    let (mut format, mut values) = (String::new(), String::new());
    for piece in pieces {
        match piece {
            Piece::Text(text) => {
                let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%");
                format += &format!("\"{text}\"");
            }
            Piece::Value(slot) => {
                format += "\"%\" PRId64";
                values += &format!(", {}", target.slot(*slot));
            }
        }
        format += " ";
    }
    line!(out, "    printf({format}\"\\n\"{values});");
}

/// Slots as an array, for a new task or function.
fn array(target: &impl Target, slots: &[Slot]) -> String {
    match slots {
        [] => "NULL".to_owned(),
        _ => {
            let values: Vec<String> = slots.iter().map(|slot| target.slot(*slot)).collect();
            format!("(const int64_t[]){{{}}}", values.join(", "))
        }
    }
}

/// The calls that are the same both ways: they do not wait.
fn plain_call(target: &impl Target, action: &Action) -> Option<String> {
    let at = |slot: &Slot| target.slot(*slot);
    Some(match action {
        Action::Divide { operator, left, right, to } => {
            let name = if *operator == Operator::Divide { "ml_divide" } else { "ml_remainder" };
            format!("{name}({}, {}, &{})", at(left), at(right), at(to))
        }
        Action::Cancel { task } => format!("ml_cancel({})", at(task)),
        Action::Channel { capacity, to } => format!("ml_channel({}, &{})", at(capacity), at(to)),
        Action::Close { channel } => format!("qi_chan_close((qi_chan){})", at(channel)),
        Action::Throw { value } => format!("ml_thrown({})", at(value)),
        _ => return None,
    })
}

/// The branches of a select, each as a call that makes it.
fn cases(target: &impl Target, cases: &[crate::ir::Case]) -> Vec<String> {
    use crate::ir::Case;
    let made = |case: &Case| match case {
        Case::Receive { channel, to } => {
            let (channel, to) = (target.slot(*channel), target.slot(*to));
            format!("ml_case(QI_SELECT_RECV, {channel}, &{to}, 0)")
        }
        Case::Send { channel, value } => {
            let (channel, value) = (target.slot(*channel), target.slot(*value));
            format!("ml_case(QI_SELECT_SEND, {channel}, &{value}, 0)")
        }
        Case::Timeout(time) => {
            format!("ml_case(QI_SELECT_TIMEOUT, 0, NULL, {})", target.slot(*time))
        }
        Case::Default => "ml_case(QI_SELECT_DEFAULT, 0, NULL, 0)".to_owned(),
    };
    cases.iter().map(made).collect()
}
