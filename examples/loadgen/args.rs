//! The arguments, with their help in two languages.

use crate::language::Language;
use clap::builder::{PossibleValuesParser, ValueParser};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use hyper::Method;
use hyper::header::{HeaderName, HeaderValue};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// What the user wants.
#[derive(Clone, Debug)]
pub(crate) struct Args {
    pub(crate) url: String,
    /// Requests in a second.
    pub(crate) rate: f64,
    pub(crate) duration: Duration,
    pub(crate) connections: usize,
    /// Whether to speak HTTP/2.
    pub(crate) http2: bool,
    /// Requests at once on each connection of HTTP/2.
    pub(crate) streams: usize,
    /// How long an answer may take from when its request was sent.
    pub(crate) timeout: Duration,
    pub(crate) method: Method,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: String,
    pub(crate) json: bool,
    pub(crate) plot: Option<PathBuf>,
    /// Whether the server may be on another machine.
    pub(crate) allow_remote: bool,
    pub(crate) workers: Option<usize>,
    pub(crate) language: Language,
}

impl Args {
    /// Reads the program's arguments.
    ///
    /// # Errors
    /// What is wrong, or the help that was asked for, as clap's error.
    pub(crate) fn parse() -> Result<Self, clap::Error> {
        Self::from(std::env::args_os().collect())
    }

    fn from(words: Vec<OsString>) -> Result<Self, clap::Error> {
        let language = Language::of(&words);
        let mut command = command(language);
        let mut found = command.try_get_matches_from_mut(words)?;
        Ok(Self {
            url: take(&mut found, "url"),
            rate: take(&mut found, "rate"),
            duration: take(&mut found, "duration"),
            connections: take(&mut found, "connections"),
            http2: found.get_flag("http2"),
            streams: take(&mut found, "streams"),
            timeout: take(&mut found, "timeout"),
            method: take(&mut found, "method"),
            headers: found.remove_many("header").into_iter().flatten().collect(),
            body: take(&mut found, "body"),
            json: found.get_flag("json"),
            plot: found.remove_one("plot"),
            allow_remote: found.get_flag("allow-remote"),
            workers: found.remove_one("workers"),
            language,
        })
    }
}

/// A value that has a default, or is required: clap has seen to it.
fn take<T: Clone + Send + Sync + 'static>(found: &mut ArgMatches, name: &str) -> T {
    found.remove_one(name).expect("it is required or has a default")
}

fn command(language: Language) -> Command {
    let about = language.pick(
        "Puts an HTTP server under an open-loop load: requests are due at fixed moments, and latencies \
         are counted from those, so that a server that stalls is seen to stall.",
        "以开环方式对 HTTP 服务施压：请求按固定时刻发出，延迟从应发出的时刻算起，服务卡顿不会被掩盖。",
    );
    let after = language.pick(
        "Exit status: 0 if all requests were answered with 2xx or 3xx, 4 if some were not, 1 if the \
         run failed, 2 if the arguments are wrong.",
        "退出状态：0 全部请求得到 2xx 或 3xx 应答；4 有请求失败；1 运行失败；2 参数有误。",
    );
    Command::new("loadgen")
        .about(about)
        .after_help(after)
        .args(load(language))
        .args(request(language))
        .args(report(language))
}

/// An option with a default.
fn option(name: &'static str, value: &'static str, default: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value).default_value(default)
}

/// One that may be left out.
fn optional(name: &'static str, value: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value)
}

fn flag(name: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue)
}

/// How much, how long, where to.
fn load(language: Language) -> Vec<Arg> {
    let text = |english, chinese| language.pick(english, chinese);
    let (rates, spans, counts) =
        (ValueParser::new(rate), ValueParser::new(seconds), ValueParser::new(count));
    vec![
        Arg::new("url").required(true).value_name("URL").help(text(
            "what to fetch, such as http://127.0.0.1:8080/",
            "要请求的地址，例如 http://127.0.0.1:8080/",
        )),
        option("rate", "N", "1000")
            .short('r')
            .value_parser(rates)
            .help(text("requests per second", "每秒请求数")),
        option("duration", "SECONDS", "10")
            .short('d')
            .value_parser(spans.clone())
            .help(text("how long requests are sent", "发送时长（秒）")),
        option("connections", "N", "64")
            .short('c')
            .value_parser(counts.clone())
            .help(text("connections, opened at the start", "连接数，开始时建立")),
        flag("http2").help(text("speaks HTTP/2 (with prior knowledge)", "使用 HTTP/2（无协商）")),
        option("streams", "N", "10")
            .value_parser(counts.clone())
            .help(text("HTTP/2: requests at once per connection", "HTTP/2：每个连接的并发请求数")),
        option("timeout", "SECONDS", "10")
            .value_parser(spans)
            .help(text("an answer that takes longer has failed", "应答时限（秒），超过即为失败")),
        flag("allow-remote").help(text(
            "the server may be on another machine: only if you may put it under load",
            "允许对其他机器施压：仅在获得许可时使用",
        )),
        optional("workers", "N").value_parser(counts).help(text(
            "threads (default: one per usable processor)",
            "线程数（默认每个可用处理器一个）",
        )),
    ]
}

