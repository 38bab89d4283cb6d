//! The arguments of the program.

use lexopt::prelude::*;

pub(crate) const USAGE: &str = "\
usage: hyper_server [OPTIONS]

Serves HTTP/1.1 and HTTP/2 (in the clear, with prior knowledge) until Ctrl-C:
/ greets, /bytes/N is so long, /echo sends a body back, /after/MS answers later.

  --addr HOST:PORT   where to listen (default 127.0.0.1:8080; port 0 takes a free one)
  --workers N        worker threads (default: one per usable processor)
  -h, --help         this text
";

/// What the user wants.
#[derive(Debug)]
pub(crate) struct Args {
    pub(crate) addr: String,
    pub(crate) workers: Option<usize>,
    pub(crate) help: bool,
}

impl Args {
    pub(crate) fn parse() -> Result<Self, lexopt::Error> {
        let mut args = Self { addr: "127.0.0.1:8080".to_owned(), workers: None, help: false };
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Long("addr") => args.addr = parser.value()?.string()?,
                Long("workers") => args.workers = Some(parser.value()?.parse()?),
                Short('h') | Long("help") => args.help = true,
                other => return Err(other.unexpected()),
            }
        }
        Ok(args)
    }
}
