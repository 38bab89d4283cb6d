//! The files of the checkout, read and taken apart once for all rules.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use proc_macro2::{Delimiter, LineColumn, TokenStream, TokenTree};

/// Files of these kinds are text that the rules read.
const TEXT: &[&str] = &["rs", "c", "h", "toml", "md", "yml", "yaml", "sh", "html", "py"];

/// Files without an extension that the rules read.
const TEXT_NAMES: &[&str] = &["run", ".gitignore"];

/// The user's specification is kept as it came, word for word; the rules do not apply to it.
pub(crate) const VERBATIM: &str = "docs/spec/";

/// The checkout.
#[derive(Default)]
pub(crate) struct Tree {
    pub(crate) files: Vec<File>,
    /// Every path that exists, folders too, with `/` between the parts.
    paths: BTreeSet<String>,
    /// How paths of this machine begin that must not be told to others.
    pub(crate) private: Vec<String>,
}

/// One text file.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
    /// For Rust sources; an error says why it cannot be read as such.
    pub(crate) code: Option<Result<Code, String>>,
}

/// A Rust source taken apart.
pub(crate) struct Code {
    pub(crate) syntax: syn::File,
    pub(crate) tokens: Vec<Token>,
}

/// A token; the delimiters of a group are tokens of their own.
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) at: LineColumn,
}

impl Tree {
    /// Reads all files below `root` but build outputs and what begins with a dot and is not ours.
    pub(crate) fn read(root: &Path) -> anyhow::Result<Tree> {
        let mut tree = Tree::default();
        tree.private.push(format!("{}/", root.display()));
        if let Some(home) = std::env::var("HOME").ok().filter(|home| home.len() > 1) {
            tree.private.push(format!("{home}/"));
        }
        tree.walk(root, "")?;
        Ok(tree)
    }

    fn walk(&mut self, dir: &Path, prefix: &str) -> anyhow::Result<()> {
        let entries =
            fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?;
        let mut entries = entries.collect::<Result<Vec<_>, _>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{prefix}{name}");
            let kind = entry.file_type()?;
            if kind.is_dir() {
                // Cargo marks its target directories with this file.
                let output = entry.path().join("CACHEDIR.TAG").exists();
                if !output && name != ".git" && path != "target" {
                    self.paths.insert(path.clone());
                    self.walk(&entry.path(), &format!("{path}/"))?;
                }
            } else if kind.is_file() {
                self.add(&path, || fs::read_to_string(entry.path()))
                    .with_context(|| format!("cannot read {path}"))?;
            }
        }
        Ok(())
    }

    fn add(
        &mut self,
        path: &str,
        text: impl FnOnce() -> std::io::Result<String>,
    ) -> std::io::Result<()> {
        self.paths.insert(path.to_owned());
        let name = path.rsplit('/').next().unwrap_or(path);
        let is_text = match name.rsplit_once('.') {
            Some((_, extension)) if TEXT.contains(&extension) => true,
            _ => TEXT_NAMES.contains(&name),
        };
        if is_text && !path.starts_with(VERBATIM) {
            let text = text()?;
            let code = path.ends_with(".rs").then(|| Code::parse(&text));
            self.files.push(File { path: path.to_owned(), text, code });
        }
        Ok(())
    }

    /// A tree that exists only in a test.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Tree {
        let mut tree = Tree::default();
        for (path, text) in files {
            for (index, _) in path.match_indices('/') {
                tree.paths.insert(path[..index].to_owned());
            }
            tree.add(path, || Ok((*text).to_owned())).unwrap();
        }
        tree
    }

    pub(crate) fn has(&self, path: &str) -> bool {
        self.paths.contains(path)
    }

    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The files whose path ends so.
    pub(crate) fn ending<'a>(&'a self, end: &'a str) -> impl Iterator<Item = &'a File> {
        self.files.iter().filter(move |file| file.path.ends_with(end))
    }

    /// The Rust sources that can be parsed; those that cannot are a finding of their own.
    pub(crate) fn sources(&self) -> impl Iterator<Item = (&File, &Code)> {
        self.files.iter().filter_map(|file| Some((file, file.code.as_ref()?.as_ref().ok()?)))
    }
}

impl File {
    /// The lines with their numbers, from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        // `split` rather than `lines`: a carriage return is something to find.
        self.text.split('\n').enumerate().map(|(index, line)| (index + 1, line))
    }
}

impl Code {
    fn parse(text: &str) -> Result<Code, String> {
        let describe = |line: usize, error: String| format!("line {line}: {error}");
        let stream: TokenStream = text.parse().map_err(|error: proc_macro2::LexError| {
            describe(error.span().start().line, error.to_string())
        })?;
        let mut tokens = Vec::new();
        flatten(stream.clone(), &mut tokens);
        let syntax = syn::parse2(stream)
            .map_err(|error| describe(error.span().start().line, error.to_string()))?;
        Ok(Code { syntax, tokens })
    }

    /// Where the tokens `wanted` stand one after the other.
    pub(crate) fn find<'a>(&'a self, wanted: &'a [&str]) -> impl Iterator<Item = usize> + 'a {
        let windows = self.tokens.windows(wanted.len()).enumerate();
        windows.filter_map(move |(index, window)| {
            let equal = window.iter().zip(wanted).all(|(token, text)| token.text == *text);
            equal.then_some(index)
        })
    }

    /// The tokens of the group that opens at `open`, without its delimiters.
    pub(crate) fn group(&self, open: usize) -> &[Token] {
        let mut depth = 0_usize;
        for (index, token) in self.tokens.iter().enumerate().skip(open) {
            match token.text.as_str() {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return self.tokens.get(open + 1..index).unwrap_or_default();
            }
        }
        &[]
    }
}

fn flatten(stream: TokenStream, into: &mut Vec<Token>) {
    for tree in stream {
        let TokenTree::Group(group) = tree else {
            into.push(Token { text: tree.to_string(), at: tree.span().start() });
            continue;
        };
        let (open, close) = match group.delimiter() {
            Delimiter::Parenthesis => ("(", ")"),
            Delimiter::Brace => ("{", "}"),
            Delimiter::Bracket => ("[", "]"),
            Delimiter::None => ("", ""),
        };
        into.push(Token { text: open.to_owned(), at: group.span_open().start() });
        flatten(group.stream(), into);
        into.push(Token { text: close.to_owned(), at: group.span_close().start() });
    }
}