/// What is asked.
fn request(language: Language) -> Vec<Arg> {
    let text = |english, chinese| language.pick(english, chinese);
    vec![
        option("method", "NAME", "GET")
            .short('X')
            .value_parser(value_parser!(Method))
            .help(text("the request's method", "请求方法")),
        optional("header", "NAME: VALUE")
            .short('H')
            .action(ArgAction::Append)
            .value_parser(ValueParser::new(header))
            .help(text("a header of the request; may be repeated", "请求头，可重复")),
        option("body", "TEXT", "").help(text("the request's body", "请求体")),
    ]
}

/// How the figures are shown.
fn report(language: Language) -> Vec<Arg> {
    let text = |english, chinese| language.pick(english, chinese);
    vec![
        flag("json").help(text("writes the figures as JSON", "以 JSON 输出结果")),
        optional("plot", "FILE")
            .value_parser(value_parser!(PathBuf))
            .help(text("draws the latencies as SVG", "把延迟画成 SVG 文件")),
        optional("lang", "en|zh").value_parser(PossibleValuesParser::new(["en", "zh"])).help(text(
            "language of help and report (default: as LANG says)",
            "帮助与报告的语言（默认依 LANG）",
        )),
    ]
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "it is not a number".to_owned())?;
    if (0.01..=10_000_000.0).contains(&rate) {
        Ok(rate)
    } else {
        Err("from 0.01 to 10000000 requests per second".to_owned())
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "it is not a number".to_owned())?;
    if (0.001..=86_400.0).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err("from 0.001 to 86400 seconds".to_owned())
    }
}

fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count @ 1..=65_536) => Ok(count),
        Ok(_) => Err("from 1 to 65536".to_owned()),
        Err(_) => Err("it is not a number".to_owned()),
    }
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("it is NAME: VALUE")?;
    let name = HeaderName::try_from(name.trim()).map_err(|error| error.to_string())?;
    let value = HeaderValue::try_from(value.trim()).map_err(|error| error.to_string())?;
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Args, String> {
        let words = line.split(' ').map(OsString::from).collect();
        Args::from(words).map_err(|error| error.to_string())
    }

    #[test]
    fn options_have_defaults_and_the_url_has_none() {
        let args = parsed("loadgen http://[::1]/ --lang en").expect("it is right");
        assert_eq!((args.rate, args.connections, args.streams), (1000.0, 64, 10));
        assert_eq!(args.method, Method::GET);
        assert!(!args.allow_remote && !args.http2);
        assert!(parsed("loadgen --lang en").expect_err("no URL").contains("<URL>"));
        let args = parsed("loadgen http://a/ --http2 -c 3 --streams 7 --lang en").expect("right");
        assert_eq!((args.http2, args.connections, args.streams), (true, 3, 7));
    }

    #[test]
    fn values_out_of_range_are_told_the_range() {
        for (line, part) in [
            ("loadgen http://a/ --rate 0", "from 0.01 to 10000000"),
            ("loadgen http://a/ --duration never", "not a number"),
            ("loadgen http://a/ -c 100000", "from 1 to 65536"),
            ("loadgen http://a/ -H tea", "NAME: VALUE"),
            ("loadgen http://a/ -X T(E)A", "method"),
        ] {
            let error = parsed(&format!("{line} --lang en")).expect_err(line);
            assert!(error.contains(part), "{line}: {error}");
        }
    }

    #[test]
    fn help_is_there_in_both_languages() {
        let help = |lang: &str| parsed(&format!("loadgen --help --lang {lang}")).expect_err("help");
        assert!(help("en").contains("requests per second"));
        assert!(help("zh").contains("每秒请求数"));
    }
}
