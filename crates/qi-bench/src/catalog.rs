//! The table of workloads: what each does, which of its figures count, and the bar Qi has set
//! itself for them.

/// A figure that the report shows for a workload.
pub(crate) struct Figure {
    /// Its name in the samples.
    pub(crate) name: &'static str,
    /// What the report calls it.
    pub(crate) title: &'static str,
    /// Multiplies the raw figure into the unit of the title.
    pub(crate) scale: f64,
}

/// Whom a bar compares Qi with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Rival {
    /// The best of Tokio, smol, may and Go.
    Best,
    /// The best of Tokio, smol and may.
    BestRust,
    /// One runtime by name.
    One(&'static str),
    /// Nobody: the bar is a number.
    Number(f64),
}

/// What must hold between Qi's figure and the rival's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Rule {
    /// rival ÷ Qi is at least so much, and Qi's CPU time per operation at most 1.1 × the lowest peer's.
    WallWin(f64),
    /// rival ÷ Qi is at least so much.
    TimesLess(f64),
    /// Qi's figure is at most so many times the rival's.
    AtMost(f64),
    /// Qi's figure is at least so many times the rival's.
    AtLeast(f64),
    /// The rival's figure is at most so much above Qi's, in the unit of the raw figure.
    NoMoreThan(f64),
}

/// One bar of a workload.
pub(crate) struct Bar {
    pub(crate) figure: &'static str,
    pub(crate) rival: Rival,
    pub(crate) rule: Rule,
}

/// One workload.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    /// What it does, as a sentence of the report.
    pub(crate) title: &'static str,
    /// Whose chart it appears in.
    pub(crate) family: &'static str,
    pub(crate) figures: &'static [Figure],
    pub(crate) bars: &'static [Bar],
    /// Who can run it.
    pub(crate) runtimes: &'static [&'static str],
    /// Repetitions of a full run.
    pub(crate) repetitions: usize,
    /// After so many seconds a process counts as stuck.
    pub(crate) limit_s: u64,
}

/// All runtimes, in the order of the report.
pub(crate) const RUNTIMES: &[&str] = &[
    "qi", "future", "tokio", "smol", "flume", "may", "go", "rayon", "chili", "taskflow", "c",
    "floor",
];

const ASYNC: &[&str] = &["qi", "tokio", "smol", "may", "go"];
const CHANNELS: &[&str] = &["qi", "tokio", "smol", "flume", "go"];
const UNBOUNDED: &[&str] = &["qi", "tokio", "smol", "flume"];
const SHARED: &[&str] = &["qi", "smol", "flume", "go"];
const SHARED_UNBOUNDED: &[&str] = &["qi", "smol", "flume"];
const LOCKS: &[&str] = &["qi", "tokio", "smol", "go"];
const RUST: &[&str] = &["qi", "tokio", "smol", "may"];
const TREES: &[&str] = &["qi", "tokio", "smol", "may", "go", "rayon", "chili"];
const WITH_FLOOR: &[&str] = &["qi", "tokio", "smol", "may", "go", "floor"];
const FUTURES: &[&str] = &["qi", "tokio", "smol"];
const TIMEOUTS: &[&str] = &["qi", "tokio", "smol", "go"];
const HYPER: &[&str] = &["qi", "tokio"];
const ONLY_QI: &[&str] = &["qi"];
/// Through Rust and through the C ABI.
const BOTH_WAYS: &[&str] = &["qi", "c"];
const STACKFUL: &[&str] = &["qi", "future", "may", "go"];
const STACKS: &[&str] = &["qi", "may", "go"];
const SWITCHERS: &[&str] = &["qi", "may", "go", "floor"];
const GRAPHS: &[&str] = &["qi", "taskflow"];

