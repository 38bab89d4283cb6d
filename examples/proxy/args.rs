//! The arguments of the program.

use crate::proxy::Options;
use lexopt::prelude::*;
use std::time::Duration;

pub(crate) const USAGE: &str = "\
usage: proxy --to HOST:PORT [--to HOST:PORT ...] [OPTIONS]

Accepts TCP connections and joins each to one of the upstream servers, in turns, until Ctrl-C.

  --listen HOST:PORT  where to listen (default 127.0.0.1:7000; port 0 takes a free one)
  --to HOST:PORT      an upstream server; given several times, they take turns, and one that does
                      not answer is passed over
  --connections N     the most at once (default 100000)
  --connect SECONDS   how long an upstream server may take to answer (default 5)
  --idle SECONDS      how long a connection may be silent in both directions (default 0: for ever)
  --grace SECONDS     how long a stop waits for connections (default 30)
  --workers N         worker threads (default: one per usable processor)
  --self-test         proxies between a client and a server of its own, and ends
  -h, --help          this text
";

/// What the user wants.
#[derive(Debug)]
pub(crate) struct Args {
    pub(crate) proxy: Options,
    pub(crate) workers: Option<usize>,
    pub(crate) self_test: bool,
    pub(crate) help: bool,
}

impl Args {
    pub(crate) fn parse() -> Result<Self, lexopt::Error> {
        let proxy = Options::default();
        let mut args = Self { proxy, workers: None, self_test: false, help: false };
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Long("listen") => args.proxy.listen = parser.value()?.string()?,
                Long("to") => args.proxy.upstreams.push(parser.value()?.string()?),
                Long("connections") => {
                    args.proxy.connections = parser.value()?.parse::<usize>()?.max(1);
                }
                Long("connect") => args.proxy.connect = seconds(&mut parser)?.unwrap_or_default(),
                Long("idle") => args.proxy.idle = seconds(&mut parser)?,
                Long("grace") => args.proxy.grace = seconds(&mut parser)?.unwrap_or_default(),
                Long("workers") => args.workers = Some(parser.value()?.parse()?),
                Long("self-test") => args.self_test = true,
                Short('h') | Long("help") => args.help = true,
                other => return Err(other.unexpected()),
            }
        }
        if args.proxy.upstreams.is_empty() && !args.self_test && !args.help {
            return Err("no upstream server: give at least one --to HOST:PORT".into());
        }
        Ok(args)
    }
}

/// `None` is zero.
fn seconds(parser: &mut lexopt::Parser) -> Result<Option<Duration>, lexopt::Error> {
    let seconds: u32 = parser.value()?.parse()?;
    Ok((seconds > 0).then(|| Duration::from_secs(seconds.into())))
}
