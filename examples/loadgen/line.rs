//! A connection to the server: opened, used for one exchange after the other, opened again.

use crate::args::Args;
use crate::target::Target;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::header::{HOST, HeaderMap, HeaderValue, USER_AGENT};
use hyper::{Method, Request, Response, StatusCode, Uri};
use qi_examples::Trouble;
use qi_runtime::hyper::{Executor, Io, Timer};
use qi_runtime::net::TcpStream;
use std::io;

type Body = Full<Bytes>;

/// Why an exchange brought no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Failure {
    /// The connection could not be opened again.
    Connect,
    /// The connection ended, or what came is no HTTP.
    Broken,
    /// The answer took too long.
    Timeout,
}

/// One end of a connection that requests are sent on; of HTTP/2, clones share one.
#[derive(Debug)]
enum Sender {
    One(http1::SendRequest<Body>),
    Two(http2::SendRequest<Body>),
}

/// What all requests have in common.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    target: Target,
    http2: bool,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

impl Question {
    pub(crate) fn new(args: &Args, target: Target) -> Result<Self, Trouble> {
        let wrong = |error: &dyn std::fmt::Display| {
            Trouble::new(format!("the request cannot be made: {error}"), "无法构造请求")
        };
        // HTTP/1 names the host in a header, HTTP/2 in the address.
        let uri = match args.http2 {
            true => format!("http://{}{}", target.authority, target.path),
            false => target.path.clone(),
        };
        let mut headers = HeaderMap::new();
        if !args.http2 {
            let host = HeaderValue::try_from(&target.authority).map_err(|error| wrong(&error))?;
            headers.insert(HOST, host);
        }
        headers.insert(USER_AGENT, HeaderValue::from_static("qi-loadgen"));
        for (name, value) in &args.headers {
            headers.insert(name, value.clone());
        }
        Ok(Self {
            http2: args.http2,
            method: args.method.clone(),
            uri: uri.parse().map_err(|error| wrong(&error))?,
            headers,
            body: args.body.clone().into(),
            target,
        })
    }

    fn request(&self) -> Request<Body> {
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }
}

/// A connection, or a place for one.
#[derive(Debug)]
pub(crate) struct Line {
    sender: Option<Sender>,
}

impl Line {
    /// Opens a connection.
    ///
    /// # Errors
    /// The system's, or hyper's as the inner error of one.
    pub(crate) async fn open(question: &Question) -> io::Result<Self> {
        let stream = TcpStream::connect(question.target.address).await?;
        stream.set_nodelay(true)?;
        let io = Io::new(stream);
        // A connection that ends is seen by the next exchange.
        let sender = if question.http2 {
            let mut builder = http2::Builder::new(Executor::current());
            let (sender, connection) =
                builder.timer(Timer::current()).handshake(io).await.map_err(io::Error::other)?;
            qi_runtime::spawn(connection);
            Sender::Two(sender)
        } else {
            let (sender, connection) = http1::handshake(io).await.map_err(io::Error::other)?;
            qi_runtime::spawn(connection);
            Sender::One(sender)
        };
        Ok(Self { sender: Some(sender) })
    }

    /// Another user of the same connection, if its protocol allows that.
    pub(crate) fn share(&self) -> Option<Self> {
        match &self.sender {
            Some(Sender::Two(sender)) => Some(Self { sender: Some(Sender::Two(sender.clone())) }),
            _ => None,
        }
    }

    /// Whether the next exchange has to open it again.
    pub(crate) fn is_closed(&self) -> bool {
        self.sender.is_none()
    }

    /// Gives the connection up.
    pub(crate) fn close(&mut self) {
        self.sender = None;
    }

    /// Sends the request and takes the whole answer: its status, and the bytes of its body. After a
    /// failure the line is closed.
    pub(crate) async fn exchange(
        &mut self,
        question: &Question,
    ) -> Result<(StatusCode, u64), Failure> {
        if self.is_closed() {
            *self = Self::open(question).await.map_err(|_| Failure::Connect)?;
        }
        let outcome = self.attempt(question).await;
        match outcome {
            Ok(answer) => Ok(answer),
            Err(_) => {
                self.close();
                Err(Failure::Broken)
            }
        }
    }

    async fn attempt(&mut self, question: &Question) -> Result<(StatusCode, u64), hyper::Error> {
        let response: Response<Incoming> = match self.sender.as_mut().expect("it is open") {
            Sender::One(sender) => {
                sender.ready().await?;
                sender.send_request(question.request()).await?
            }
            Sender::Two(sender) => {
                sender.ready().await?;
                sender.send_request(question.request()).await?
            }
        };
        let (status, mut body, mut length) = (response.status(), response.into_body(), 0);
        while let Some(frame) = body.frame().await {
            if let Ok(data) = frame?.into_data() {
                length += data.len() as u64;
            }
        }
        Ok((status, length))
    }
}

/// Why the connections could not be opened at the start, for the user.
pub(crate) fn cannot_open(
    error: &io::Error,
    address: std::net::SocketAddr,
    wanted: usize,
) -> Trouble {
    // Too few descriptors of the process, or of the system.
    let few = matches!(error.raw_os_error(), Some(EMFILE | ENFILE));
    if few {
        return Trouble::new(
            format!(
                "too few descriptors for {wanted} connections: {error}; `ulimit -n {}` allows more, \
                 or --connections asks for fewer",
                wanted + 64
            ),
            format!(
                "描述符不足以建立 {wanted} 个连接：可用 `ulimit -n {}` 提高上限，或减小 --connections",
                wanted + 64
            ),
        );
    }
    Trouble::io(&format!("cannot connect to {address}"), &format!("无法连接 {address}"), error)
}

/// Error numbers of Unix for too many open files; on Windows the numbers mean other things that no
/// connection fails with.
const EMFILE: i32 = 24;
const ENFILE: i32 = 23;