const WALL: Figure = Figure { name: "wall_ns", title: "wall ns", scale: 1.0 };
const CPU: Figure = Figure { name: "cpu_ns", title: "CPU ns", scale: 1.0 };
const PEAK: Figure = Figure { name: "peak_mib", title: "peak MiB", scale: 1.0 };
const P50: Figure = Figure { name: "p50_ns", title: "p50 µs", scale: 1e-3 };
const P99: Figure = Figure { name: "p99_ns", title: "p99 µs", scale: 1e-3 };
const SAMPLES: Figure = Figure { name: "samples", title: "samples", scale: 1.0 };
const BYTES: Figure = Figure { name: "bytes_per_task", title: "bytes per task", scale: 1.0 };
const RATE: Figure = Figure { name: "requests_per_s", title: "requests/s", scale: 1.0 };
const WALL_US: Figure = Figure { name: "wall_ns", title: "wall µs", scale: 1e-3 };
const CPU_US: Figure = Figure { name: "cpu_ns", title: "CPU µs", scale: 1e-3 };
const BUILD: Figure = Figure { name: "build_ns", title: "CPU ns to build", scale: 1.0 };
const OVER_LIST: Figure = Figure { name: "over_list", title: "wall ÷ list schedule", scale: 1.0 };
const OVER_BOUND: Figure = Figure { name: "over_bound", title: "wall ÷ lower bound", scale: 1.0 };
const OVER: Figure = Figure { name: "over_ideal", title: "wall ÷ ideal", scale: 1.0 };

const RESIDENT: Figure = Figure { name: "resident_bytes", title: "resident", scale: 1.0 };
const TABLES: Figure = Figure { name: "page_table_bytes", title: "page tables", scale: 1.0 };
const NATIVE: Figure = Figure { name: "native_ns", title: "in a future", scale: 1.0 };
const OVER_NATIVE: Figure = Figure { name: "over_native_ns", title: "more", scale: 1.0 };
const DEEP: Figure = Figure { name: "deep_ns", title: "under 32 calls", scale: 1.0 };
const DEEP_NATIVE: Figure = Figure { name: "deep_native_ns", title: "in a future", scale: 1.0 };
const EVEN_AT: Figure = Figure { name: "even_at", title: "even under", scale: 1.0 };

const MAX: Figure = Figure { name: "max_ns", title: "max µs", scale: 1e-3 };
const POLL_P99: Figure = Figure { name: "poll_p99_ns", title: "a poll's p99 µs", scale: 1e-3 };
const TIMER_P99: Figure = Figure { name: "timer_p99_ns", title: "timer p99 µs", scale: 1e-3 };
const TIMER_MAX: Figure = Figure { name: "timer_max_ns", title: "timer max µs", scale: 1e-3 };
const TIMERS: Figure = Figure { name: "timer_samples", title: "timers", scale: 1.0 };
const ECHO_P99: Figure = Figure { name: "echo_p99_ns", title: "echo p99 µs", scale: 1e-3 };
const ECHO_MAX: Figure = Figure { name: "echo_max_ns", title: "echo max µs", scale: 1e-3 };
const ECHOES: Figure = Figure { name: "echo_samples", title: "echoes", scale: 1.0 };
const EXTRA: Figure = Figure { name: "extra_workers", title: "extra workers", scale: 1.0 };
const BEFORE: Figure = Figure { name: "threads_before", title: "threads before", scale: 1.0 };
const MOST: Figure = Figure { name: "threads_most", title: "at most", scale: 1.0 };
const AFTER: Figure = Figure { name: "threads_after", title: "after", scale: 1.0 };
const BACK: Figure = Figure { name: "back_after_ns", title: "back after ms", scale: 1e-6 };

const COST: &[Figure] = &[WALL, CPU, PEAK];
const CPU_COST: &[Figure] = &[CPU, WALL, PEAK];
const LATENESS: &[Figure] = &[P50, P99, SAMPLES];
const GRAPH: &[Figure] = &[CPU, WALL, BUILD, PEAK];
const SCHEDULE: &[Figure] = &[OVER_LIST, OVER_BOUND, CPU_US];
const STACK_BYTES: &[Figure] = &[BYTES, RESIDENT, TABLES];
const AWAITS: &[Figure] = &[WALL, NATIVE, OVER_NATIVE, DEEP, DEEP_NATIVE, EVEN_AT];
const LIFE: &[Figure] = &[WALL_US, CPU_US];
const HTTP: &[Figure] = &[CPU_US, RATE];
const ECHO: &[Figure] = &[CPU_US, RATE, P50, P99, SAMPLES];

