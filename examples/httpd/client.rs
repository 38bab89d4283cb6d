//! A client that knows as much HTTP as the self-test needs. It blocks.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// No answer takes longer on the loopback.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection to a server.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The value of a field, given in lower case; empty if it is absent.
    pub(crate) fn field(&self, name: &str) -> &str {
        let found = self.fields.iter().find(|(other, _)| other == name);
        found.map_or("", |(_, value)| value)
    }
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the answer has {what}"))
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Sends bytes as they are.
    pub(crate) fn send(&mut self, bytes: &str) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes.as_bytes())
    }

    /// Sends a request with further fields, each with its line end.
    pub(crate) fn ask(&mut self, line: &str, fields: &str) -> io::Result<Answer> {
        self.send(&format!("{line} HTTP/1.1\r\nHost: self-test\r\n{fields}\r\n"))?;
        self.answer(line.starts_with("HEAD"))
    }

    /// Reads an answer.
    pub(crate) fn answer(&mut self, to_head: bool) -> io::Result<Answer> {
        let first = self.line()?;
        let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or_else(|| broken("no status"))?;
        let mut fields = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            let (name, value) =
                line.split_once(':').ok_or_else(|| broken("a field without name"))?;
            fields.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut answer = Answer { status, fields, body: Vec::new() };
        if status != 304 && !to_head {
            let length = answer.field("content-length").parse();
            let length: u64 = length.map_err(|_| broken("no length"))?;
            self.stream.by_ref().take(length).read_to_end(&mut answer.body)?;
            if answer.body.len() as u64 != length {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(answer)
    }

    /// Whether the server has closed the connection.
    pub(crate) fn is_closed(&mut self) -> io::Result<bool> {
        Ok(self.stream.fill_buf()?.is_empty())
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }
}
