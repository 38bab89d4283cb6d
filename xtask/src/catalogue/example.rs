//! Every example of the workspace, with what it must print.

/// What the check does to an example while it runs.
pub(crate) enum Act {
    /// Fetches `path` from the base address that the first group of `address` finds in the
    /// output, and expects `body` in the answer.
    Fetch { address: &'static str, path: &'static str, body: &'static str },
    /// Runs another program to its end, with `input` to read, and expects `output`. In its arguments
    /// `{}` stands for the first group of `address` in the example's output.
    Run {
        program: Program,
        args: &'static [&'static str],
        address: &'static str,
        input: &'static str,
        output: &'static str,
    },
    /// Asks the example to stop, as Ctrl-C does.
    Interrupt,
}

/// A program that an act runs.
#[derive(Clone, Copy)]
pub(crate) enum Program {
    /// One of the system's; without it the act is skipped.
    Foreign(&'static str),
    /// Another example.
    Example(&'static str),
}

/// One example.
pub(crate) struct Example {
    pub(crate) package: &'static str,
    pub(crate) name: &'static str,
    pub(crate) args: &'static [&'static str],
    /// Foreign programs that it starts itself; without one of them it is skipped.
    pub(crate) needs: &'static [&'static str],
    /// Regular expressions that the output must match one after the other.
    pub(crate) output: &'static [&'static str],
    /// Done once the output matches the expression.
    pub(crate) acts: &'static [(&'static str, Act)],
    pub(crate) exit_code: i32,
    pub(crate) limit_seconds: u64,
    /// Whether the leak step runs it too.
    pub(crate) leak_check: bool,
}

/// An example that runs by itself and succeeds; the rows below change what differs.
pub(crate) const PLAIN: Example = Example {
    package: "",
    name: "",
    args: &[],
    needs: &[],
    output: &[],
    acts: &[],
    exit_code: 0,
    limit_seconds: 30,
    leak_check: false,
};

