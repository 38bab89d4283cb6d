//! The examples that speak other crates' protocols, and the foreign programs that they are tried with.

use super::example::{Act, Example, PLAIN, Program};

/// The address that a server tells, for the acts.
const SERVES: &str = r"^serving on http://([\d.]+:\d+)";
const LISTENS: &str = r"^listening on ([\d.]+:\d+)";
const ROOM: &str = r"^the room is at http://([\d.]+:\d+)";

/// Where the server of TLS leaves its certificate for its clients: in the folder of this run's logs.
pub(crate) const CERTIFICATE: &str = "target/xtask/tls_echo.pem";

/// The features of qi-examples that these are built with.
pub(crate) const FEATURES: &[&str] = &["hyper", "loadgen", "redis", "tls", "websocket"];

pub(crate) const ECOSYSTEM: &[Example] = &[
    Example {
        package: "qi-examples",
        name: "hyper_server",
        args: &["--addr", "127.0.0.1:0"],
        output: &[r"^serving on http://127\.0\.0\.1:\d+ \(qi\)$", r"^stopped$"],
        acts: &[
            (SERVES, tool("curl", &["-sS", "http://{}/"], r"^Hello from hyper$")),
            (
                SERVES,
                tool(
                    "curl",
                    &[
                        "-sS",
                        "--http2-prior-knowledge",
                        "-o",
                        "target/xtask/body",
                        "-w",
                        "HTTP/%{http_version} %{http_code}, %{size_download} bytes",
                        "http://{}/bytes/3000000",
                    ],
                    r"^HTTP/2 200, 3000000 bytes",
                ),
            ),
            (
                SERVES,
                tool(
                    "curl",
                    &["-sS", "--data-binary", "@Cargo.lock", "http://{}/echo"],
                    r#"^name = "qi-runtime"$"#,
                ),
            ),
            (SERVES, tool("nghttp", &["-v", "http://{}/after/20"], r"20 ms later")),
            (
                SERVES,
                tool(
                    "h2load",
                    &["-c8", "-m10", "-n4000", "http://{}/"],
                    r"4000 succeeded, 0 failed, 0 errored",
                ),
            ),
            (SERVES, tool("wrk", &["-t1", "-c64", "-d1s", "http://{}/"], r"^Requests/sec: +\d")),
            (
                SERVES,
                Act::Run {
                    program: Program::Example("loadgen"),
                    args: &["http://{}/", "-r", "2000", "-d", "1", "-c", "16", "--lang", "en"],
                    address: SERVES,
                    input: "",
                    output: r"^  status 200: 2000$",
                },
            ),
            (
                SERVES,
                Act::Run {
                    program: Program::Example("loadgen"),
                    args: &["http://{}/", "-r", "2000", "-d", "1", "-c", "4", "--http2", "--json"],
                    address: SERVES,
                    input: "",
                    output: r#"^    "200": 2000$"#,
                },
            ),
            (SERVES, Act::Interrupt),
        ],
        ..PLAIN
    },
    Example {
        package: "qi-examples",
        name: "tls_echo",
        output: &[
            r"^20 connections × 50 lines over TLSv1_3: all came back, ",
            r"^a client that does not know the certificate: .*UnknownIssuer",
        ],
        ..PLAIN
    },
    Example {
        package: "qi-examples",
        name: "tls_echo",
        args: &["serve", "--addr", "127.0.0.1:0", "--certificate", CERTIFICATE],
        output: &[r"^stopped$"],
        acts: &[
            (LISTENS, s_client(TLS_1_3, "龙井 over 1.3\nbye\n", r"^龙井 over 1\.3$")),
            (LISTENS, s_client(TLS_1_2, "tea over 1.2\nbye\n", r"^tea over 1\.2$")),
            (LISTENS, Act::Interrupt),
        ],
        ..PLAIN
    },
    Example {
        package: "qi-examples",
        name: "chat",
        args: &["--self-test"],
        output: &[
            r"^ok: two guests heard the same 100 messages in the same order$",
            r"^ok: after one has left: Lu: bye$",
            r"^the room is closed; 103 messages were said in it$",
        ],
        ..PLAIN
    },
    Example {
        package: "qi-examples",
        name: "chat",
        args: &["--addr", "127.0.0.1:0"],
        output: &[r"^the room is closed; 1 messages were said in it$"],
        acts: &[
            (
                ROOM,
                // The page as the browser has it when its script has run.
                Act::Run {
                    program: Program::Foreign("chromium"),
                    args: &[
                        "--headless",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--virtual-time-budget=4000",
                        "--dump-dom",
                        "http://{}/?name=Lu&say=from%20a%20<b>browser</b>",
                    ],
                    address: ROOM,
                    input: "",
                    output: r"<li>Lu: from a &lt;b&gt;browser&lt;/b&gt;</li>",
                },
            ),
            (ROOM, Act::Interrupt),
        ],
        ..PLAIN
    },
    Example {
        package: "qi-examples",
        name: "redis_client",
        needs: &["redis-server"],
        output: &[
            r#"^GET qi:tea: "龙井\\r\\nwith a line break"$"#,
            r#"^GET qi:nothing: "nothing"$"#,
            r"^INCR qi:tea is refused: the server says: ERR value is not an integer",
            r"^50 tasks counted to 10000 on one connection, \d+ calls a second$",
            r"^BLPOP waited for: qi:list cup$",
            r"^heard in order: news 1, news 2, news 3$",
            r"^the server stopped: ",
        ],
        ..PLAIN
    },
    Example {
        package: "qi-examples",
        name: "loadgen",
        args: &["http://127.0.0.1:1/"],
        output: &[
            r"^cannot connect to 127\.0\.0\.1:1: .*refused",
            r"^无法连接 127\.0\.0\.1:1：连接被拒绝",
        ],
        exit_code: 1,
        ..PLAIN
    },
    Example {
        package: "qi-examples",
        name: "loadgen",
        args: &["http://192.0.2.1/"],
        output: &[r"^192\.0\.2\.1 is not on this machine: .*--allow-remote"],
        exit_code: 1,
        ..PLAIN
    },
    Example {
        package: "qi-examples",
        name: "loadgen",
        args: &["https://127.0.0.1/"],
        output: &[r"^`https://127\.0\.0\.1/`: TLS is not spoken here, only http$"],
        exit_code: 1,
        ..PLAIN
    },
];

/// A foreign program at an HTTP server; `{}` stands for its address.
const fn tool(program: &'static str, args: &'static [&'static str], output: &'static str) -> Act {
    Act::Run { program: Program::Foreign(program), args, address: SERVES, input: "", output }
}

/// OpenSSL's client, which trusts the certificate that the server has written, and nothing else.
const fn s_client(args: &'static [&'static str], input: &'static str, output: &'static str) -> Act {
    Act::Run { program: Program::Foreign("openssl"), args, address: LISTENS, input, output }
}

const TLS_1_2: &[&str] = &s_client_args("-tls1_2");
const TLS_1_3: &[&str] = &s_client_args("-tls1_3");

const fn s_client_args(version: &'static str) -> [&'static str; 10] {
    [
        "s_client",
        "-quiet",
        version,
        "-connect",
        "{}",
        "-servername",
        "localhost",
        "-verify_return_error",
        "-CAfile",
        CERTIFICATE,
    ]
}
