//! Expressions of licences, as manifests state them: whether a set of accepted licences satisfies one.

use anyhow::{Context as _, bail, ensure};

/// Whether whoever accepts the licences that `accepts` says can keep to `expression`.
///
/// # Errors
/// Fails when the expression cannot be read.
pub(super) fn is_satisfied(
    expression: &str,
    accepts: &dyn Fn(&str) -> bool,
) -> anyhow::Result<bool> {
    // Before there were expressions a slash stood for a choice.
    let text = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let tokens: Vec<&str> = text.split_whitespace().collect();
    let mut rest = tokens.as_slice();
    let satisfied = any_of(&mut rest, accepts)?;
    ensure!(rest.is_empty(), "`{expression}` goes on after its end");
    Ok(satisfied)
}

fn any_of(rest: &mut &[&str], accepts: &dyn Fn(&str) -> bool) -> anyhow::Result<bool> {
    let mut satisfied = all_of(rest, accepts)?;
    while eat(rest, "OR") {
        satisfied |= all_of(rest, accepts)?;
    }
    Ok(satisfied)
}

fn all_of(rest: &mut &[&str], accepts: &dyn Fn(&str) -> bool) -> anyhow::Result<bool> {
    let mut satisfied = one(rest, accepts)?;
    while eat(rest, "AND") {
        satisfied &= one(rest, accepts)?;
    }
    Ok(satisfied)
}

fn one(rest: &mut &[&str], accepts: &dyn Fn(&str) -> bool) -> anyhow::Result<bool> {
    if eat(rest, "(") {
        let satisfied = any_of(rest, accepts)?;
        ensure!(eat(rest, ")"), "a bracket is not closed");
        return Ok(satisfied);
    }
    let (name, after) = rest.split_first().context("a licence is missing")?;
    if ["OR", "AND", "WITH", ")"].contains(name) {
        bail!("`{name}` stands where a licence should");
    }
    *rest = after;
    if eat(rest, "WITH") {
        let (exception, after) = rest.split_first().context("an exception is missing")?;
        *rest = after;
        // With an exception one may do more than without.
        return Ok(accepts(&format!("{name} WITH {exception}")) || accepts(name));
    }
    Ok(accepts(name))
}

fn eat(rest: &mut &[&str], word: &str) -> bool {
    let is_next = rest.first() == Some(&word);
    if is_next {
        *rest = &rest[1..];
    }
    is_next
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(accepted: &[&str], expression: &str) -> bool {
        is_satisfied(expression, &|name| accepted.contains(&name)).unwrap()
    }

    #[test]
    fn one_of_a_choice_is_enough_and_of_a_sum_all_are_needed() {
        assert!(with(&["MIT"], "MIT OR GPL-3.0"));
        assert!(with(&["MIT"], "GPL-3.0/MIT"));
        assert!(!with(&["MIT"], "MIT AND GPL-3.0"));
        assert!(with(&["MIT", "Unicode-3.0"], "(MIT OR Apache-2.0) AND Unicode-3.0"));
        assert!(!with(&["MIT", "Apache-2.0"], "(MIT OR Apache-2.0) AND Unicode-3.0"));
        assert!(with(&["MIT"], "Apache-2.0 WITH LLVM-exception OR GPL-3.0 OR MIT"));
        assert!(with(&["Apache-2.0"], "Apache-2.0 WITH LLVM-exception"));
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        for expression in ["", "MIT OR", "(MIT", "MIT GPL-3.0", "AND MIT", "MIT WITH"] {
            assert!(is_satisfied(expression, &|_| true).is_err(), "{expression}");
        }
    }
}
