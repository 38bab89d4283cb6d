//! The life of one connection: request after request, until one side has enough.
//!
//! # Protocol
//! Requests that arrive together (pipelining) are answered together: answers are kept until no whole
//! request is left in the input. While a request is incomplete its time runs; between requests the
//! connection may be silent for as long, and is closed without a word then, or when the server stops.
//! After a refusal the rest of what the client sends is read for a moment, because closing with
//! unread bytes would reset the connection and take the answer away from the client.

use crate::answer::{Way, answer};
use crate::head;
use crate::input::{Input, LONGEST_HEAD};
use crate::output::Output;
use crate::request::{Parsed, Request, parse};
use crate::runtime::{Runtime, Stream};
use crate::server::Server;
use crate::status::Status;
use crate::stop::Place;
use crate::summary::Tally;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

/// The longest body that is read to be thrown away; longer ones end the connection.
const LONGEST_BODY: u64 = 64 * 1024;

/// How long, and how much, is read after a refusal.
const LAST_WORDS: Duration = Duration::from_secs(1);
const LAST_BYTES: usize = 256 * 1024;

struct Connection<R: Runtime> {
    server: Arc<Server>,
    stream: R::Stream,
    place: Place,
    input: Input,
    output: Output,
    tally: Tally,
}

/// What comes next on a connection.
enum Next {
    Request(Request),
    /// An answer, and the end.
    Refuse(Status),
    End,
}

/// What a wait for bytes came to.
enum Arrival {
    Bytes,
    End,
    TimeUp,
}

/// Serves a connection to its end.
pub(crate) async fn serve<R: Runtime>(server: Arc<Server>, stream: R::Stream, place: Place) {
    let output = Output::new(server.timeout);
    let (input, tally) = (Input::default(), Tally::default());
    let mut connection = Connection::<R> { server, stream, place, input, output, tally };
    // Whatever breaks a connection concerns its client only, who knows already.
    let _ = connection.run().await;
}

impl<R: Runtime> Connection<R> {
    async fn run(&mut self) -> io::Result<()> {
        loop {
            match self.next().await? {
                Next::Request(request) => {
                    let keep_alive = request.keep_alive && !self.server.stop.is_requested();
                    let way = Way::<R> {
                        server: &self.server,
                        stream: &mut self.stream,
                        output: &mut self.output,
                        keep_alive,
                    };
                    let status = answer(way, &request).await?;
                    self.record(status);
                    if !keep_alive {
                        return self.finish().await;
                    }
                }
                Next::Refuse(status) => {
                    let body = format!("{}\n", status.text());
                    let text = ("text/plain", body.as_str());
                    head::text(&mut self.output.kept, status, None, text, None, false);
                    self.record(status);
                    return self.finish().await;
                }
                Next::End => return self.output.flush::<R>(&mut self.stream).await,
            }
        }
    }

    fn record(&mut self, status: Status) {
        self.tally.requests += 1;
        self.tally.refused += u64::from(status.is_refusal());
    }

    /// The next request, its body read and thrown away.
    async fn next(&mut self) -> io::Result<Next> {
        let mut begun = None;
        loop {
            if !self.input.is_empty() {
                match parse(self.input.filled()) {
                    Parsed::Whole(request, head) => {
                        self.input.consume(head);
                        return self.skip_body(request).await;
                    }
                    Parsed::Refused(status) => return Ok(Next::Refuse(status)),
                    Parsed::Partial if self.input.filled().len() >= LONGEST_HEAD => {
                        return Ok(Next::Refuse(Status::HeaderFieldsTooLarge));
                    }
                    Parsed::Partial => {}
                }
            }
            self.output.flush::<R>(&mut self.stream).await?;
            let arrival = if self.input.is_empty() {
                self.wait_idle().await?
            } else {
                let begun = *begun.get_or_insert_with(Instant::now);
                self.wait(self.server.timeout.saturating_sub(begun.elapsed())).await?
            };
            match arrival {
                Arrival::Bytes => {}
                Arrival::TimeUp if !self.input.is_empty() => {
                    return Ok(Next::Refuse(Status::RequestTimeout));
                }
                Arrival::End | Arrival::TimeUp => return Ok(Next::End),
            }
        }
    }

    async fn skip_body(&mut self, request: Request) -> io::Result<Next> {
        let mut left = request.body;
        if left > LONGEST_BODY {
            return Ok(Next::Refuse(Status::PayloadTooLarge));
        }
        let begun = Instant::now();
        loop {
            let there = (self.input.filled().len() as u64).min(left);
            self.input.consume(there as usize);
            left -= there;
            if left == 0 {
                return Ok(Next::Request(request));
            }
            match self.wait(self.server.timeout.saturating_sub(begun.elapsed())).await? {
                Arrival::Bytes => {}
                Arrival::TimeUp => return Ok(Next::Refuse(Status::RequestTimeout)),
                Arrival::End => return Ok(Next::End),
            }
        }
    }

    /// Waits for bytes of a request that has begun.
    async fn wait(&mut self, limit: Duration) -> io::Result<Arrival> {
        let reading = self.stream.read(self.input.room());
        let arrival = match R::within(limit, reading).await {
            None => Arrival::TimeUp,
            Some(Ok(0)) => Arrival::End,
            Some(count) => {
                self.input.fill(count?);
                Arrival::Bytes
            }
        };
        Ok(arrival)
    }

    /// Waits for the first bytes of a request, or for the stop.
    async fn wait_idle(&mut self) -> io::Result<Arrival> {
        let read = {
            let place = &self.place;
            let mut reading = pin!(self.stream.read(self.input.room()));
            let either = poll_fn(|cx| {
                // What has arrived before the stop is still served.
                if let Poll::Ready(read) = reading.as_mut().poll(cx) {
                    return Poll::Ready(Some(read));
                }
                place.poll_requested(cx).map(|()| None)
            });
            R::within(self.server.timeout, either).await
        };
        match read {
            None => Ok(Arrival::TimeUp),
            Some(None) | Some(Some(Ok(0))) => Ok(Arrival::End),
            Some(Some(count)) => {
                self.input.fill(count?);
                Ok(Arrival::Bytes)
            }
        }
    }

    /// Sends what is kept, says that nothing more comes, and lets the client have the last words.
    async fn finish(&mut self) -> io::Result<()> {
        self.output.flush::<R>(&mut self.stream).await?;
        self.stream.end().await?;
        let stream = &mut self.stream;
        let mut room = [0; 1024];
        let listening = async {
            let mut heard = 0;
            while heard < LAST_BYTES {
                match stream.read(&mut room).await {
                    Ok(0) | Err(_) => return,
                    Ok(count) => heard += count,
                }
            }
        };
        // Time up or not: it is over.
        let _ = R::within(LAST_WORDS, listening).await;
        Ok(())
    }
}

/// Also when the connection is cut off in the middle.
impl<R: Runtime> Drop for Connection<R> {
    fn drop(&mut self) {
        self.tally.bytes = self.output.sent;
        self.server.totals.add(self.tally);
    }
}
