//! The arguments of the proxies that are compared with: those of `proxy` that the check gives.

pub(crate) struct Args {
    pub(crate) listen: String,
    pub(crate) to: String,
    pub(crate) workers: usize,
}

/// # Panics
/// For anything else: only the check starts these.
pub(crate) fn parse() -> Args {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let at = words.iter().position(|word| word == name).expect("--listen, --to, --workers");
        words.get(at + 1).expect("a value").clone()
    };
    let workers = value("--workers").parse().expect("a number");
    Args { listen: value("--listen"), to: value("--to"), workers }
}