const URGENT: &[Figure] = &[P50, P99, MAX, SAMPLES, POLL_P99];
const STALLED: &[Figure] = &[TIMER_P99, TIMER_MAX, TIMERS, ECHO_P99, ECHO_MAX, ECHOES];
const HELD: &[Figure] = &[P50, P99, MAX, SAMPLES, EXTRA, BEFORE, MOST, AFTER, BACK];

const fn wall(factor: f64) -> Bar {
    Bar { figure: "wall_ns", rival: Rival::Best, rule: Rule::WallWin(factor) }
}

const fn at_most(figure: &'static str, limit: f64) -> Bar {
    Bar { figure, rival: Rival::Number(limit), rule: Rule::AtMost(1.0) }
}

const fn faster(than: &'static str) -> Bar {
    Bar { figure: "wall_ns", rival: Rival::One(than), rule: Rule::TimesLess(1.0) }
}

const fn times(runtime: &'static str, factor: f64) -> Bar {
    Bar { figure: "wall_ns", rival: Rival::One(runtime), rule: Rule::AtMost(factor) }
}

const WALL_2: &[Bar] = &[wall(2.0)];
const WALL_1_5: &[Bar] = &[wall(1.5)];
const WALL_1: &[Bar] = &[wall(1.0)];
const WALL_1_3: &[Bar] = &[wall(1.3)];
/// 0.8 times as fast as Go will do, so it is the Rust peers whose CPU time a win must not exceed.
const LOCK: &[Bar] = &[
    Bar { figure: "wall_ns", rival: Rival::One("tokio"), rule: Rule::TimesLess(3.0) },
    Bar { figure: "wall_ns", rival: Rival::One("go"), rule: Rule::AtMost(1.25) },
    Bar { figure: "cpu_ns", rival: Rival::BestRust, rule: Rule::AtMost(1.1) },
];
const FIB: &[Bar] = &[
    Bar { figure: "wall_ns", rival: Rival::One("tokio"), rule: Rule::WallWin(10.0) },
    Bar { figure: "wall_ns", rival: Rival::One("rayon"), rule: Rule::AtMost(8.0) },
];
const SKYNET: &[Bar] = &[
    Bar { figure: "wall_ns", rival: Rival::One("tokio"), rule: Rule::WallWin(10.0) },
    Bar { figure: "wall_ns", rival: Rival::One("rayon"), rule: Rule::AtMost(8.0) },
    Bar { figure: "peak_mib", rival: Rival::Number(64.0), rule: Rule::AtMost(1.0) },
];
const FIRED: &[Bar] =
    &[Bar { figure: "cpu_ns", rival: Rival::BestRust, rule: Rule::TimesLess(3.0) }];
const DROPPED: &[Bar] =
    &[Bar { figure: "wall_ns", rival: Rival::BestRust, rule: Rule::WallWin(2.5) }];
/// "No worse", with the noise that the comparison allows: 5 %, and 10 % at p99.
const NO_LATER: &[Bar] = &[
    Bar { figure: "p50_ns", rival: Rival::Best, rule: Rule::AtMost(1.05) },
    Bar { figure: "p99_ns", rival: Rival::Best, rule: Rule::AtMost(1.10) },
];
const ECHO_BARS: &[Bar] = &[
    Bar { figure: "cpu_ns", rival: Rival::Best, rule: Rule::AtMost(1.05) },
    Bar { figure: "cpu_ns", rival: Rival::One("floor"), rule: Rule::AtMost(1.10) },
    Bar { figure: "requests_per_s", rival: Rival::Best, rule: Rule::AtLeast(0.95) },
    Bar { figure: "p99_ns", rival: Rival::Best, rule: Rule::AtMost(1.10) },
];
const HTTP_BARS: &[Bar] = &[
    Bar { figure: "requests_per_s", rival: Rival::One("tokio"), rule: Rule::AtLeast(0.95) },
    Bar { figure: "cpu_ns", rival: Rival::One("tokio"), rule: Rule::AtMost(1.05) },
];
const LIGHT: &[Bar] =
    &[Bar { figure: "bytes_per_task", rival: Rival::Best, rule: Rule::AtMost(0.75) }];
