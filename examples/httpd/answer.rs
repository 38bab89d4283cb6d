//! From a request to its answer.

use crate::entry::{Entry, Facts, Found};
use crate::head;
use crate::output::Output;
use crate::range::{self, Part};
use crate::request::Request;
use crate::runtime::Runtime;
use crate::server::Server;
use crate::status::Status;
use crate::target::Target;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::Arc;

/// Bytes of a large file that are read at once.
const CHUNK: u64 = 256 * 1024;

const TEXT: &str = "text/plain";
const PAGE: &str = "text/html";

/// Where an answer goes, and what becomes of the connection afterwards.
pub(crate) struct Way<'a, R: Runtime> {
    pub(crate) server: &'a Arc<Server>,
    pub(crate) stream: &'a mut R::Stream,
    pub(crate) output: &'a mut Output,
    pub(crate) keep_alive: bool,
}

/// Answers a request; the status is for the records.
pub(crate) async fn answer<R: Runtime>(
    mut way: Way<'_, R>,
    request: &Request,
) -> io::Result<Status> {
    let target = match &request.want {
        Ok(target) => target,
        Err(status) => return Ok(way.refuse(*status, request)),
    };
    match find::<R>(way.server, target).await? {
        Found::Small(entry) => way.small(&entry, request).await,
        Found::Large(file, facts) => way.large(file, &facts, request).await,
        Found::Page(page) => Ok(way.text(Status::Ok, None, (PAGE, &page), request)),
        Found::Moved(link) => {
            let status = Status::MovedPermanently;
            let body = format!("{}: {link}\n", status.text());
            Ok(way.text(status, Some(("Location", &link)), (TEXT, &body), request))
        }
        Found::Missing => Ok(way.refuse(Status::NotFound, request)),
        Found::Broken => Ok(way.refuse(Status::InternalError, request)),
    }
}

/// Looks into the memory, and on the disk if that knows nothing or has known it for long.
async fn find<R: Runtime>(server: &Arc<Server>, target: &Target) -> io::Result<Found> {
    let known = server.cache.get(target);
    if let Some(entry) = &known {
        if entry.is_fresh() {
            return Ok(Found::Small(entry.clone()));
        }
    }
    let (site, asked, was_known) = (server.site.clone(), target.clone(), known.is_some());
    let found = R::blocking(move || site.find(&asked, known.as_ref())).await?;
    match &found {
        Found::Small(entry) => server.cache.put(target.clone(), entry.clone()),
        _ if was_known => server.cache.remove(target),
        _ => {}
    }
    Ok(found)
}

/// What is sent of a file.
enum Share {
    Nothing(Status),
    Bytes(Status, Range<u64>),
}

impl<R: Runtime> Way<'_, R> {
    fn text(
        &mut self,
        status: Status,
        field: Option<(&str, &str)>,
        body: (&str, &str),
        request: &Request,
    ) -> Status {
        head::text(&mut self.output.kept, status, field, body, Some(request), self.keep_alive);
        status
    }

    fn refuse(&mut self, status: Status, request: &Request) -> Status {
        let allow = (status == Status::MethodNotAllowed).then_some(("Allow", "GET, HEAD"));
        let body = format!("{}\n", status.text());
        self.text(status, allow, (TEXT, &body), request)
    }

    /// Sends the head for a file, and says what is to follow.
    fn head(&mut self, facts: &Facts, request: &Request) -> Share {
        let kept = &mut self.output.kept;
        if request.conditions.has_current(facts) {
            head::not_modified(kept, facts, request, self.keep_alive);
            return Share::Nothing(Status::NotModified);
        }
        let asked = request.range.as_deref().filter(|_| request.conditions.allow_part(facts));
        let part = match asked.map(|field| range::parse(field, facts.length)) {
            // The range of a HEAD is ignored (RFC 9110, 14.2).
            None | Some(Part::Whole) => None,
            Some(_) if request.head_only => None,
            Some(Part::Some(part)) => Some(part),
            Some(Part::None) => {
                let status = Status::RangeNotSatisfiable;
                let length = format!("bytes */{}", facts.length);
                let body = format!("{}\n", status.text());
                self.text(status, Some(("Content-Range", &length)), (TEXT, &body), request);
                return Share::Nothing(status);
            }
        };
        head::of_file(kept, facts, part.as_ref(), request, self.keep_alive);
        let status = if part.is_some() { Status::PartialContent } else { Status::Ok };
        if request.head_only {
            return Share::Nothing(status);
        }
        Share::Bytes(status, part.unwrap_or(0..facts.length))
    }

    async fn small(&mut self, entry: &Entry, request: &Request) -> io::Result<Status> {
        match self.head(&entry.facts, request) {
            Share::Nothing(status) => Ok(status),
            Share::Bytes(status, bytes) => {
                let body = &entry.body[bytes.start as usize..bytes.end as usize];
                self.output.body::<R>(self.stream, body).await?;
                Ok(status)
            }
        }
    }

    /// Sends a file while it is read, one chunk ahead.
    async fn large(&mut self, file: File, facts: &Facts, request: &Request) -> io::Result<Status> {
        let (status, bytes) = match self.head(facts, request) {
            Share::Nothing(status) => return Ok(status),
            Share::Bytes(status, bytes) => (status, bytes),
        };
        let mut left = bytes.end - bytes.start;
        let mut spare = Vec::new();
        let mut reading = Some(read::<R>(file, Vec::new(), Some(bytes.start), left.min(CHUNK)));
        while let Some(begun) = reading.take() {
            let (file, chunk) = begun.await??;
            left -= chunk.len() as u64;
            if left > 0 {
                // Goes on while the chunk is sent.
                reading = Some(read::<R>(file, spare, None, left.min(CHUNK)));
            }
            self.output.send::<R>(self.stream, &chunk).await?;
            spare = chunk;
        }
        Ok(status)
    }
}

/// Reads so many bytes, from a place or from where the last read ended, on a thread that may block.
fn read<R: Runtime>(
    mut file: File,
    mut room: Vec<u8>,
    from: Option<u64>,
    want: u64,
) -> impl Future<Output = io::Result<io::Result<(File, Vec<u8>)>>> + Send {
    R::blocking(move || {
        if let Some(from) = from {
            file.seek(SeekFrom::Start(from))?;
        }
        room.clear();
        file.by_ref().take(want).read_to_end(&mut room)?;
        if (room.len() as u64) < want {
            // The client was promised more; only the end of the connection can tell it.
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok((file, room))
    })
}
