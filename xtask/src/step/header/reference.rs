//! The table of all functions in the pages of the C ABI: a row each, made of its declaration and of the
//! comment above it, so that none is missing and none says what the header does not. It has no words but
//! those of the header, so both languages have the same; each explains the letters.

use anyhow::ensure;

/// Between these lines of a page the table stands.
const BEGIN: &str = "<!-- every function: made by `cargo xtask header --write` -->\n";
const END: &str = "<!-- end of every function -->\n";

/// A function of the header.
struct Function {
    name: String,
    comment: String,
    returns: String,
    /// Its parameters, with their names.
    takes: Vec<String>,
}

/// The rows of all functions.
pub(super) fn table(header: &str) -> anyhow::Result<String> {
    let handles: Vec<&str> = header
        .lines()
        .filter_map(|line| line.strip_prefix("typedef uint64_t ")?.strip_suffix(';'))
        .collect();
    let functions = functions(header);
    ensure!(functions.len() > 150 && handles.len() > 15, "the header was not understood");
    let mut rows = String::new();
    for function in &functions {
        let own = own_answers(function, &functions);
        rows += &format!(
            "| `{}` | {} | {own} | {} | {} |\n",
            function.name,
            function.letters(&handles),
            function.ownership(&handles),
            given_up(function, &functions),
        );
    }
    Ok(rows)
}

/// The page with these rows; `None` if it has no place for them.
pub(super) fn put(page: &str, rows: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (head, after) = rest.split_once(END)?;
    // The first two lines are the page's own: what the columns are called in its language.
    let end = head.match_indices('\n').nth(1)?.0 + 1;
    Some(format!("{before}{BEGIN}{}{rows}{END}{after}", &head[..end]))
}

fn functions(header: &str) -> Vec<Function> {
    let (mut functions, mut comment, mut declaration) = (Vec::new(), String::new(), String::new());
    for line in header.lines().map(str::trim) {
        if let Some(words) = line.strip_prefix("//") {
            comment += words;
            continue;
        }
        if !declaration.is_empty() || is_beginning(line) {
            declaration = format!("{declaration} {line}");
            if line.ends_with(';') {
                functions.extend(Function::of(&std::mem::take(&mut declaration), &comment));
            }
        }
        if declaration.is_empty() {
            comment.clear();
        }
    }
    functions
}

fn is_beginning(line: &str) -> bool {
    let before = line.split_once('(').map_or("", |(before, _)| before);
    before.rsplit([' ', '*']).next().is_some_and(|name| name.starts_with("qi_"))
}

impl Function {
    fn of(declaration: &str, comment: &str) -> Option<Self> {
        let (before, after) = declaration.split_once('(')?;
        let before = before.trim().trim_start_matches("extern ");
        let at = before.rfind([' ', '*'])? + 1;
        let parameters = after.rsplit_once(')')?.0.split(',').map(str::trim);
        Some(Self {
            name: before[at..].to_owned(),
            comment: comment.to_owned(),
            returns: before[..at].trim().to_owned(),
            takes: parameters.filter(|one| *one != "void").map(str::to_owned).collect(),
        })
    }

    fn suspends(&self) -> bool {
        self.comment.contains("SUSPENDS.") || self.comment.ends_with("SUSPENDS")
    }

    fn takes_a_context(&self) -> bool {
        self.takes.iter().any(|one| one.starts_with("qi_cx *"))
    }

    /// Where it may be called, and which of the common answers it has.
    fn letters(&self, handles: &[&str]) -> String {
        let is_handle = |one: &&String| {
            one.split_once(' ')
                .is_some_and(|(kind, name)| handles.contains(&kind) && !name.contains('*'))
        };
        let mut letters = Vec::new();
        let mut add = |on: bool, letter| letters.extend(on.then_some(letter));
        let is_code = self.returns == "int32_t";
        add(self.suspends(), "S");
        add(self.takes_a_context(), "C");
        add(self.comment.contains("QI_ERR_NOT_IN_TASK"), "T");
        add(self.name == "qi_signal_notify", "!");
        add(self.name.starts_with("qi_async_sys_"), "F");
        add(is_code && self.takes.iter().any(|one| is_handle(&one)), "H");
        add(
            is_code && self.takes.iter().any(|one| one.contains('*') && !one.starts_with("qi_cx")),
            "P",
        );
        let structs =
            ["qi_config", "qi_task_options", "qi_select_case", "qi_stats", "qi_worker_stats"];
        let is_struct =
            |one: &String| structs.iter().any(|kind| one.contains(&format!("{kind} *")));
        add(self.takes.iter().any(is_struct), "V");
        if letters.is_empty() { "·".to_owned() } else { letters.join(" ") }
    }

