//! The arguments of the program.

use lexopt::prelude::*;
use std::path::PathBuf;
use std::time::Duration;

pub(crate) const USAGE: &str = "\
usage: httpd [DIRECTORY] [OPTIONS]

Serves the files of a directory (default: the current one) over HTTP/1.1, until Ctrl-C. Hidden
files and links that lead out of the directory are not served.

  --addr HOST:PORT   where to listen (default 127.0.0.1:8080; port 0 takes a free one)
  --workers N        worker threads (default: one per usable processor)
  --timeout SECONDS  how long a client may be silent (default 30)
  --self-test        serves a directory of its own, fetches from it, and ends
  -h, --help         this text
";

/// What the user wants.
#[derive(Debug)]
pub(crate) struct Args {
    pub(crate) directory: PathBuf,
    pub(crate) addr: String,
    pub(crate) workers: Option<usize>,
    pub(crate) timeout: Duration,
    pub(crate) self_test: bool,
    pub(crate) help: bool,
}

impl Args {
    pub(crate) fn parse() -> Result<Self, lexopt::Error> {
        let mut args = Self {
            directory: PathBuf::from("."),
            addr: "127.0.0.1:8080".to_owned(),
            workers: None,
            timeout: Duration::from_secs(30),
            self_test: false,
            help: false,
        };
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Value(directory) => args.directory = directory.into(),
                Long("addr") => args.addr = parser.value()?.string()?,
                Long("workers") => args.workers = Some(parser.value()?.parse()?),
                Long("timeout") => {
                    let seconds: u32 = parser.value()?.parse()?;
                    args.timeout = Duration::from_secs(seconds.max(1).into());
                }
                Long("self-test") => args.self_test = true,
                Short('h') | Long("help") => args.help = true,
                other => return Err(other.unexpected()),
            }
        }
        Ok(args)
    }
}
