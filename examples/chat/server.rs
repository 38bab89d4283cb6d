//! HTTP: the page, and the way from a request to a WebSocket.

use crate::guest;
use async_tungstenite::WebSocketStream;
use async_tungstenite::tungstenite::handshake::derive_accept_key;
use async_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    CONNECTION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT,
    SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use qi_runtime::channel::broadcast;
use qi_runtime::hyper::{Io, Timer};
use qi_runtime::net::{TcpListener, TcpStream};
use qi_runtime::sync::{CancellationToken, WaitGroup, Worker};
use qi_runtime::time;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

static PAGE: &str = include_str!("page.html");

/// Messages that a slow guest may be behind; one who is further behind misses some, and is told so.
const BEHIND: usize = 256;

/// The longest message, in bytes.
const LONGEST: usize = 4096;

/// How long guests may take to leave at the end.
const GRACE: Duration = Duration::from_secs(2);

/// A pause after an error of the listener, which would otherwise come again at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What all connections share.
#[derive(Clone)]
pub(crate) struct Room {
    /// What is said, to everybody.
    pub(crate) talk: broadcast::Sender<Arc<str>>,
    pub(crate) stop: CancellationToken,
    present: WaitGroup,
    said: Arc<AtomicU64>,
}

impl Room {
    pub(crate) fn new(stop: CancellationToken) -> Self {
        let (talk, _) = broadcast::channel(BEHIND);
        Self { talk, stop, present: WaitGroup::new(), said: Arc::default() }
    }

    /// Says something to everybody.
    pub(crate) fn say(&self, text: String) {
        // Relaxed: a figure, and nothing else goes by it.
        self.said.fetch_add(1, Relaxed);
        // Nobody may be there.
        self.talk.send(text.into()).ok();
    }

    /// How many messages there were.
    pub(crate) fn said(&self) -> u64 {
        self.said.load(Relaxed)
    }
}

/// Accepts until the stop, then waits for the guests to leave.
pub(crate) async fn serve(listener: TcpListener, room: Room) {
    while let Some(accepted) = room.stop.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, _peer)) => {
                let place = room.present.worker();
                qi_runtime::spawn(connection(stream, room.clone(), place));
            }
            Err(error) => {
                eprintln!("cannot accept: {error}");
                time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    // Those who do not leave in time are cut off by the end of the program.
    time::timeout(GRACE, room.present.wait()).await.ok();
}

async fn connection(stream: TcpStream, room: Room, place: Worker) {
    let stop = room.stop.clone();
    let service = service_fn(|request| {
        let answer = answer(request, &room);
        async { Ok::<_, Infallible>(answer) }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(Timer::current());
    let serving = builder.serve_connection(Io::new(stream), service).with_upgrades();
    // A browser that goes away is no trouble of the server's.
    stop.run_until_cancelled(serving).await;
    drop(place);
}

/// The page, a WebSocket, or what is wrong.
fn answer(request: Request<Incoming>, room: &Room) -> Response<Full<Bytes>> {
    if request.method() != Method::GET {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "only GET\n");
    }
    match request.uri().path() {
        "/" => {
            let mut page = Response::new(Full::new(Bytes::from_static(PAGE.as_bytes())));
            let html = HeaderValue::from_static("text/html; charset=utf-8");
            page.headers_mut().insert(CONTENT_TYPE, html);
            page
        }
        "/socket" => upgrade(request, room.clone()),
        _ => plain(StatusCode::NOT_FOUND, "there is nothing here\n"),
    }
}

/// Promises a WebSocket, and spawns the task that keeps the promise.
fn upgrade(request: Request<Incoming>, room: Room) -> Response<Full<Bytes>> {
    let headers = request.headers();
    let key = headers.get(SEC_WEBSOCKET_KEY).map(|key| derive_accept_key(key.as_bytes()));
    let asks = says(headers, UPGRADE, "websocket") && says(headers, CONNECTION, "upgrade");
    let (Some(key), true, true) = (key, asks, says(headers, SEC_WEBSOCKET_VERSION, "13")) else {
        return plain(StatusCode::BAD_REQUEST, "this is the address of a WebSocket (version 13)\n");
    };
    let place = room.present.worker();
    qi_runtime::spawn(async move {
        // It fails if the browser goes away before the answer has reached it.
        if let Ok(upgraded) = hyper::upgrade::on(request).await {
            let parts = upgraded.downcast::<Io<TcpStream>>().expect("that is what was served");
            let config = WebSocketConfig::default().max_message_size(Some(LONGEST));
            let socket = WebSocketStream::from_partially_read(
                parts.io.into_inner(),
                parts.read_buf.into(),
                Role::Server,
                Some(config),
            );
            guest::host(socket.await, room).await;
        }
        drop(place);
    });
    let mut response = plain(StatusCode::SWITCHING_PROTOCOLS, "");
    let headers = response.headers_mut();
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    let key = HeaderValue::try_from(key).expect("it is made of letters and digits");
    headers.insert(SEC_WEBSOCKET_ACCEPT, key);
    response
}

/// Whether a header has `word` in its list.
fn says(headers: &HeaderMap, name: HeaderName, word: &str) -> bool {
    let lists = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|said| said.trim().eq_ignore_ascii_case(word))
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    response
}