    /// Whose what is afterwards.
    fn ownership(&self, handles: &[&str]) -> String {
        let makes = |one: &String| {
            let kind = one.split_once(" *").map(|(kind, _)| kind);
            kind.is_some_and(|kind| handles.contains(&kind))
        };
        let has = |what: &str| self.takes.iter().any(|one| one == what);
        let mut owns = Vec::new();
        let mut add = |on: bool, what| owns.extend(on.then_some(what));
        add(has("qi_drop_fn drop") && !self.name.contains("local"), "takes");
        add(has("const void *element"), "in");
        add(has("void *element") || has("void *result"), "out");
        add(self.takes.iter().any(makes) || self.name == "qi_retain", "+1");
        add(["qi_release", "qi_task_detach"].contains(&self.name.as_str()), "−1");
        if owns.is_empty() { "·".to_owned() } else { owns.join(" ") }
    }
}

/// The function that a comment refers to for most of what it would say.
fn referred<'f>(function: &Function, all: &'f [Function]) -> Option<&'f Function> {
    let (_, rest) = ["The twin of `", "As `"].iter().find_map(|words| {
        function.comment.trim_start().split_once(words).filter(|(before, _)| before.is_empty())
    })?;
    let name = rest.split_once('`')?.0;
    all.iter().find(|other| other.name == name)
}

/// The codes that its comment names, and that of the function which it refers to.
fn own_answers(function: &Function, all: &[Function]) -> String {
    const COMMON: &[&str] = &["QI_OK", "QI_ERR_WOULD_BLOCK", "QI_ERR_NOT_IN_TASK"];
    let mut codes: Vec<&str> = Vec::new();
    for text in [Some(function), referred(function, all)].into_iter().flatten() {
        let words = text.comment.split('`').filter(|word| {
            let is_code = word.starts_with("QI_ERR_") || ["QI_EOF", "QI_PENDING"].contains(word);
            is_code && !word.ends_with('…') && !COMMON.contains(word) && !word.contains(' ')
        });
        for word in words {
            if !codes.contains(&word) {
                codes.push(word);
            }
        }
    }
    if codes.is_empty() { "·".to_owned() } else { format!("`{}`", codes.join("` `")) }
}

/// What becomes of it when it is given up.
fn given_up(function: &Function, all: &[Function]) -> &'static str {
    if !function.suspends() && !function.takes_a_context() {
        return "·";
    }
    let texts = [Some(function), referred(function, all)];
    let says = |words| texts.iter().flatten().any(|one| one.comment.contains(words));
    match () {
        () if says("given up, it may have written a part") => "part",
        () if says("Given up, it goes on") => "on",
        () => "=",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_between_the_marks_under_the_page_s_own_head() {
        let page = format!("before\n{BEGIN}| a |\n|---|\n| old |\n{END}after\n");
        let new = put(&page, "| new |\n").unwrap();
        assert_eq!(new, format!("before\n{BEGIN}| a |\n|---|\n| new |\n{END}after\n"));
        assert_eq!(put(&new, "| new |\n").unwrap(), new);
        assert!(put("no marks\n", "| new |\n").is_none());
    }

    #[test]
    fn a_twin_says_what_the_function_says_that_it_refers_to() {
        let header = "// Waits. `QI_ERR_CLOSED` at the end. Given up, it goes on unheard. SUSPENDS.\n\
                      int32_t qi_one(qi_chan channel,\n               void *element);\n\n\
                      // The twin of `qi_one` for poll functions.\n\
                      int32_t qi_poll_one(qi_chan channel, qi_cx *cx, void *element);\n";
        let all = functions(header);
        let [one, twin] = &all[..] else { panic!("two functions") };
        assert_eq!((one.letters(&["qi_chan"]), given_up(one, &all)), ("S H P".to_owned(), "on"));
        assert_eq!((twin.letters(&["qi_chan"]), given_up(twin, &all)), ("C H P".to_owned(), "on"));
        assert_eq!(own_answers(twin, &all), "`QI_ERR_CLOSED`");
        assert_eq!(one.ownership(&["qi_chan"]), "out");
    }
}
