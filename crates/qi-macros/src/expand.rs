//! From an attribute and a function to the function that runs it.

use crate::function::Function;
use crate::mistake::Mistake;
use crate::options::Options;
use proc_macro2::TokenStream;
use quote::quote;

/// Which attribute it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attribute {
    Main,
    Test,
}

impl Attribute {
    /// How users write it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Main => "#[qi_runtime::main]",
            Self::Test => "#[qi_runtime::test]",
        }
    }
}

/// The new item; where something is wrong, one that makes the compiler say what.
pub(crate) fn expand(attribute: Attribute, options: TokenStream, item: TokenStream) -> TokenStream {
    let name = Function::name_in(&item);
    match try_expand(attribute, options, item) {
        Ok(tokens) => tokens,
        Err(mistake) => {
            let shown = mistake.shown();
            match name {
                Some(name) => quote!(fn #name() { #shown }),
                None => shown,
            }
        }
    }
}

fn try_expand(
    attribute: Attribute,
    options: TokenStream,
    item: TokenStream,
) -> Result<TokenStream, Mistake> {
    let function = Function::parse(attribute, item)?;
    let options = Options::parse(attribute, options)?;
    let Function { attributes, visibility, name, output, body } = function;
    let runtime = options.runtime();
    let calls = options.calls.iter().map(|(name, value)| quote!(.#name(#value)));
    let builder = match attribute {
        Attribute::Main => quote!(#runtime::AsyncRuntime::builder() #(#calls)*),
        Attribute::Test => quote!(#runtime::__macros::test_builder() #(#calls)*),
    };
    let inner = quote!(async fn #name() #output #body);
    let (mark, run) = match attribute {
        Attribute::Main => (quote!(), quote!(#runtime::__macros::main(#builder, #name()))),
        Attribute::Test => {
            let paused = options.start_paused.unwrap_or_else(|| quote!(false));
            let run = quote!(#runtime::__macros::test(#builder, #paused, #name()));
            (quote!(#[::core::prelude::v1::test]), run)
        }
    };
    Ok(quote! {
        #mark
        #attributes
        #visibility fn #name() #output {
            #inner
            #run
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(attribute: Attribute, options: &str, item: &str) -> Result<String, Mistake> {
        let parse = |text: &str| text.parse().expect("the test's text is made of tokens");
        try_expand(attribute, parse(options), parse(item)).map(|tokens| tokens.to_string())
    }

    /// The message, and the text that it points to.
    fn mistake(attribute: Attribute, options: &str, item: &str) -> (String, String) {
        let mistake = expanded(attribute, options, item).expect_err("it is wrong");
        (mistake.message, mistake.place.source_text().unwrap_or_default())
    }

    /// The same tokens, however they were spaced.
    fn tokens(text: &str) -> String {
        text.parse::<TokenStream>().expect("the test's text is made of tokens").to_string()
    }

    #[test]
    fn main_runs_the_function_that_it_keeps() {
        let text = expanded(
            Attribute::Main,
            "worker_threads = 2 + 2, thread_name = \"tea\",",
            "#[inline] pub(crate) async fn main() -> Result<(), Error> { brew().await }",
        );
        let expected = "#[inline] pub(crate) fn main() -> Result<(), Error> {
            async fn main() -> Result<(), Error> { brew().await }
            ::qi_runtime::__macros::main(
                ::qi_runtime::AsyncRuntime::builder().worker_threads(2 + 2).thread_name(\"tea\"),
                main()
            )
        }";
        assert_eq!(text.expect("it is right"), tokens(expected));
    }

    #[test]
    fn test_is_marked_and_gets_its_clock() {
        let text = expanded(
            Attribute::Test,
            "start_paused = true, crate = some::qi",
            "#[should_panic(expected = \"tea\")] async fn cold() {}",
        );
        let expected =
            "#[::core::prelude::v1::test] #[should_panic(expected = \"tea\")] fn cold() {
            async fn cold() {}
            some::qi::__macros::test(some::qi::__macros::test_builder(), true, cold())
        }";
        assert_eq!(text.expect("it is right"), tokens(expected));
    }

    #[test]
    fn what_is_no_async_function_is_told_so() {
        let (message, place) = mistake(Attribute::Main, "", "fn main() {}");
        assert_eq!(
            message,
            "`#[qi_runtime::main]` is for functions that await: write `async fn main`"
        );
        assert_eq!(place, "fn");
        let (message, place) = mistake(Attribute::Test, "", "struct Tea;");
        assert_eq!(message, "`#[qi_runtime::test]` stands before an `async fn`, and nothing else");
        assert_eq!(place, "struct");
    }

    #[test]
    fn functions_that_cannot_be_called_are_refused() {
        for (item, part, place) in [
            ("async fn a(tea: u8) {}", "takes no arguments", "(tea: u8)"),
            ("async fn a<T>() {}", "cannot be generic", "<"),
            ("async unsafe fn a() {}", "cannot be `unsafe`", "unsafe"),
            ("async fn a();", "has no body", "a"),
        ] {
            let (message, pointed) = mistake(Attribute::Main, "", item);
            assert!(message.contains(part), "{item}: {message}");
            assert_eq!(pointed, place, "{item}");
        }
    }

    #[test]
    fn unknown_option_is_told_what_is_near() {
        let item = "async fn main() {}";
        let (message, place) = mistake(Attribute::Main, "worker_thread = 2", item);
        assert_eq!(
            message,
            "`#[qi_runtime::main]` has no option `worker_thread`; is `worker_threads` meant?"
        );
        assert_eq!(place, "worker_thread");
        let (message, _) = mistake(Attribute::Main, "flavor = 2", item);
        assert!(message.contains("no option `flavor`; there are worker_threads, queue_capacity"));
        assert!(!message.contains("start_paused"), "that is for tests: {message}");
        let (message, _) = mistake(Attribute::Main, "workers = 2", item);
        assert!(message.ends_with("there are worker_threads, queue_capacity, max_stack_size, stack_pool_size, poll_interval, enable_work_stealing, debug, shares, stall_threshold, max_blocking_threads, blocking_keep_alive, thread_name, thread_stack_size, run_in_place, escalation, panic_policy, shutdown_timeout, seed, crate"), "{message}");
    }

    #[test]
    fn options_that_are_wrong_are_told_why_and_where() {
        let item = "async fn a() {}";
        for (attribute, options, part, place) in [
            (Attribute::Main, "start_paused = true", "is for tests", "start_paused"),
            (Attribute::Main, "worker_threads", "needs a value", "worker_threads"),
            (Attribute::Main, "worker_threads = , debug = true", "needs a value", "worker_threads"),
            (Attribute::Main, "worker_threads(2)", "needs a value", "(2)"),
            (Attribute::Main, "worker_threads = 0", "is at least 1", "0"),
            (Attribute::Test, "debug = true, debug = false", "is there twice", "debug"),
            (Attribute::Test, "\"multi_thread\"", "an option is expected", "\"multi_thread\""),
        ] {
            let (message, pointed) = mistake(attribute, options, item);
            assert!(message.contains(part), "{options}: {message}");
            assert_eq!(pointed, place, "{options}");
        }
    }

    #[test]
    fn second_test_attribute_is_refused() {
        for item in ["#[test] async fn a() {}", "#[core::prelude::v1::test] async fn a() {}"] {
            let (message, _) = mistake(Attribute::Test, "", item);
            assert!(message.contains("makes the function a test by itself"), "{message}");
        }
        assert!(expanded(Attribute::Test, "", "#[cfg(test)] async fn a() {}").is_ok());
    }

    #[test]
    fn mistake_leaves_a_function_of_the_same_name() {
        let parse = |text: &str| text.parse().expect("the test's text is made of tokens");
        let text = expand(Attribute::Main, parse("tea = 1"), parse("async fn main() {}"));
        assert!(text.to_string().starts_with("fn main () { :: core :: compile_error !"), "{text}");
        let text = expand(Attribute::Main, parse(""), parse("struct Tea;"));
        assert!(text.to_string().starts_with(":: core :: compile_error !"), "{text}");
    }
}
