//! The language of help and report.

use std::ffi::OsString;

/// English, or Chinese.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    Chinese,
}

impl Language {
    /// What `--lang` says; else what the environment does.
    pub(crate) fn of(arguments: &[OsString]) -> Self {
        let mut words = arguments.iter().map(|word| word.to_string_lossy());
        let mut said = None;
        while let Some(word) = words.next() {
            if let Some(value) = word.strip_prefix("--lang=") {
                said = Some(value.to_owned());
            } else if word == "--lang" {
                said = words.next().map(Into::into);
            }
        }
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let surrounding = || set("LC_ALL").or_else(|| set("LC_MESSAGES")).or_else(|| set("LANG"));
        match said.or_else(surrounding) {
            Some(name) if name.starts_with("zh") => Self::Chinese,
            _ => Self::English,
        }
    }

    /// One text of two.
    pub(crate) fn pick<T>(self, english: T, chinese: T) -> T {
        match self {
            Self::English => english,
            Self::Chinese => chinese,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn argument_goes_before_the_environment() {
        let of =
            |words: &[&str]| Language::of(&words.iter().map(OsString::from).collect::<Vec<_>>());
        assert_eq!(of(&["loadgen", "--lang", "zh"]), Language::Chinese);
        assert_eq!(of(&["loadgen", "--lang=en"]), Language::English);
        assert_eq!(Language::Chinese.pick("tea", "茶"), "茶");
    }
}
