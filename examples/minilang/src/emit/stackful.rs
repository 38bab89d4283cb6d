//! A function of C for each function, which waits where it is: its task is a coroutine.
#![forbid(unsafe_code)]

use std::fmt::Write;

use super::{Target, array, cases, line, plain_call, steps};
use crate::ir::{Action, Function, Slot};

const SUPPORT: &str = include_str!("stackful.c");

struct Stackful;

impl Target for Stackful {
    fn slot(&self, slot: Slot) -> String {
        format!("v{slot}")
    }

    fn act(&mut self, out: &mut String, action: &Action) {
        if let Action::Select { cases: branches, to } = action {
            let list = cases(self, branches).join(", ");
            line!(out, "    {{ qi_select_case cases[] = {{{list}}};");
            line!(out, "      code = ml_select(cases, {}, &v{to}); }}", branches.len());
            return;
        }
        let call = plain_call(self, action).unwrap_or_else(|| waiting_call(self, action));
        line!(out, "    code = {call};");
    }

    fn before_catching(&self) -> &'static str {
        "if (ml_is_over(code)) return code; "
    }
}

fn waiting_call(target: &Stackful, action: &Action) -> String {
    match action {
        Action::Call { function, arguments, to } => {
            let list: String = arguments.iter().map(|slot| format!("v{slot}, ")).collect();
            format!("f{function}({list}&v{to})")
        }
        Action::Spawn { function, arguments, to } => {
            let (list, count) = (array(target, arguments), arguments.len());
            format!("ml_spawn(c{function}, {list}, {count}, &v{to})")
        }
        Action::Await { task, to } => format!("ml_await(v{task}, &v{to})"),
        Action::Send { channel, value } => format!("qi_chan_send((qi_chan)v{channel}, &v{value})"),
        Action::Receive { channel, to } => format!("qi_chan_recv((qi_chan)v{channel}, &v{to})"),
        Action::Sleep { milliseconds } => format!("qi_sleep_ms(ml_time(v{milliseconds}))"),
        _ => "qi_yield()".to_owned(),
    }
}

/// All functions, and `main`.
pub(super) fn emit(out: &mut String, functions: &[Function], source: &[&str]) {
    line!(out, "{SUPPORT}");
    for (number, function) in functions.iter().enumerate() {
        line!(out, "{}; /* {} */", head(number, function), function.name);
        line!(out, "static int32_t c{number}(void *argument, void *result);");
    }
    for (number, function) in functions.iter().enumerate() {
        line!(out, "\n/* 函数 {} */\n{} {{", function.name, head(number, function));
        for slot in function.parameters..function.slots {
            line!(out, "    int64_t v{slot} = 0;");
        }
        line!(out, "    int32_t code = QI_OK;\n    (void)code;");
        steps(out, &mut Stackful, function, source);
        line!(out, "}}\n");
        let arguments: String = (0..function.parameters).map(|at| format!("a[{at}], ")).collect();
        line!(out, "static int32_t c{number}(void *argument, void *result) {{");
        line!(out, "    const int64_t *a = argument;\n    (void)a;");
        line!(out, "    return f{number}({arguments}result);\n}}");
    }
    let main = functions.len() - 1;
    line!(out, "\nint main(void) {{\n    return ml_main(c{main});\n}}");
}

fn head(number: usize, function: &Function) -> String {
    let list: String = (0..function.parameters).map(|at| format!("int64_t v{at}, ")).collect();
    format!("static int32_t f{number}({list}void *result)")
}
