//! The functions that the header declares, and a call of each for `tests/c/every.c`, so that none is
//! forgotten there.
#![forbid(unsafe_code)]

use std::fmt::Write as _;

/// A function of the header.
pub(crate) struct Function {
    pub(crate) name: String,
    /// The comment above it.
    pub(crate) comment: String,
    returns: String,
    /// The types of its parameters.
    takes: Vec<String>,
}

/// What the header declares.
pub(crate) struct Header {
    pub(crate) functions: Vec<Function>,
    handles: Vec<String>,
    callbacks: Vec<String>,
}

impl Header {
    pub(crate) fn of(text: &str) -> Self {
        let (mut functions, mut comment) = (Vec::new(), String::new());
        let (mut handles, mut callbacks) = (Vec::new(), Vec::new());
        let mut declaration = String::new();
        for line in text.lines().map(str::trim) {
            if let Some(words) = line.strip_prefix("//") {
                comment += words;
                continue;
            }
            if let Some(handle) = line.strip_prefix("typedef uint64_t ") {
                handles.push(handle.trim_end_matches(';').to_owned());
            } else if let Some((_, callback)) = line.split_once("(*qi_") {
                callbacks.extend(callback.split_once(')').map(|(name, _)| format!("qi_{name}")));
            } else if !declaration.is_empty() || is_beginning(line) {
                declaration = format!("{declaration} {line}");
                if line.ends_with(';') {
                    functions.push(function(&std::mem::take(&mut declaration), &comment));
                }
            }
            if declaration.is_empty() {
                comment.clear();
            }
        }
        assert!(functions.len() > 150, "the header was not understood: {}", functions.len());
        assert!(handles.len() > 15 && callbacks.len() > 4, "{handles:?} {callbacks:?}");
        Self { functions, handles, callbacks }
    }

    /// A row of C for each function: how it is called, and what can be said of it.
    pub(crate) fn calls(&self) -> String {
        let mut rows = String::from(
            "/* A call of each function of qi_runtime.h, for every.c. Made by the test that runs it: set QI_WRITE\n \
             * to have it written anew.\n \
             * name, arguments; the type of its first handle, whether it answers with a code, whether a handle is\n \
             * its first parameter, whether it takes a context, whether it takes a pointer */\n",
        );
        for function in &self.functions {
            let arguments: Vec<String> =
                function.takes.iter().map(|parameter| self.argument(parameter)).collect();
            let kind = function.takes.iter().find(|parameter| self.handles.contains(parameter));
            let is_first = kind.is_some() && function.takes.first() == kind;
            let has = |what: fn(&String) -> bool| i32::from(function.takes.iter().any(what));
            let _ = writeln!(
                rows,
                "{}({}, ({}), \"{}\", {}, {}, {}, {})",
                if function.returns == "void" { "CALL_FOR_NOTHING" } else { "CALL" },
                function.name,
                arguments.join(", "),
                kind.map_or("", String::as_str),
                i32::from(function.returns == "int32_t"),
                i32::from(is_first),
                has(|parameter| parameter == "qi_cx *"),
                has(|parameter| parameter.ends_with('*')),
            );
        }
        rows
    }

    /// What `every.c` gives for a parameter of this type.
    fn argument(&self, parameter: &str) -> String {
        if self.handles.iter().any(|handle| handle == parameter) {
            return "handle".to_owned();
        }
        if self.callbacks.iter().any(|callback| callback == parameter) {
            return format!("GOOD(some_{parameter})");
        }
        if parameter.ends_with('*') {
            return format!("GOOD(({parameter})room.bytes)");
        }
        let is_number = ["bool", "size_t"].contains(&parameter) || parameter.contains("int");
        assert!(is_number, "every.c has to learn about {parameter}");
        "1".to_owned()
    }
}

fn is_beginning(line: &str) -> bool {
    let before = line.split_once('(').map_or("", |(before, _)| before);
    before.rsplit([' ', '*']).next().is_some_and(|name| name.starts_with("qi_"))
}

/// A declaration, taken apart.
fn function(declaration: &str, comment: &str) -> Function {
    let (before, after) = declaration.split_once('(').expect("it has parameters");
    let before = before.trim().trim_start_matches("extern ");
    let at = before.rfind([' ', '*']).expect("it returns something") + 1;
    let list = after.rsplit_once(')').expect("the parameters end").0;
    let takes = list.split(',').map(str::trim).filter(|parameter| *parameter != "void");
    Function {
        name: before[at..].to_owned(),
        comment: comment.to_owned(),
        returns: before[..at].trim().to_owned(),
        takes: takes.map(kind_of).collect(),
    }
}

/// The type of a parameter, without its name.
fn kind_of(parameter: &str) -> String {
    let words: Vec<&str> = parameter.split_whitespace().collect();
    let at = parameter.rfind([' ', '*']).map_or(parameter.len(), |at| at + 1);
    assert!(words.len() > 1, "a parameter has a type and a name: {parameter}");
    parameter[..at].trim().to_owned()
}