const NO_SLOWER: &[Bar] =
    &[Bar { figure: "wall_ns", rival: Rival::Best, rule: Rule::AtMost(1.05) }];
/// Mostly the system's own work: it takes no longer than with the best.
const NO_LONGER: &[Bar] =
    &[Bar { figure: "wall_ns", rival: Rival::BestRust, rule: Rule::AtMost(1.10) }];
const BALANCED: &[Bar] =
    &[Bar { figure: "over_ideal", rival: Rival::Number(1.05), rule: Rule::AtMost(1.0) }];
/// Two of the longest polls below: 100 µs each.
const TWO_POLLS: &[Bar] = &[at_most("p99_ns", 200_000.0)];
/// Twice the default `poll_interval` of 1 ms.
const IN_TWO_INTERVALS: &[Bar] =
    &[at_most("timer_p99_ns", 2_000_000.0), at_most("echo_p99_ns", 2_000_000.0)];
/// The default `stall_threshold` of 10 ms, and twice `poll_interval`.
const PAST_THE_THRESHOLD: &[Bar] =
    &[at_most("timer_p99_ns", 12_000_000.0), at_most("echo_p99_ns", 12_000_000.0)];
const HELPED: &[Bar] = &[
    Bar { figure: "extra_workers", rival: Rival::Number(1.0), rule: Rule::AtLeast(1.0) },
    at_most("back_after_ns", 1_000_000_000.0),
];
/// Nodes that do nothing, so all is overhead.
const MICROSECOND: &[Bar] =
    &[Bar { figure: "cpu_ns", rival: Rival::Number(1000.0), rule: Rule::AtMost(1.0) }];
const PACKED: &[Bar] =
    &[Bar { figure: "over_list", rival: Rival::Number(1.05), rule: Rule::AtMost(1.0) }];
/// What the C ABI may cost beside the Rust interface.
const IN_C: &[Bar] =
    &[Bar { figure: "cpu_ns", rival: Rival::One("c"), rule: Rule::AtLeast(1.0 / 1.5) }];
const SENT_IN_C: &[Bar] =
    &[Bar { figure: "cpu_ns", rival: Rival::One("c"), rule: Rule::NoMoreThan(30.0) }];
const NEAR_A_FUTURE: &[Bar] = &[times("future", 1.5), faster("may")];
const NEAR_THE_FLOOR: &[Bar] = &[times("floor", 1.3), faster("may"), faster("go")];
const AHEAD: &[Bar] = &[faster("may"), faster("go")];
const AHEAD_OF_MAY: &[Bar] = &[faster("may")];
/// What a native await costs and 60 ns; no dearer than one under sixteen frames.
const CLOSE_BY: &[Bar] = &[at_most("over_native_ns", 60.0), at_most("even_at", 16.0)];
/// A page for the stack, the task, and their part of the page tables.
const SMALL: &[Bar] = &[at_most("bytes_per_task", 5120.0), LIGHTER];
const LARGER: &[Bar] = &[LIGHTER];
const LIGHTER: Bar =
    Bar { figure: "bytes_per_task", rival: Rival::One("may"), rule: Rule::TimesLess(1.0) };
const NO_BAR: &[Bar] = &[];

const fn row(
    name: &'static str,
    family: &'static str,
    title: &'static str,
    figures: &'static [Figure],
    bars: &'static [Bar],
    runtimes: &'static [&'static str],
) -> Workload {
    Workload { name, title, family, figures, bars, runtimes, repetitions: 7, limit_s: 60 }
}

