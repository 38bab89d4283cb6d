//! What the server answers: the same code on every runtime.

use http_body_util::{Either, Full};
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// The longest body that `/bytes/N` makes.
const MOST_BYTES: u64 = 1 << 30;

/// The longest wait of `/after/MS`, in milliseconds.
const LONGEST_WAIT_MS: u64 = 60_000;

/// The piece that long bodies are made of.
static PIECE: [u8; 64 * 1024] = [b'.'; 64 * 1024];

/// A body that is there, comes piece by piece, or is the request's own.
pub(crate) type Answer = Either<Either<Full<Bytes>, Pieces>, Incoming>;

/// So many bytes, piece by piece, without holding them.
#[derive(Debug)]
pub(crate) struct Pieces(u64);

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let length = self.0.min(PIECE.len() as u64);
        self.0 -= length;
        let piece = Bytes::from_static(&PIECE[..length as usize]);
        Poll::Ready((length > 0).then(|| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.0 == 0
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        hyper::body::SizeHint::with_exact(self.0)
    }
}

/// Answers one request; `sleep` is the runtime's.
pub(crate) async fn answer<F, S>(
    request: Request<Incoming>,
    sleep: F,
) -> Result<Response<Answer>, Infallible>
where
    F: FnOnce(Duration) -> S,
    S: Future<Output = ()>,
{
    let get = matches!(*request.method(), Method::GET | Method::HEAD);
    let path = request.uri().path();
    Ok(match path {
        "/" if get => text(StatusCode::OK, "Hello from hyper\n"),
        "/echo" if request.method() == Method::POST => {
            Response::new(Either::Right(request.into_body()))
        }
        "/" => not_allowed("GET, HEAD"),
        "/echo" => not_allowed("POST"),
        _ if !get => not_allowed("GET, HEAD"),
        _ => match (number(path, "/bytes/"), number(path, "/after/")) {
            (Some(length), _) if length <= MOST_BYTES => {
                Response::new(Either::Left(Either::Right(Pieces(length))))
            }
            (_, Some(wait_ms)) if wait_ms <= LONGEST_WAIT_MS => {
                sleep(Duration::from_millis(wait_ms)).await;
                text(StatusCode::OK, format!("{wait_ms} ms later\n"))
            }
            (None, None) => text(StatusCode::NOT_FOUND, "there is nothing here\n"),
            _ => text(StatusCode::BAD_REQUEST, "the number is too large\n"),
        },
    })
}

/// The number after a prefix.
fn number(path: &str, prefix: &str) -> Option<u64> {
    path.strip_prefix(prefix)?.parse().ok()
}

fn text(status: StatusCode, text: impl Into<Bytes>) -> Response<Answer> {
    let mut response = Response::new(Either::Left(Either::Left(Full::new(text.into()))));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}

fn not_allowed(allowed: &'static str) -> Response<Answer> {
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "not this way\n");
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}
