//! The attributes `main` and `test` of qi-runtime, which documents them.
//!
//! ```text
//!   #[qi_runtime::main(worker_threads = 4)]       fn main() -> R {
//!   async fn main() -> R { … }               ─►       async fn main() -> R { … }
//!                                                     ::qi_runtime::__macros::main(BUILDER, main())
//!                                                 }
//! ```
//!
//! The user's function stays as it is, inside of the new one, so that the compiler's own messages
//! about it say what they always say. `options.rs` reads the attribute, `function.rs` the head of the
//! function, `expand.rs` puts both together, `mistake.rs` is what is said when that cannot be done.
#![forbid(unsafe_code)]

mod expand;
mod function;
mod mistake;
mod options;

use expand::Attribute;
use proc_macro::TokenStream;

/// Runs an `async fn main` on a runtime of its own; see `qi_runtime::main`.
#[proc_macro_attribute]
pub fn main(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Attribute::Main, options.into(), item.into()).into()
}

/// Runs an `async fn` as a test, on a runtime of its own; see `qi_runtime::test`.
#[proc_macro_attribute]
pub fn test(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Attribute::Test, options.into(), item.into()).into()
}
