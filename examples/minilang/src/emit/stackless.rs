//! A state machine for each function, which the runtime polls: variables lie in a frame, and a call of
//! another function polls that one's frame.
#![forbid(unsafe_code)]

use std::fmt::Write;

use super::{Target, array, cases, line, plain_call, steps};
use crate::ir::{Action, Function, Slot, Step};

const SUPPORT: &str = include_str!("stackless.c");

#[derive(Default)]
struct Stackless {
    /// Points where a function may have to wait, so far.
    points: usize,
}

impl Stackless {
    /// From here on a poll goes on; `call` is made again until it does not answer "pending".
    fn wait(&mut self, out: &mut String, call: &str) {
        self.points += 1;
        let point = self.points;
        line!(out, "    f->state = {point};\nresume{point}:\n    code = {call};");
        line!(out, "    if (code == QI_PENDING) return QI_PENDING;");
    }
}

impl Target for Stackless {
    fn slot(&self, slot: Slot) -> String {
        format!("f->v{slot}")
    }

    fn act(&mut self, out: &mut String, action: &Action) {
        if let Some(call) = plain_call(self, action) {
            line!(out, "    code = {call};");
            return;
        }
        match action {
            Action::Spawn { function, arguments, to } => {
                let frame = format!("p{function}_new({})", array(self, arguments));
                let functions = format!("p{function}_poll, p{function}_drop");
                line!(out, "    code = ml_spawn({functions}, {frame}, &f->v{to});");
            }
            Action::Call { function, arguments, to } => {
                let list = array(self, arguments);
                line!(out, "    f->drop_child = p{function}_drop;");
                line!(out, "    f->child = p{function}_new({list});");
                self.wait(out, &format!("p{function}_poll(f->child, cx, &f->v{to})"));
                line!(out, "    p{function}_drop(f->child);\n    f->child = NULL;");
            }
            Action::Select { cases: branches, to } => {
                for (index, case) in cases(self, branches).into_iter().enumerate() {
                    line!(out, "    f->cases[{index}] = {case};");
                }
                let count = branches.len();
                self.wait(out, &format!("ml_select(f->cases, {count}, &f->chosen, &f->v{to}, cx)"));
            }
            _ => self.wait(out, &waiting_call(action)),
        }
    }
}

fn waiting_call(action: &Action) -> String {
    match action {
        Action::Await { task, to } => format!("ml_await(f->v{task}, cx, &f->v{to})"),
        Action::Send { channel, value } => {
            format!("qi_chan_poll_send((qi_chan)f->v{channel}, cx, &f->v{value})")
        }
        Action::Receive { channel, to } => {
            format!("qi_chan_poll_recv((qi_chan)f->v{channel}, cx, &f->v{to})")
        }
        Action::Sleep { milliseconds } => {
            format!("qi_poll_sleep_ns(cx, ml_time(f->v{milliseconds}) * 1000000, 0)")
        }
        _ => "ml_yield(cx, &f->has_yielded)".to_owned(),
    }
}

/// How often a function may have to wait.
fn points(function: &Function) -> usize {
    let waits = |step: &&Step| match step {
        Step::Act(Action::Spawn { .. }, _) => false,
        Step::Act(action, _) => plain_call(&Stackless::default(), action).is_none(),
        _ => false,
    };
    function.steps.iter().filter(waits).count()
}

/// All functions, and `main`.
pub(super) fn emit(out: &mut String, functions: &[Function], source: &[&str]) {
    line!(out, "{SUPPORT}");
    for (number, function) in functions.iter().enumerate() {
        line!(out, "/* 函数 {} */", function.name);
        line!(out, "static void *p{number}_new(const int64_t *arguments);");
        line!(out, "static int32_t p{number}_poll(void *state, qi_cx *cx, void *result);");
        line!(out, "static void p{number}_drop(void *state);");
    }
    for (number, function) in functions.iter().enumerate() {
        frame(out, number, function);
        poll(out, number, function, source);
    }
    let main = functions.len() - 1;
    line!(out, "\nint main(void) {{");
    line!(out, "    return ml_main(p{main}_poll, p{main}_drop, p{main}_new);\n}}");
}

fn frame(out: &mut String, number: usize, function: &Function) {
    line!(out, "\n/* 函数 {} */\nstruct p{number} {{", function.name);
    line!(out, "    int32_t state, has_yielded;\n    void *child;\n    qi_drop_fn drop_child;");
    let width = function.widest_select();
    if width > 0 {
        line!(out, "    qi_select_case cases[{width}];\n    size_t chosen;");
    }
    for slot in 0..function.slots {
        line!(out, "    int64_t v{slot};");
    }
    line!(out, "}};\n");
    line!(out, "static void *p{number}_new(const int64_t *arguments) {{");
    line!(out, "    struct p{number} *f = ml_frame(sizeof *f);\n    (void)arguments;");
    for slot in 0..function.parameters {
        line!(out, "    f->v{slot} = arguments[{slot}];");
    }
    line!(out, "    return f;\n}}\n");
    line!(out, "static void p{number}_drop(void *state) {{");
    line!(out, "    struct p{number} *f = state;");
    line!(out, "    if (f->child != NULL) f->drop_child(f->child);\n    free(f);\n}}\n");
}

fn poll(out: &mut String, number: usize, function: &Function, source: &[&str]) {
    line!(out, "static int32_t p{number}_poll(void *state, qi_cx *cx, void *result) {{");
    line!(out, "    struct p{number} *f = state;\n    int32_t code = QI_OK;");
    line!(out, "    (void)cx, (void)code;\n    switch (f->state) {{");
    for point in 1..=points(function) {
        line!(out, "    case {point}: goto resume{point};");
    }
    line!(out, "    default: break;\n    }}");
    steps(out, &mut Stackless::default(), function, source);
    line!(out, "}}");
}
