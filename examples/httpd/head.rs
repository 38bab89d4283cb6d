//! The head of an answer, as bytes.

use crate::clock;
use crate::entry::Facts;
use crate::request::Request;
use crate::status::Status;
use std::io::Write;
use std::ops::Range;

/// Begins a head: what every answer has.
fn begin(out: &mut Vec<u8>, status: Status) {
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(status.text().as_bytes());
    out.extend_from_slice(b"\r\nServer: qi-httpd\r\nDate: ");
    out.extend_from_slice(&clock::date());
    out.extend_from_slice(b"\r\nX-Content-Type-Options: nosniff\r\n");
}

fn length(out: &mut Vec<u8>, bytes: u64) {
    // Writing into memory does not fail.
    let _ = write!(out, "Content-Length: {bytes}\r\n");
}

/// Ends a head: what becomes of the connection.
fn end(out: &mut Vec<u8>, keep_alive: bool, is_http_10: bool) {
    match (keep_alive, is_http_10) {
        (false, _) => out.extend_from_slice(b"Connection: close\r\n\r\n"),
        (true, true) => out.extend_from_slice(b"Connection: keep-alive\r\n\r\n"),
        (true, false) => out.extend_from_slice(b"\r\n"),
    }
}

/// The head for a file, or for the part of it.
pub(crate) fn of_file(
    out: &mut Vec<u8>,
    facts: &Facts,
    part: Option<&Range<u64>>,
    request: &Request,
    keep_alive: bool,
) {
    match part {
        None => {
            begin(out, Status::Ok);
            length(out, facts.length);
        }
        Some(part) => {
            begin(out, Status::PartialContent);
            length(out, part.end - part.start);
            let (first, last, all) = (part.start, part.end - 1, facts.length);
            let _ = write!(out, "Content-Range: bytes {first}-{last}/{all}\r\n");
        }
    }
    out.extend_from_slice(&facts.fields);
    end(out, keep_alive, request.is_http_10);
}

/// The whole answer that the client's copy is still right.
pub(crate) fn not_modified(out: &mut Vec<u8>, facts: &Facts, request: &Request, keep_alive: bool) {
    begin(out, Status::NotModified);
    out.extend_from_slice(&facts.fields);
    end(out, keep_alive, request.is_http_10);
}

/// A whole answer of text, with one field more.
pub(crate) fn text(
    out: &mut Vec<u8>,
    status: Status,
    field: Option<(&str, &str)>,
    (content_type, body): (&str, &str),
    request: Option<&Request>,
    keep_alive: bool,
) {
    begin(out, status);
    length(out, body.len() as u64);
    if let Some((name, value)) = field {
        let _ = write!(out, "{name}: {value}\r\n");
    }
    let _ = write!(out, "Content-Type: {content_type}; charset=utf-8\r\n");
    end(out, keep_alive, request.is_some_and(|request| request.is_http_10));
    if !request.is_some_and(|request| request.head_only) {
        out.extend_from_slice(body.as_bytes());
    }
}
