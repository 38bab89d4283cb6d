//! The head of the function that an attribute stands before.

use crate::expand::Attribute;
use crate::mistake::Mistake;
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};

/// An `async fn` without parameters, in parts.
pub(crate) struct Function {
    /// Its attributes, doc comments included.
    pub(crate) attributes: TokenStream,
    pub(crate) visibility: TokenStream,
    pub(crate) name: Ident,
    /// From the arrow on, `where` clause included.
    pub(crate) output: TokenStream,
    pub(crate) body: Group,
}

/// Looks at one token after the other.
struct Reader {
    tokens: Vec<TokenTree>,
    next: usize,
}

impl Reader {
    fn peek(&self) -> Option<&TokenTree> {
        self.tokens.get(self.next)
    }

    fn take(&mut self) -> Option<TokenTree> {
        let token = self.tokens.get(self.next).cloned();
        self.next += 1;
        token
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(TokenTree::Ident(ident)) if ident == word)
    }

    fn is_sign(&self, sign: char) -> bool {
        matches!(self.peek(), Some(TokenTree::Punct(punct)) if punct.as_char() == sign)
    }

    /// Where the next token stands, or the last one if there is none.
    fn place(&self) -> Span {
        let here = self.peek().or(self.tokens.last());
        here.map_or_else(Span::call_site, TokenTree::span)
    }

    fn attributes(&mut self, attribute: Attribute) -> Result<TokenStream, Mistake> {
        let mut found = TokenStream::new();
        while self.is_sign('#') {
            found.extend(self.take());
            let content = self.take();
            if let Some(TokenTree::Group(group)) = &content {
                if attribute == Attribute::Test && is_test(group) {
                    let message = "`#[qi_runtime::test]` makes the function a test by itself: \
                                   take the other attribute away, or it runs twice";
                    return Err(Mistake::new(group.span(), message));
                }
            }
            found.extend(content);
        }
        Ok(found)
    }

    fn visibility(&mut self) -> TokenStream {
        let mut found = TokenStream::new();
        if self.is_word("pub") {
            found.extend(self.take());
            let scope = self.peek().filter(|token| is_group(token, Delimiter::Parenthesis));
            if scope.is_some() {
                found.extend(self.take());
            }
        }
        found
    }
}

impl Function {
    /// Takes the item apart.
    pub(crate) fn parse(attribute: Attribute, item: TokenStream) -> Result<Self, Mistake> {
        let name_of = attribute.name();
        let mut reader = Reader { tokens: item.into_iter().collect(), next: 0 };
        let attributes = reader.attributes(attribute)?;
        let visibility = reader.visibility();
        let begin = reader.place();
        let is_async = reader.is_word("async");
        if is_async {
            reader.take();
        }
        for word in ["unsafe", "const", "extern"] {
            if reader.is_word(word) {
                let message = format!("a function with `{name_of}` cannot be `{word}`");
                return Err(Mistake::new(reader.place(), message));
            }
        }
        if !reader.is_word("fn") {
            let message = format!("`{name_of}` stands before an `async fn`, and nothing else");
            return Err(Mistake::new(begin, message));
        }
        let fn_place = reader.place();
        reader.take();
        let name = match reader.take() {
            Some(TokenTree::Ident(name)) => name,
            _ => return Err(Mistake::new(fn_place, "this function has no name")),
        };
        if !is_async {
            let message =
                format!("`{name_of}` is for functions that await: write `async fn {name}`");
            return Err(Mistake::new(fn_place, message));
        }
        if reader.is_sign('<') {
            let message = format!("a function with `{name_of}` cannot be generic");
            return Err(Mistake::new(reader.place(), message));
        }
        let place = reader.place();
        match reader.take() {
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => {
                if !group.stream().is_empty() {
                    let message = format!(
                        "a function with `{name_of}` takes no arguments: nobody is there to give them"
                    );
                    return Err(Mistake::new(group.span(), message));
                }
            }
            _ => return Err(Mistake::new(place, "parentheses are expected here")),
        }
        let mut rest = reader.tokens.split_off(reader.next.min(reader.tokens.len()));
        match rest.pop() {
            Some(TokenTree::Group(body)) if body.delimiter() == Delimiter::Brace => {
                let output = rest.into_iter().collect();
                Ok(Self { attributes, visibility, name, output, body })
            }
            _ => Err(Mistake::new(name.span(), "this function has no body")),
        }
    }

    /// The name of the function in `item`, if it has one: for a stand-in when the rest is wrong, so
    /// that the compiler does not complain about its absence besides.
    pub(crate) fn name_in(item: &TokenStream) -> Option<Ident> {
        let mut tokens = item.clone().into_iter();
        tokens.find(|token| matches!(token, TokenTree::Ident(ident) if ident == "fn"))?;
        match tokens.next() {
            Some(TokenTree::Ident(name)) => Some(name),
            _ => None,
        }
    }
}

fn is_group(token: &TokenTree, delimiter: Delimiter) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == delimiter)
}

/// Whether an attribute's brackets hold a path that ends in `test`, and nothing else.
fn is_test(group: &Group) -> bool {
    let mut last = None;
    for token in group.stream() {
        match &token {
            TokenTree::Ident(ident) => last = Some(ident.to_string()),
            TokenTree::Punct(punct) if punct.as_char() == ':' => {}
            _ => return false,
        }
    }
    last.is_some_and(|name| name == "test")
}
