//! The client: one connection that many tasks share.
//!
//! ```text
//!   call ──(request, where to answer)──► writer ══ socket ══► server
//!                                          │ where to answer, in the order of the requests
//!   call ◄──────────── answer ────────── reader ◄═ socket ═══
//! ```
//! The writer takes all requests that are waiting and sends them at once; the server answers in order,
//! so the reader needs no more than a queue. When the connection is lost the queue is dropped, and with
//! it everybody's wait ends.

use futures_util::io::{AsyncReadExt, AsyncWriteExt};
use qi_examples::Trouble;
use qi_runtime::channel::{mpsc, oneshot};
use qi_runtime::net::{OwnedReadHalf, OwnedWriteHalf, TcpStream};
use redis_protocol::resp2::{decode, types::OwnedFrame};
use std::collections::VecDeque;
use std::fmt;
use std::io;

/// Requests that wait for the writer at most; then callers wait.
const QUEUE: usize = 1024;

/// Bytes that are read at once.
const ROOM: usize = 16 * 1024;

/// What a server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Nothing,
    Integer(i64),
    Text(Vec<u8>),
    List(Vec<Value>),
}

/// Why a call has no value.
#[derive(Clone, Debug)]
pub(crate) enum Error {
    /// The server refused it, and says why.
    Refused(String),
    /// The connection is lost, or was never made.
    Lost(String),
    /// What came is no answer of a Redis server.
    Garbled(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(reason) => write!(f, "the server says: {reason}"),
            Self::Lost(reason) => write!(f, "the connection is lost: {reason}"),
            Self::Garbled(reason) => write!(f, "this is no Redis server: {reason}"),
        }
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        let chinese = match &error {
            Error::Refused(reason) => format!("服务器拒绝：{reason}"),
            Error::Lost(reason) => format!("连接断开：{reason}"),
            Error::Garbled(reason) => format!("对方不是 Redis 服务器：{reason}"),
        };
        Self::new(error.to_string(), chinese)
    }
}

fn lost(error: &io::Error) -> Error {
    Error::Lost(error.to_string())
}

/// Where a call waits for its answer.
type Answer = oneshot::Sender<Result<Value, Error>>;

/// A connection; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    requests: mpsc::Sender<(Vec<u8>, Answer)>,
}

impl Client {
    /// Connects, and spawns the two tasks that serve the connection until the last clone is dropped.
    pub(crate) async fn connect(addr: &str) -> Result<Self, Error> {
        let (reader, writer) = open(addr).await?.into_split();
        let (requests, waiting) = mpsc::bounded(QUEUE);
        let (answers, expected) = mpsc::unbounded();
        qi_runtime::spawn(write(writer, waiting, answers));
        qi_runtime::spawn(read(reader, expected));
        Ok(Self { requests })
    }

    /// Sends a command and waits for its answer. One that is dropped meanwhile may have been carried
    /// out all the same.
    pub(crate) async fn call(&self, words: &[&str]) -> Result<Value, Error> {
        let (answer, answered) = oneshot::channel();
        let gone = || Error::Lost("it was closed".to_owned());
        self.requests.send((encode(words), answer)).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

async fn open(addr: &str) -> Result<TcpStream, Error> {
    let stream = TcpStream::connect(addr).await.map_err(|error| lost(&error))?;
    stream.set_nodelay(true).map_err(|error| lost(&error))?;
    Ok(stream)
}

/// A command as bytes: a list of texts.
fn encode(words: &[&str]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        bytes.extend_from_slice(word.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

/// Sends what waits, as much as there is at once.
async fn write(
    mut socket: OwnedWriteHalf,
    mut waiting: mpsc::Receiver<(Vec<u8>, Answer)>,
    answers: mpsc::Sender<Answer>,
) {
    let (mut batch, mut bytes) = (Vec::new(), Vec::new());
    while waiting.recv_many(&mut batch, QUEUE).await > 0 {
        bytes.clear();
        for (request, answer) in batch.drain(..) {
            bytes.extend_from_slice(&request);
            // If the reader has gone the answer is dropped, which ends the call.
            answers.try_send(answer).ok();
        }
        if socket.write_all(&bytes).await.is_err() {
            // The reader learns of it too.
            return;
        }
    }
}

/// Gives the answers to those who wait for them, in order.
async fn read(mut socket: OwnedReadHalf, mut expected: mpsc::Receiver<Answer>) {
    let mut input = Input::default();
    let error = loop {
        match input.next(&mut socket).await {
            Ok(value) => match expected.recv().await {
                Some(answer) => drop(answer.send(value)),
                None => return,
            },
            Err(error) => break error,
        }
    };
    // Those who wait, and those who will have called before they know.
    while let Some(answer) = expected.recv().await {
        answer.send(Err(error.clone())).ok();
    }
}

/// What was read and is not yet understood.
#[derive(Default)]
struct Input {
    bytes: VecDeque<u8>,
}

impl Input {
    /// The next answer: a value, or what the server refused.
    async fn next(&mut self, socket: &mut OwnedReadHalf) -> Result<Result<Value, Error>, Error> {
        loop {
            let garbled = |error: redis_protocol::error::RedisProtocolError| {
                Error::Garbled(error.to_string())
            };
            if let Some((frame, length)) =
                decode::decode(self.bytes.make_contiguous()).map_err(garbled)?
            {
                self.bytes.drain(..length);
                return Ok(value(frame));
            }
            let mut room = [0; ROOM];
            match socket.read(&mut room).await {
                Ok(0) => return Err(Error::Lost("the server has ended it".to_owned())),
                Ok(length) => self.bytes.extend(&room[..length]),
                Err(error) => return Err(lost(&error)),
            }
        }
    }
}

fn value(frame: OwnedFrame) -> Result<Value, Error> {
    Ok(match frame {
        OwnedFrame::Error(reason) => return Err(Error::Refused(reason)),
        OwnedFrame::Null => Value::Nothing,
        OwnedFrame::Integer(number) => Value::Integer(number),
        OwnedFrame::SimpleString(bytes) | OwnedFrame::BulkString(bytes) => Value::Text(bytes),
        OwnedFrame::Array(frames) => {
            Value::List(frames.into_iter().map(value).collect::<Result<_, _>>()?)
        }
    })
}

/// A connection that hears what is published on a channel.
pub(crate) struct Subscription {
    reader: OwnedReadHalf,
    /// Without it the connection would be half closed.
    _writer: OwnedWriteHalf,
    input: Input,
}

impl Subscription {
    /// Connects and subscribes; what is published from then on is heard.
    pub(crate) async fn open(addr: &str, channel: &str) -> Result<Self, Error> {
        let (reader, mut writer) = open(addr).await?.into_split();
        let request = encode(&["SUBSCRIBE", channel]);
        writer.write_all(&request).await.map_err(|error| lost(&error))?;
        let mut subscription = Self { reader, _writer: writer, input: Input::default() };
        subscription.input.next(&mut subscription.reader).await??;
        Ok(subscription)
    }

    /// The next message.
    pub(crate) async fn next(&mut self) -> Result<Value, Error> {
        match self.input.next(&mut self.reader).await?? {
            Value::List(mut parts) if parts.len() == 3 => Ok(parts.swap_remove(2)),
            other => Err(Error::Garbled(format!("a message was expected, not {other:?}"))),
        }
    }
}