pub(crate) const EXAMPLES: &[Example] = &[
    Example {
        package: "qi-sys",
        name: "clock",
        output: &[
            r"^usable processors +[1-9]\d*$",
            r"^monotonic clock +\d+\.\d+ s$",
            // A sleep of 50 ms may last longer, never shorter.
            r"^sleep of 50 ms +([5-9]\d|\d{3,})\.\d+ ms$",
            r"^one yield +\d+ ns$",
            r"^processor time so far +\d+\.\d+ ms$",
        ],
        leak_check: true,
        ..PLAIN
    },
    Example {
        package: "qi-coroutine",
        name: "million",
        args: &["10000", "64", "2048"],
        output: &[
            r"^10000 coroutines of 64 KiB: ",
            r"^every value was right, every stack came back$",
            r"^10000 coroutines of 2048 KiB: ",
            r"^every value was right, every stack came back$",
        ],
        ..PLAIN
    },
    Example {
        package: "qi-coroutine",
        name: "switch",
        args: &["10000"],
        output: &[r"^corosensei, suspend: \d+\.\d ns", r"^ours, suspend: \d+\.\d ns", r"^pooled: "],
        ..PLAIN
    },
    Example {
        package: "qi-reactor",
        name: "alone",
        output: &[r"^echoed [1-9]\d* messages$", r"^5 ticks, none of them early$"],
        leak_check: true,
        ..PLAIN
    },
    Example {
        package: "qi-sched",
        name: "tree",
        args: &["12"],
        output: &[r"^4096 leaves, 8191 tasks, \d+ of them run in place, "],
        ..PLAIN
    },
    Example {
        package: "qi-runtime",
        name: "idle",
        args: &["1"],
        output: &[
            r"^idle: begin$",
            r"^idle: end voluntary_switches=\d+ cpu_us=\d+$",
            r"^10000 tasks parked, 5000 timers set$",
        ],
        ..PLAIN
    },
    Example {
        package: "qi-examples",
        name: "async_runtime_demo",
        output: &[
            r"^runtime: 4 workers, Running$",
            r"^basic: 任务完成！$",
            r"^basic: the task returned 42 after \d{3,} ms$",
            r"^priorities: spawned low to critical, run critical → high → normal → low$",
            r"^cancellation: task \d+ was cancelled \(任务 \d+ 已被取消\), status cancelled$",
            r"^failure: task \d+ panicked: out of tea, and the runtime is Running$",
            r"^statistics: 活跃任务数: 3$",
            r"^statistics: 队列任务数: 0$",
            r"^statistics: 工作线程数: 4$",
            r#"^statistics: task \d+ "sleeper 2" is waiting, normal$"#,
            r"^statistics: 4 cancelled in all$",
            r"^shutdown: Stopped$",
        ],
        leak_check: true,
        ..PLAIN
    },
    Example {
        package: "qi-examples",
        name: "build_graph",
        output: &[
            r"^fetch: the mirror does not answer, once more$",
            r"^compile types: types\.qi:7: expected `\}`$",
            r"^first run: node `compile types` failed after 1 attempt\(s\)$",
            r"^第一次运行：节点“compile types”尝试 1 次后失败：types\.qi:7: expected `\}`$",
            r"^compile parser: is there already$",
            r"^second run: \d nodes ran, \d were there$",
            r"^linked: lexer \+ parser \+ types \+ codegen \+ docs \+ cli \(10800 bytes\)$",
            r"^critical path: compile types → compile codegen → link$",
            r"^written: .*build_graph\.svg$",
        ],
        // Not for the leak step, for the reason that echo gives: one of its workers may steal.
        ..PLAIN
    },
    Example {
        package: "qi-examples",
        name: "coroutine_chat",
        output: &[
            r"^listening on 127\.0\.0\.1:\d+$",
            r"^ada: \* bob came$",
            r"^ada: <bob> good morning$",
            r"^ada: \* bob left$",
            r"^ada: \* eve came$",
            r"^ada: <eve> good evening$",
            r"^ada: \* eve left$",
            r"^the server was stopped where it waits: true$",
        ],
        ..PLAIN
    },
    Example {
        package: "qi-examples",
        name: "coroutine_walk",
        output: &[r"^40 files, 820 bytes, the deepest in 40 directories$"],
        ..PLAIN
    },
    Example {
        package: "qi-examples",
        name: "coroutine_mixed",
        output: &[
            r"^\(a\+2\)\*\(b\+\(c\*d\)\) is 42$",
            r"^at once: \[2, 7, 65\]$",
            r"^a coroutine that asks: told to stop, and cleaned up$",
            r"^\d+ tasks, all of them in the same figures$",
        ],
        ..PLAIN
    },
    Example {
        package: "qi-examples",
        name: "priorities",
        args: &["0.5"],
        output: &[
            r"^high heartbeat over 10000 low tasks: \d+ beats, late by p50 ",
            r"^normal heartbeat over 10000 normal tasks: \d+ beats, late by p50 ",
        ],
        ..PLAIN
    },
    Example {
        package: "qi-examples",
        name: "echo",
        output: &[
            r"^listening on 127\.0\.0\.1:\d+$",
            r"^50 connections × 200 messages of 1024 bytes: every byte came back, ",
            r"^nobody listens any more: cannot connect to 127\.0\.0\.1:\d+: ",
        ],
        // Not for the leak step: a thread that stole leaves a record in crossbeam-epoch's global list,
        // whose tagged pointer valgrind takes for a block possibly lost.
        ..PLAIN
    },
    Example {
        package: "qi-examples",
        name: "echo",
        args: &["serve", "--addr", "nowhere"],
        output: &[
            r"^cannot listen on nowhere: `nowhere` is no socket address: ",
            r"^无法监听 nowhere：“nowhere”不是套接字地址：",
        ],
        exit_code: 1,
        ..PLAIN
    },
    Example {
        package: "qi-examples",
        name: "httpd",
        args: &["--self-test"],
        output: &[
            r"^serving on http://127\.0\.0\.1:\d+ \(qi\)$",
            r"^ok: a small file, again and again on one connection$",
            r"^ok: a large file, whole and in part$",
            r"^ok: nothing outside of the directory$",
            r"^ok: a request that does not end$",
            r"^ok: old clients$",
            r"^stopped: \d+ requests \(\d+ refused\) on \d+ connections, \d+ bytes sent, 0 connections cut off$",
        ],
        leak_check: true,
        ..PLAIN
    },
    Example {
        package: "qi-examples",
        name: "httpd",
        args: &["examples", "--addr", "127.0.0.1:0"],
        output: &[
            r"^stopping; again to stop at once$",
            r"^stopped: 2 requests \(0 refused\) on 2 connections, \d+ bytes sent, 0 connections cut off$",
        ],
        acts: &[
            (r"^serving on http://", fetch_from_httpd("/", "href=\"\\./httpd/\"")),
            (r"^serving on http://", fetch_from_httpd("/httpd/main.rs", "^//! An HTTP/1.1 server")),
            (r"^serving on http://", Act::Interrupt),
        ],
        ..PLAIN
    },
    Example {
        package: "qi-examples",
        name: "proxy",
        args: &["--self-test"],
        output: &[
            r"^ok: bytes both ways, and the end of one way while the other goes on$",
            r"^ok: a server that does not answer is passed over$",
            r"^ok: without a server the client is reset$",
            r"^ok: who is silent for too long is cut off$",
            r"^ok: a stop waits for those who are there, and not for ever$",
        ],
        ..PLAIN
    },
    Example {
        package: "qi-examples",
        name: "qigrep",
        args: &["Searches a tree of files", "examples"],
        output: &[
            r"^examples[/\\]qigrep\.rs:1://! Searches a tree of files for a text",
            r"^done: [1-9]\d* lines in \d{2,} files, 0 errors$",
        ],
        ..PLAIN
    },
    Example {
        package: "qi-examples",
        name: "proxy",
        args: &["--listen", "nowhere", "--to", "127.0.0.1:9"],
        output: &[
            r"^cannot listen on nowhere: `nowhere` is no socket address: ",
            r"^无法监听 nowhere：“nowhere”不是套接字地址：",
        ],
        exit_code: 1,
        ..PLAIN
    },
    // The step `proxy` runs it for what it is there for.
    Example {
        package: "qi-examples",
        name: "proxy_load",
        args: &["--help"],
        output: &[r"^usage: proxy_load check "],
        ..PLAIN
    },
    Example {
        package: "qi-examples",
        name: "supervisor",
        output: &[
            r"^unlucky: run 1 ended: exit (status|code): 7$",
            r"^unlucky: given up$",
            r"^supervisor: stopping$",
        ],
        // When one program has been given up, another one still stays.
        acts: &[(r"^unlucky: given up$", Act::Interrupt)],
        ..PLAIN
    },
];

/// The server says where it serves.
const fn fetch_from_httpd(path: &'static str, body: &'static str) -> Act {
    Act::Fetch { address: r"^serving on (http://127\.0\.0\.1:\d+)", path, body }
}
