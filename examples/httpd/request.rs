//! A request's head: what the server needs of it, and what it refuses.

use crate::status::Status;
use crate::target::{Refusal, Target};
use crate::validator::Conditions;

/// Header fields that a request may have.
const MOST_FIELDS: usize = 64;

/// A request whose head is sound.
#[derive(Debug)]
pub(crate) struct Request {
    /// What it asks for, or why it does not get it.
    pub(crate) want: Result<Target, Status>,
    /// HEAD: the answer's body is left out.
    pub(crate) head_only: bool,
    pub(crate) keep_alive: bool,
    /// The client does not know that connections are kept alive unless it is told.
    pub(crate) is_http_10: bool,
    pub(crate) conditions: Conditions,
    pub(crate) range: Option<String>,
    /// Bytes of the body, which nobody wants.
    pub(crate) body: u64,
}

/// What the bytes that have arrived amount to.
#[derive(Debug)]
pub(crate) enum Parsed {
    /// More must come.
    Partial,
    /// A request, and how long its head is.
    Whole(Request, usize),
    /// Nothing that could be answered in an orderly way; the connection is closed after the status.
    Refused(Status),
}

/// Fields as they are met, before they are judged together.
#[derive(Debug, Default)]
struct Fields {
    hosts: usize,
    length: Option<u64>,
    is_encoded: bool,
    expects: bool,
    close: bool,
    keep_alive: bool,
    conditions: Conditions,
    range: Option<String>,
}

/// Understands the head at the beginning of `bytes`.
pub(crate) fn parse(bytes: &[u8]) -> Parsed {
    let mut room = [httparse::EMPTY_HEADER; MOST_FIELDS];
    let mut head = httparse::Request::new(&mut room);
    let length = match head.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Parsed::Partial,
        Err(httparse::Error::TooManyHeaders) => {
            return Parsed::Refused(Status::HeaderFieldsTooLarge);
        }
        Err(httparse::Error::Version) => return Parsed::Refused(Status::VersionNotSupported),
        Err(_) => return Parsed::Refused(Status::BadRequest),
    };
    match judge(&head) {
        Ok(request) => Parsed::Whole(request, length),
        Err(status) => Parsed::Refused(status),
    }
}

fn judge(head: &httparse::Request<'_, '_>) -> Result<Request, Status> {
    let mut fields = Fields::default();
    for field in head.headers.iter() {
        fields.take(field.name, field.value)?;
    }
    let is_http_10 = head.version == Some(0);
    if fields.is_encoded {
        // With a length besides, two servers could disagree about where the request ends.
        return Err(if fields.length.is_some() {
            Status::BadRequest
        } else {
            Status::NotImplemented
        });
    }
    if fields.hosts > 1 || (fields.hosts == 0 && !is_http_10) {
        return Err(Status::BadRequest);
    }
    let method = head.method.unwrap_or_default();
    let want = match method {
        "GET" | "HEAD" => match Target::parse(head.path.unwrap_or_default()) {
            Ok(target) => Ok(target),
            Err(Refusal::Forbidden) => Err(Status::NotFound),
            Err(Refusal::Malformed) => return Err(Status::BadRequest),
        },
        "POST" | "PUT" | "DELETE" | "PATCH" | "OPTIONS" | "CONNECT" | "TRACE" => {
            Err(Status::MethodNotAllowed)
        }
        _ => Err(Status::NotImplemented),
    };
    let body = fields.length.unwrap_or(0);
    // Who waits to be told whether to send a body is told by the end of the connection.
    let waits = fields.expects && body > 0;
    Ok(Request {
        want,
        head_only: method == "HEAD",
        keep_alive: !fields.close && !waits && (!is_http_10 || fields.keep_alive),
        is_http_10,
        conditions: fields.conditions,
        range: fields.range,
        body: if waits { 0 } else { body },
    })
}

impl Fields {
    /// Takes note of one field.
    fn take(&mut self, name: &str, value: &[u8]) -> Result<(), Status> {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        // Values that are no text say nothing to this server.
        let text = std::str::from_utf8(value).unwrap_or_default().trim();
        if is("host") {
            self.hosts += 1;
        } else if is("connection") {
            for token in text.split(',').map(str::trim) {
                self.close |= token.eq_ignore_ascii_case("close");
                self.keep_alive |= token.eq_ignore_ascii_case("keep-alive");
            }
        } else if is("content-length") {
            let only_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let length = text.parse().ok().filter(|_| only_digits).ok_or(Status::BadRequest)?;
            if self.length.is_some_and(|other| other != length) {
                return Err(Status::BadRequest);
            }
            self.length = Some(length);
        } else if is("transfer-encoding") {
            self.is_encoded = true;
        } else if is("expect") {
            self.expects = true;
        } else if is("range") {
            self.range = Some(text.to_owned());
        } else {
            self.conditions.take(name, text);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> Request {
        match parse(text.as_bytes()) {
            Parsed::Whole(request, length) => {
                assert_eq!(length, text.len(), "{text}");
                request
            }
            other => panic!("{text}: {other:?}"),
        }
    }

    fn refused(text: &str) -> Status {
        match parse(text.as_bytes()) {
            Parsed::Refused(status) => status,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn connections_are_kept_alive_as_the_version_says_unless_told_otherwise() {
        assert!(whole("GET / HTTP/1.1\r\nHost: a\r\n\r\n").keep_alive);
        assert!(!whole("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n").keep_alive);
        assert!(!whole("GET / HTTP/1.0\r\n\r\n").keep_alive);
        assert!(whole("GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n").keep_alive);
    }

    #[test]
    fn heads_that_could_be_read_in_two_ways_are_refused() {
        for fields in [
            "",
            "Host: a\r\nHost: b\r\n",
            "Host: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n",
            "Host: a\r\nContent-Length: +1\r\n",
            "Host: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n",
            "Host: a\r\n folded: b\r\n",
            "Host : a\r\n",
        ] {
            let text = format!("GET / HTTP/1.1\r\n{fields}\r\n");
            assert_eq!(refused(&text), Status::BadRequest, "{fields:?}");
        }
    }

    #[test]
    fn each_refusal_has_its_status() {
        let encoded = "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(refused(encoded), Status::NotImplemented);
        assert_eq!(refused("GET / HTTP/2.0\r\n\r\n"), Status::VersionNotSupported);
        let many = "a: b\r\n".repeat(MOST_FIELDS + 1);
        let many = format!("GET / HTTP/1.1\r\n{many}\r\n");
        assert_eq!(refused(&many), Status::HeaderFieldsTooLarge);
        let want = |line: &str| whole(&format!("{line} HTTP/1.1\r\nHost: a\r\n\r\n")).want;
        assert_eq!(want("POST /"), Err(Status::MethodNotAllowed));
        assert_eq!(want("BREW /"), Err(Status::NotImplemented));
        assert_eq!(want("GET /../a"), Err(Status::NotFound));
    }

    #[test]
    fn a_head_that_has_not_ended_is_partial() {
        let text = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        for length in 0..text.len() {
            assert!(matches!(parse(&text.as_bytes()[..length]), Parsed::Partial), "{length}");
        }
    }
}
