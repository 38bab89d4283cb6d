//! The members of the workspace and the members each may use.

/// One member.
pub(crate) struct Layer {
    pub(crate) package: &'static str,
    /// The members it may depend on, in whatever table of its manifest.
    pub(crate) may_use: &'static [&'static str],
    /// Whether users depend on it: such a crate is tested alone, and its external dependencies
    /// are limited to `catalogue::dependency`.
    pub(crate) core: bool,
}

const fn core(package: &'static str, may_use: &'static [&'static str]) -> Layer {
    Layer { package, may_use, core: true }
}

const fn other(package: &'static str, may_use: &'static [&'static str]) -> Layer {
    Layer { package, may_use, core: false }
}

pub(crate) const LAYERS: &[Layer] = &[
    core("qi-sys", &[]),
    core("qi-reactor", &["qi-sys", "qi-test-kit"]),
    core("qi-coroutine", &["qi-test-kit"]),
    core("qi-stackful", &["qi-coroutine", "qi-sched"]),
    core("qi-sched", &["qi-sys", "qi-test-kit"]),
    core("qi-sync", &["qi-sched", "qi-test-kit"]),
    core("qi-scope", &["qi-sched", "qi-sync", "qi-test-kit"]),
    core("qi-macros", &[]),
    core("qi-winpipe", &[]),
    core(
        "qi-runtime",
        &[
            "qi-coroutine",
            "qi-macros",
            "qi-reactor",
            "qi-sched",
            "qi-scope",
            "qi-stackful",
            "qi-sync",
            "qi-sys",
            "qi-test-kit",
            "qi-winpipe",
        ],
    ),
    core("qi-graph", &["qi-runtime", "qi-test-kit"]),
    other("qi-abi", &["qi-graph", "qi-lang", "qi-reactor", "qi-runtime", "qi-sys"]),
    other("qi-lang", &["qi-runtime"]),
    other("qi-test-kit", &[]),
    other("qi-spec-check", &["qi-graph", "qi-runtime"]),
    other("qi-examples", &["qi-graph", "qi-runtime"]),
    other("qi-minilang", &["qi-abi"]),
    other(
        "qi-bench",
        &["qi-coroutine", "qi-graph", "qi-reactor", "qi-runtime", "qi-sched", "qi-sync", "qi-sys"],
    ),
    other("qi-sanitizer-bait", &[]),
    other("qi-fault-shim", &["qi-runtime"]),
    other("qi-shuttled", &["qi-sys"]),
    other(
        "qi-fuzz",
        &["qi-abi", "qi-coroutine", "qi-reactor", "qi-sched", "qi-sync", "qi-test-kit"],
    ),
    other("xtask", &[]),
];

/// The packages whose tests run on other platforms and under sanitizers.
pub(crate) fn core_packages() -> Vec<&'static str> {
    LAYERS.iter().filter(|layer| layer.core).map(|layer| layer.package).collect()
}

/// Packages that are watched by sanitizers, or run on other platforms, when they are asked for by name only.
const ON_REQUEST: &[&str] = &["qi-lang"];

/// The packages that may be asked for.
pub(crate) fn packages_to_ask_for() -> Vec<&'static str> {
    [&core_packages()[..], ON_REQUEST].concat()
}

/// All members below `package`, those that it reaches through others too.
pub(crate) fn below(layers: &[Layer], package: &str) -> Vec<&'static str> {
    let mut found: Vec<&'static str> = Vec::new();
    let mut open = vec![package];
    while let Some(name) = open.pop() {
        for layer in layers.iter().filter(|layer| layer.package == name) {
            for used in layer.may_use {
                if !found.contains(used) {
                    found.push(used);
                    open.push(used);
                }
            }
        }
    }
    found
}
