//! The arguments of the program.

use lexopt::prelude::*;
use std::path::PathBuf;

pub(crate) const USAGE: &str = "\
usage: proxy_load check [OPTIONS] PROGRAM [PROGRAM ...]
       proxy_load serve
       proxy_load drive --to HOST:PORT [OPTIONS]

  --connections N   at once (default 9000)
  --bytes N         through the proxy in each direction, altogether (default 1073741824)
  --to HOST:PORT    drive: the proxy
";

pub(crate) enum Part {
    Check,
    Serve,
    Drive,
    Help,
}

pub(crate) struct Args {
    pub(crate) part: Part,
    pub(crate) connections: usize,
    pub(crate) bytes: u64,
    pub(crate) to: String,
    pub(crate) programs: Vec<PathBuf>,
}

impl Args {
    pub(crate) fn parse() -> Result<Self, lexopt::Error> {
        let mut args = Self {
            part: Part::Help,
            connections: 9000,
            bytes: 1 << 30,
            to: String::new(),
            programs: Vec::new(),
        };
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Value(word) if matches!(args.part, Part::Check) => args.programs.push(word.into()),
                Value(word) if word == "check" => args.part = Part::Check,
                Value(word) if word == "serve" => args.part = Part::Serve,
                Value(word) if word == "drive" => args.part = Part::Drive,
                Long("connections") => {
                    args.connections = parser.value()?.parse::<usize>()?.max(1);
                }
                Long("bytes") => args.bytes = parser.value()?.parse()?,
                Long("to") => args.to = parser.value()?.string()?,
                Short('h') | Long("help") => args.part = Part::Help,
                other => return Err(other.unexpected()),
            }
        }
        Ok(args)
    }
}
