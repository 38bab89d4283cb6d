//! A tiny language with Chinese keywords, as a proof that a compiler can live on the C ABI of the Qi
//! runtime.
//!
//! ```text
//!   source ─► lexer ─► parser ─► lower ─► emit ─► C ─► cc, libqi_runtime
//!             words     tree     steps     │
//!                                          ├ stackful:  a C function per function, which waits where it is
//!                                          └ stackless: a state machine per function, through the poll ABI
//! ```
//!
//! All values are 64-bit integers: numbers, tasks, channels. `programs/` has programs with what they
//! print; `README.md` has the language on a page.
#![forbid(unsafe_code)]

mod emit;
mod ir;
mod lexer;
mod lower;
mod mistake;
mod parser;
mod syntax;

pub use mistake::Mistake;

/// How functions are compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// As coroutines: a function of C, which suspends wherever it is.
    Stackful,
    /// As state machines, which the runtime polls.
    Stackless,
}

/// Compiles a program to C.
///
/// # Errors
/// The first mistake in the source, with its line.
///
/// # Examples
/// ```
/// use qi_minilang::{Way, compile};
/// let c = compile("函数 主() { 打印(\"你好\", 6 * 7); }", Way::Stackful)?;
/// assert!(c.contains("qi_main"));
/// let mistake = compile("函数 主() { 打印(甲); }", Way::Stackful).unwrap_err();
/// assert_eq!(mistake.to_string(), "line 1: nothing is called `甲`");
/// assert_eq!(mistake.message_zh(), "第 1 行：没有叫做“甲”的东西");
/// # Ok::<(), qi_minilang::Mistake>(())
/// ```
pub fn compile(source: &str, way: Way) -> Result<String, Mistake> {
    let program = parser::parse(lexer::words(source)?)?;
    let functions = lower::lower(&program)?;
    Ok(emit::emit(&functions, source, way))
}
