//! The target of a request: which name below the root it asks for.
//!
//! # Safety of the root
//! The path is taken apart *before* it is decoded, so an escaped slash cannot make a new segment.
//! A segment that is not one plain name (`..`, something with a separator or a drive, NUL) is
//! refused, and so is a hidden one. What is left can leave the root through links only; those are
//! judged where the file is opened (`site.rs`).

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use std::path::{Component, Path};

/// What a segment of a path may not hold unescaped in a link.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'&')
    .add(b'\'')
    .add(b'/')
    .add(b':')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// No file system has longer names.
const LONGEST_NAME: usize = 255;

/// What is asked for: names below the root, joined by slashes, with one at the end if the path had
/// one. The root itself is empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Target(String);

/// Why there is no target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Not a form that a request may have.
    Malformed,
    /// Nothing that this server would serve.
    Forbidden,
}

impl Target {
    /// Understands the target as it stands in the request line.
    pub(crate) fn parse(raw: &str) -> Result<Self, Refusal> {
        let raw = raw.split(['?', '#']).next().unwrap_or_default();
        let path = match raw.strip_prefix('/') {
            Some(path) => path,
            None => absolute(raw)?,
        };
        let mut names = String::with_capacity(path.len());
        for segment in path.split('/') {
            if segment.is_empty() || segment == "." {
                continue;
            }
            let name = percent_decode_str(segment).decode_utf8().map_err(|_| Refusal::Malformed)?;
            if !is_servable(&name) {
                return Err(Refusal::Forbidden);
            }
            if !names.is_empty() {
                names.push('/');
            }
            names.push_str(&name);
        }
        if !names.is_empty() && path.ends_with('/') {
            names.push('/');
        }
        Ok(Self(names))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it can only be a directory.
    pub(crate) fn names_directory(&self) -> bool {
        self.0.is_empty() || self.0.ends_with('/')
    }

    /// The path with a slash at the end, for a link.
    pub(crate) fn directory_link(&self) -> String {
        let mut link = "/".to_owned();
        for name in self.0.split('/').filter(|name| !name.is_empty()) {
            link.push_str(&escape(name));
            link.push('/');
        }
        link
    }
}

/// A name as a segment of a link.
pub(crate) fn escape(name: &str) -> String {
    utf8_percent_encode(name, SEGMENT).to_string()
}

/// Whether the name may be asked for and listed.
pub(crate) fn is_servable(name: &str) -> bool {
    let mut components = Path::new(name).components();
    let plain = matches!(components.next(), Some(Component::Normal(only)) if only == name)
        && components.next().is_none();
    let hidden = name.starts_with('.') && name != ".well-known";
    // A backslash is a separator on one system only, and then a trap on all.
    plain && !hidden && name.len() <= LONGEST_NAME && !name.contains(['\0', '\\'])
}

/// The path of a target with scheme and host, as proxies send it.
fn absolute(raw: &str) -> Result<&str, Refusal> {
    let scheme = ["http://", "https://"].into_iter().find(|scheme| {
        raw.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    });
    let rest = &raw[scheme.ok_or(Refusal::Malformed)?.len()..];
    match rest.split_once('/') {
        Some(("", _)) => Err(Refusal::Malformed),
        Some((_, path)) => Ok(path),
        None if rest.is_empty() => Err(Refusal::Malformed),
        None => Ok(""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(raw: &str) -> Result<String, Refusal> {
        Target::parse(raw).map(|target| target.0)
    }

    #[test]
    fn a_path_is_taken_apart_before_it_is_decoded() {
        for (raw, expected) in [
            ("/", ""),
            ("/a.txt", "a.txt"),
            ("/a//b/./c", "a/b/c"),
            ("/a/?q=/../x", "a/"),
            ("/%E6%96%87%20a", "文 a"),
            ("http://host:80/a", "a"),
            ("HTTP://host", ""),
            ("//evil/x/", "evil/x/"),
        ] {
            assert_eq!(names(raw).as_deref(), Ok(expected), "{raw}");
        }
    }

    #[test]
    fn nothing_leads_out_of_the_root_and_hidden_names_are_not_served() {
        for raw in [
            "/../etc/passwd",
            "/a/../../b",
            "/%2e%2e/b",
            "/.%2E/b",
            "/a%2f..%2fb",
            "/a%00b",
            "/a%5c..%5cb",
            "/.git/config",
            "/a/.hidden",
        ] {
            assert_eq!(names(raw), Err(Refusal::Forbidden), "{raw}");
        }
        assert_eq!(names("/.well-known/x").as_deref(), Ok(".well-known/x"));
    }

    #[test]
    fn targets_of_no_known_form_are_malformed() {
        for raw in ["", "*", "host:80", "ftp://host/", "http://", "http:///a", "/%FF"] {
            assert_eq!(names(raw), Err(Refusal::Malformed), "{raw}");
        }
    }

    #[test]
    fn a_link_to_a_directory_is_escaped_and_stays_on_this_host() {
        let link = |raw| Target::parse(raw).map(|target| target.directory_link());
        assert_eq!(link("//evil.org").as_deref(), Ok("/evil.org/"));
        assert_eq!(link("/a b/%3Cc%3E").as_deref(), Ok("/a%20b/%3Cc%3E/"));
        assert_eq!(link("/").as_deref(), Ok("/"));
    }
}
