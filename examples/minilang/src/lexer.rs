//! From text to words. Full-width signs mean the same as the ASCII ones.
#![forbid(unsafe_code)]

use crate::mistake::Mistake;

/// What a word is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A keyword or a name.
    Name(String),
    Number(i64),
    Text(String),
    Sign(&'static str),
    End,
}

/// A word, and its line, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) kind: Kind,
    pub(crate) line: usize,
}

/// Longer ones first.
const SIGNS: &[&str] =
    &["==", "!=", "<=", ">=", "(", ")", "{", "}", ",", ";", "=", "<", ">", "+", "-", "*", "/", "%"];

/// The ASCII sign that a full-width one stands for.
fn narrow(sign: char) -> char {
    match sign {
        '；' => ';',
        '，' => ',',
        '！'..='～' => char::from((u32::from(sign) - 0xfee0) as u8),
        _ => sign,
    }
}

/// The end of a text that begins so.
fn closing(open: char) -> Option<char> {
    match open {
        '"' => Some('"'),
        '“' => Some('”'),
        '「' => Some('」'),
        _ => None,
    }
}

/// The words of a source.
pub(crate) fn words(source: &str) -> Result<Vec<Word>, Mistake> {
    let mut lexer = Lexer { rest: source.chars().collect(), at: 0, line: 1, words: Vec::new() };
    while let Some(next) = lexer.peek() {
        lexer.word(next)?;
    }
    lexer.push(Kind::End);
    Ok(lexer.words)
}

struct Lexer {
    rest: Vec<char>,
    at: usize,
    line: usize,
    words: Vec<Word>,
}

impl Lexer {
    fn peek(&self) -> Option<char> {
        self.rest.get(self.at).copied()
    }

    fn push(&mut self, kind: Kind) {
        self.words.push(Word { kind, line: self.line });
    }

    /// Takes characters as long as they belong.
    fn take(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let from = self.at;
        while self.peek().is_some_and(&belongs) {
            self.at += 1;
        }
        self.rest[from..self.at].iter().collect()
    }

    fn word(&mut self, next: char) -> Result<(), Mistake> {
        if next == '\n' {
            self.line += 1;
            self.at += 1;
        } else if next.is_whitespace() {
            self.at += 1;
        } else if next == '#' {
            self.take(|c| c != '\n');
        } else if let Some(end) = closing(next) {
            self.text(end)?;
        } else if next.is_ascii_digit() {
            let found = self.take(|c| c.is_ascii_digit());
            let line = self.line;
            let number = found.parse().map_err(|_| Mistake::Number { line, found })?;
            self.push(Kind::Number(number));
        } else if next.is_alphabetic() || next == '_' {
            let name = self.take(|c| c.is_alphanumeric() || c == '_');
            self.push(Kind::Name(name));
        } else {
            self.sign(next)?;
        }
        Ok(())
    }

    fn text(&mut self, end: char) -> Result<(), Mistake> {
        self.at += 1;
        let text = self.take(|c| c != end && c != '\n');
        if self.peek() != Some(end) {
            return Err(Mistake::Text { line: self.line });
        }
        self.at += 1;
        self.push(Kind::Text(text));
        Ok(())
    }

    fn sign(&mut self, next: char) -> Result<(), Mistake> {
        let ahead: String = self.rest[self.at..].iter().take(2).map(|c| narrow(*c)).collect();
        let sign = SIGNS.iter().find(|sign| ahead.starts_with(**sign));
        let sign = sign.ok_or(Mistake::Character { line: self.line, found: next })?;
        self.at += sign.len();
        self.push(Kind::Sign(sign));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_and_narrow_signs_are_the_same() {
        let kinds = |source| -> Vec<Kind> {
            words(source).unwrap().into_iter().map(|word| word.kind).collect()
        };
        assert_eq!(kinds("甲（1，“好”）；"), kinds("甲(1, \"好\");"));
        assert_eq!(kinds("甲＝＝1"), kinds("甲 == 1"));
    }

    #[test]
    fn mistakes_name_their_line() {
        assert_eq!(words("甲\n  $"), Err(Mistake::Character { line: 2, found: '$' }));
        assert_eq!(words("\"abc"), Err(Mistake::Text { line: 1 }));
        let found = "9223372036854775808".to_owned();
        assert_eq!(words(&found), Err(Mistake::Number { line: 1, found: found.clone() }));
    }
}
