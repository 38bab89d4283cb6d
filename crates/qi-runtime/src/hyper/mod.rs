//! hyper on Qi: what its `rt` traits ask of a runtime (the feature `hyper`).
//!
//! ```text
//!   hyper  ── Executor ──► tasks of the runtime       (HTTP/2 spawns its streams)
//!          ── Timer ─────► its timers, on its clock   (time limits of heads, keep-alive)
//!          ── Io<T> ─────► any futures-io stream: Qi's sockets, TLS over them
//! ```
//!
//! No part of Tokio's runtime is needed, nor compiled: hyper itself uses Tokio's channels only.
//!
//! # Examples
//! A server of one connection, and its client:
//! ```
//! use hyper::body::{Body, Bytes, Frame, Incoming};
//! use hyper::{Request, Response, service::service_fn};
//! use qi_runtime::hyper::{Io, Timer};
//! use qi_runtime::net::{TcpListener, TcpStream};
//! use std::pin::Pin;
//! use std::task::{Context, Poll};
//!
//! /// A body of one piece (the crate http-body-util has it ready-made).
//! struct Whole(Option<Bytes>);
//!
//! impl Body for Whole {
//!     type Data = Bytes;
//!     type Error = std::convert::Infallible;
//!
//!     fn poll_frame(
//!         mut self: Pin<&mut Self>,
//!         _: &mut Context<'_>,
//!     ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
//!         Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
//!     }
//! }
//!
//! # let runtime = qi_runtime::AsyncRuntime::builder().worker_threads(1).build()?;
//! # runtime.block_on(async {
//! let listener = TcpListener::bind("127.0.0.1:0").await?;
//! let address = listener.local_addr()?;
//! let server = qi_runtime::spawn(async move {
//!     let (stream, _peer) = listener.accept().await?;
//!     let answer = service_fn(|request: Request<Incoming>| async move {
//!         let text = format!("you asked for {}", request.uri().path());
//!         Ok::<_, hyper::Error>(Response::new(Whole(Some(text.into()))))
//!     });
//!     let mut builder = hyper::server::conn::http1::Builder::new();
//!     let serving = builder.timer(Timer::current()).serve_connection(Io::new(stream), answer);
//!     serving.await.map_err(std::io::Error::other)
//! });
//!
//! let stream = Io::new(TcpStream::connect(address).await?);
//! let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await?;
//! let connection = qi_runtime::spawn(connection);
//! let request = Request::get("/tea").header("host", "localhost").body(Whole(None))?;
//! let answer = sender.send_request(request).await?;
//! assert_eq!(answer.status(), 200);
//! # drop((sender, answer));
//! # connection.join().await??;
//! # server.join().await??;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod executor;
mod io;
mod timer;

pub use executor::Executor;
pub use io::Io;
pub use timer::Timer;
