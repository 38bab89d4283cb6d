//! The options in an attribute's parentheses: `name = expression`, separated by commas.

use crate::expand::Attribute;
use crate::mistake::Mistake;
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::quote;

/// Options that are methods of the runtime's builder, which checks their values.
const BUILDER: &[&str] = &[
    "worker_threads",
    "queue_capacity",
    "max_stack_size",
    "stack_pool_size",
    "poll_interval",
    "enable_work_stealing",
    "debug",
    "shares",
    "stall_threshold",
    "max_blocking_threads",
    "blocking_keep_alive",
    "thread_name",
    "thread_stack_size",
    "run_in_place",
    "escalation",
    "panic_policy",
    "shutdown_timeout",
    "seed",
];

/// Only for tests: whether the clock stands still at the beginning.
const START_PAUSED: &str = "start_paused";

/// Where qi-runtime is found, if not at `::qi_runtime`.
const CRATE: &str = "crate";

/// What an attribute says.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// Calls of the builder's methods, in the user's order.
    pub(crate) calls: Vec<(Ident, TokenStream)>,
    pub(crate) start_paused: Option<TokenStream>,
    /// The path of qi-runtime.
    pub(crate) path: Option<TokenStream>,
}

impl Options {
    /// Reads them. What is wrong with one is told at its place.
    pub(crate) fn parse(attribute: Attribute, tokens: TokenStream) -> Result<Self, Mistake> {
        let mut options = Self::default();
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            let TokenTree::Ident(name) = token else {
                let message = "an option is expected here, such as `worker_threads = 4`";
                return Err(Mistake::new(token.span(), message));
            };
            check_name(attribute, &name)?;
            match tokens.next() {
                Some(TokenTree::Punct(punct)) if punct.as_char() == '=' => {}
                other => {
                    let place = other.map_or_else(|| name.span(), |token| token.span());
                    let message = format!("`{name}` needs a value: `{name} = …`");
                    return Err(Mistake::new(place, message));
                }
            }
            let mut value = TokenStream::new();
            while let Some(token) = tokens.next_if(|token| !is_comma(token)) {
                value.extend([token]);
            }
            tokens.next();
            if value.is_empty() {
                let message = format!("`{name}` needs a value: `{name} = …`");
                return Err(Mistake::new(name.span(), message));
            }
            options.set(name, value)?;
        }
        Ok(options)
    }

    fn set(&mut self, name: Ident, value: TokenStream) -> Result<(), Mistake> {
        let place = name.span();
        let known = name.to_string();
        let again = match known.as_str() {
            START_PAUSED => self.start_paused.replace(value).is_some(),
            CRATE => self.path.replace(value).is_some(),
            _ => {
                let again = self.calls.iter().any(|(other, _)| *other == name);
                check_value(&name, &value)?;
                self.calls.push((name, value));
                again
            }
        };
        if again {
            return Err(Mistake::new(place, format!("`{known}` is there twice")));
        }
        Ok(())
    }

    /// Where qi-runtime is found.
    pub(crate) fn runtime(&self) -> TokenStream {
        self.path.clone().unwrap_or_else(|| quote!(::qi_runtime))
    }
}

fn is_comma(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',')
}

fn check_name(attribute: Attribute, name: &Ident) -> Result<(), Mistake> {
    let said = name.to_string();
    if said == START_PAUSED && attribute == Attribute::Main {
        let message = "`start_paused` is for tests: the clock of a program runs";
        return Err(Mistake::new(name.span(), message));
    }
    if said == START_PAUSED || said == CRATE || BUILDER.contains(&said.as_str()) {
        return Ok(());
    }
    let mut message = format!("`{}` has no option `{said}`", attribute.name());
    if let Some(meant) = nearest(attribute, &said) {
        message.push_str(&format!("; is `{meant}` meant?"));
    } else {
        message.push_str(&format!("; there are {}", known(attribute).join(", ")));
    }
    Err(Mistake::new(name.span(), message))
}

/// The one value that is wrong for certain and often written. The builder looks at all others.
fn check_value(name: &Ident, value: &TokenStream) -> Result<(), Mistake> {
    let zero = value.to_string() == "0";
    if zero && (name == "worker_threads" || name == "queue_capacity") {
        let place = value.clone().into_iter().next().map_or_else(Span::call_site, |t| t.span());
        return Err(Mistake::new(place, format!("`{name}` is at least 1")));
    }
    Ok(())
}

fn known(attribute: Attribute) -> Vec<&'static str> {
    let paused = (attribute == Attribute::Test).then_some(START_PAUSED);
    BUILDER.iter().copied().chain(paused).chain([CRATE]).collect()
}

/// The known option that is a few letters away, or of which `said` is a part.
fn nearest(attribute: Attribute, said: &str) -> Option<&'static str> {
    let known = known(attribute);
    let close = known.iter().copied().map(|name| (distance(said, name), name)).min()?;
    if close.0 <= 2 {
        return Some(close.1);
    }
    known.into_iter().find(|name| said.len() >= 4 && (name.contains(said) || said.contains(name)))
}

/// Letters to be changed, added or taken away to make one word of the other.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (index, same) in other.bytes().enumerate() {
            let changed = diagonal + usize::from(letter != same);
            diagonal = row[index + 1];
            row[index + 1] = changed.min(row[index] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}