impl Workload {
    /// For peers whose figures come in two humps.
    const fn often(mut self) -> Self {
        self.repetitions = 15;
        self
    }

    /// For workloads that take long, or count thousands of samples each time.
    const fn seldom(mut self) -> Self {
        self.repetitions = 3;
        self
    }

    /// For workloads that take a peer longer than the usual minute.
    const fn within(mut self, limit_s: u64) -> Self {
        self.limit_s = limit_s;
        self
    }
}

/// Every workload, in the order of the report.
#[rustfmt::skip]
pub(crate) const WORKLOADS: &[Workload] = &[
    row("spawn", "spawn", "spawn 1 M trivial tasks from inside and await all", COST, WALL_2, ASYNC).often(),
    row("spawn-outside", "spawn", "the same from one thread outside the runtime", COST, WALL_1_5, RUST).often(),
    row("spawn-outside-8", "spawn", "the same from eight threads at once", COST, WALL_1_5, RUST).often(),
    row("chain", "spawn", "each task spawns the next, 1 M deep", COST, WALL_1_5, ASYNC),
    row("yield", "switch", "200 tasks yield 10,000 times each", COST, WALL_1_5, ASYNC).often(),
    row("wake-1", "switch", "ping-pong by wakers, one pair (a round trip)", COST, WALL_1_3, ASYNC).often(),
    row("wake-1000", "switch", "ping-pong by wakers, 1000 pairs (a round trip)", COST, WALL_1_3, ASYNC).often(),
    row("oneshot-1", "switch", "spawn a partner and exchange two oneshots, one at a time", COST, WALL_1_3, ASYNC).often(),
    row("oneshot-1000", "switch", "the same, 1000 at once", COST, WALL_1_3, ASYNC).often(),
    row("channel-1-1", "channel", "1 M values from one task to another, room for 100", COST, WALL_1, CHANNELS).often(),
    row("channel-4-1", "channel", "the same, from four tasks to one", COST, WALL_1, CHANNELS).often(),
    row("channel-4-4", "channel", "the same, from four tasks to four", COST, WALL_1, SHARED).often(),
    row("channel-1-1-unbounded", "channel", "1 M values from one task to another, without a limit", COST, WALL_1, UNBOUNDED).often(),
    row("channel-4-1-unbounded", "channel", "the same, from four tasks to one", COST, WALL_1, UNBOUNDED).often(),
    row("channel-4-4-unbounded", "channel", "the same, from four tasks to four", COST, WALL_1, SHARED_UNBOUNDED).often(),
    row("mutex-free", "mutex", "1000 tasks increment a number under one lock (an increment)", COST, LOCK, LOCKS).often(),
    row("mutex-held", "mutex", "the same, each lock held over a yield", COST, LOCK, LOCKS).often(),
    row("fib", "fork-join", "fib(27), a task per node, children awaited", COST, FIB, TREES).often(),
    row("skynet", "fork-join", "skynet, 1 M leaves, ten children per node", COST, SKYNET, TREES).often(),
    row("sleep-fire", "timer", "1 M sleeps over one second: spawned, set, fired", CPU_COST, FIRED, ASYNC).within(120),
    row("timeout-drop", "timer", "5 M timeouts set and dropped by 100 tasks", COST, DROPPED, TIMEOUTS),
    row("late-idle", "latency", "lateness of a 1 ms sleep, idle", LATENESS, NO_LATER, ASYNC),
    row("late-loaded", "latency", "lateness of a 1 ms sleep, all workers busy", LATENESS, NO_LATER, ASYNC),
    row("foreign-wake", "latency", "a foreign thread wakes a parked task", LATENESS, NO_LATER, WITH_FLOOR),
    row("heartbeat", "latency", "a 10 ms heartbeat over a flood of 10,000 computing tasks", LATENESS, NO_BAR, ASYNC),
    row("heartbeat-urgent", "latency", "the same, the heartbeat at priority High", LATENESS, NO_BAR, ONLY_QI),
    row("echo-100", "echo", "TCP echo, 64 B, 100 connections (per request; latencies at 20,000/s)", ECHO, ECHO_BARS, WITH_FLOOR),
    row("echo-1000", "echo", "TCP echo, 64 B, 1000 connections (per request; latencies at 20,000/s)", ECHO, ECHO_BARS, WITH_FLOOR),
    row("http1-64", "hyper", "hyper, HTTP/1.1, 64 connections (per request)", HTTP, HTTP_BARS, HYPER),
    row("http1-512", "hyper", "hyper, HTTP/1.1, 512 connections (per request)", HTTP, HTTP_BARS, HYPER),
    row("http2-64", "hyper", "hyper, HTTP/2, 64 connections of 10 streams (per request)", HTTP, HTTP_BARS, HYPER),
    row("http2-512", "hyper", "hyper, HTTP/2, 512 connections of 10 streams (per request)", HTTP, HTTP_BARS, HYPER),
    row("file-long", "system", "a file of 64 MiB in the cache, read in pieces of 64 KiB (a piece)", COST, NO_LONGER, FUTURES),
    row("file-small", "system", "files of 4 KiB, each written and read whole, 64 at once (a file)", COST, NO_LONGER, FUTURES),
    row("child", "system", "children that end at once, started and waited for, 4 at once (a child)", COST, NO_LONGER, FUTURES),
    row("memory-sleep", "memory", "memory of a sleeping task, 1 M of them", &[BYTES], LIGHT, ASYNC),
    row("memory-oneshot", "memory", "memory of a task waiting on a oneshot (included), 1 M of them", &[BYTES], LIGHT, ASYNC),
    row("lifecycle", "life", "a runtime created and shut down", LIFE, NO_SLOWER, FUTURES),
    row("lifecycle-128", "life", "the same with a pool of 128 coroutine stacks asked for", LIFE, NO_BAR, ONLY_QI),
    row("shutdown-parked", "life", "shut down with 1 M parked tasks (per task)", COST, NO_SLOWER, FUTURES),
    row("balance", "balance", "100,000 tasks of 10 µs all spawned on one worker", &[OVER, CPU], BALANCED, ASYNC),
    row("coroutine-switch", "coroutine", "a coroutine suspended and resumed, without a scheduler", COST, NEAR_THE_FLOOR, SWITCHERS),
    row("coroutine-yield", "coroutine", "200 coroutines yield 10,000 times each", COST, AHEAD, STACKFUL),
    row("coroutine-join", "coroutine", "a coroutine spawned, run and joined, one after the other (Qi: by a future)", COST, NEAR_A_FUTURE, STACKFUL),
    row("coroutine-call", "coroutine", "the same, by a coroutine, which waits meanwhile", COST, AHEAD_OF_MAY, STACKFUL),
    row("coroutine-spawn", "coroutine", "1000 coroutines spawned from inside, then joined", COST, NEAR_A_FUTURE, STACKFUL),
    row("coroutine-channel", "coroutine", "ping-pong of two coroutines over channels with room for one (a round trip)", COST, AHEAD_OF_MAY, STACKFUL),
    row("coroutine-await", "coroutine", "an await that suspends, in a coroutine and in a future", AWAITS, CLOSE_BY, ONLY_QI).seldom(),
    row("coroutine-memory-16", "coroutine-memory", "a suspended coroutine with a stack of 16 KiB", STACK_BYTES, SMALL, STACKS).seldom(),
    row("coroutine-memory-64", "coroutine-memory", "the same with 64 KiB", STACK_BYTES, SMALL, STACKS).seldom(),
    row("coroutine-memory-256", "coroutine-memory", "the same with 256 KiB", STACK_BYTES, LARGER, STACKS).seldom(),
    row("coroutine-memory-2048", "coroutine-memory", "the same with 2 MiB, the default", STACK_BYTES, LARGER, STACKS).seldom(),
    row("graph-order", "graph", "a random graph of 1 M computations that come one after the other", GRAPH, MICROSECOND, GRAPHS).within(120),
    row("graph-data", "graph", "the same, of futures that pass results along its 2 M edges", GRAPH, MICROSECOND, ONLY_QI).within(120),
    row("graph-compile", "graph", "a compile-like graph of 10,000 nodes, 20 µs to 10 ms long", SCHEDULE, PACKED, GRAPHS).within(120),
    row("abi-await", "abi", "a poll function through the C ABI, beside a future: spawned and awaited", COST, IN_C, BOTH_WAYS),
    row("abi-await-stack", "abi", "a coroutine through the C ABI, beside one in Rust: spawned and awaited", COST, IN_C, BOTH_WAYS),
    row("abi-send", "abi", "a value sent in a poll function, beside a future, with room for it", COST, SENT_IN_C, BOTH_WAYS),
    row("abi-send-stack", "abi", "a value sent in a coroutine, with room for it", COST, SENT_IN_C, BOTH_WAYS),
    row("urgent-timer", "bad-days", "an urgent timer over 10,000 queued tasks of 50 to 100 µs", URGENT, TWO_POLLS, FUTURES).seldom(),
    row("urgent-wake", "bad-days", "the same, the urgent task woken by one of the others", URGENT, TWO_POLLS, FUTURES).seldom(),
    row("urgent-wake-foreign", "bad-days", "the same, woken by a foreign thread", URGENT, TWO_POLLS, FUTURES).seldom(),
    row("escalate", "bad-days", "a High task waits for a Low one behind 10,000 Normal ones of 50 to 100 µs", URGENT, TWO_POLLS, ONLY_QI).seldom(),
    row("escalate-off", "bad-days", "the same with escalation switched off", URGENT, NO_BAR, ONLY_QI).seldom(),
    row("escalate-lock", "bad-days", "the same, the High task waiting for a lock that the Low one holds", URGENT, TWO_POLLS, ONLY_QI).seldom(),
    row("escalate-lock-off", "bad-days", "the same with escalation switched off", URGENT, NO_BAR, ONLY_QI).seldom(),
    row("stall", "bad-days", "timers and echoes of others while a task holds one of two workers: 1000 × 30 ms", STALLED, IN_TWO_INTERVALS, FUTURES).seldom().within(180),
    row("stall-long", "bad-days", "the same, once for a second", STALLED, IN_TWO_INTERVALS, FUTURES),
    row("stall-lone", "bad-days", "timers and echoes of others while a task holds the only worker: 1000 × 30 ms", STALLED, PAST_THE_THRESHOLD, ONLY_QI).seldom().within(180),
    row("stall-lone-long", "bad-days", "the same, once for a second", STALLED, PAST_THE_THRESHOLD, ONLY_QI),
    row("stuck-all", "bad-days", "a foreign thread wakes an urgent task while every worker is held for a second", HELD, HELPED, FUTURES).seldom(),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{RUNTIMES, Rival, WORKLOADS};

    #[test]
    fn every_bar_is_about_a_figure_that_is_shown() {
        for workload in WORKLOADS {
            for bar in workload.bars {
                let shown = workload.figures.iter().any(|figure| figure.name == bar.figure);
                assert!(shown, "{} has a bar on {}", workload.name, bar.figure);
            }
        }
    }

    #[test]
    fn every_rival_runs_the_workload() {
        for workload in WORKLOADS {
            for bar in workload.bars {
                if let Rival::One(name) = bar.rival {
                    assert!(workload.runtimes.contains(&name), "{} on {name}", workload.name);
                }
            }
            assert!(workload.runtimes.iter().all(|name| RUNTIMES.contains(name)));
        }
    }

    #[test]
    fn no_two_workloads_share_a_name() {
        let names: BTreeSet<_> = WORKLOADS.iter().map(|workload| workload.name).collect();
        assert_eq!(names.len(), WORKLOADS.len());
    }
}
