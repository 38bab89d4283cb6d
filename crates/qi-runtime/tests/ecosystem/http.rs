//! Whole conversations of hyper's client and server over Qi's sockets.

use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use qi_runtime::hyper::{Executor, Io, Timer};
use qi_runtime::net::{TcpListener, TcpStream};
use qi_runtime::time::{Duration, Instant};
use std::convert::Infallible;

/// Sends a body back; without one, says hello.
async fn answer(
    request: Request<Incoming>,
) -> Result<Response<Either<Full<Bytes>, Incoming>>, Infallible> {
    let body = match request.uri().path() {
        "/echo" => Either::Right(request.into_body()),
        _ => Either::Left(Full::new(Bytes::from_static(b"hello"))),
    };
    Ok(Response::new(body))
}

fn request(path: &str, body: Vec<u8>) -> Request<Full<Bytes>> {
    let request = Request::post(format!("http://localhost{path}")).header("host", "localhost");
    request.body(Full::new(body.into())).expect("it is a request")
}

fn pattern(length: usize, seed: usize) -> Vec<u8> {
    (0..length).map(|at| ((at + seed) % 253) as u8).collect()
}

/// A connected pair: the server's end and the client's.
async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let address = listener.local_addr().expect("it has an address");
    let client = TcpStream::connect(address).await.expect("it listens");
    let (server, _peer) = listener.accept().await.expect("it is connected");
    (server, client)
}

#[qi_runtime::test(worker_threads = 2)]
async fn http1_bodies_come_back_byte_by_byte() {
    for vectored in [false, true] {
        let (server, client) = pair().await;
        let wrap = if vectored { Io::vectored } else { Io::new };
        let serving = qi_runtime::spawn(
            hyper::server::conn::http1::Builder::new()
                .timer(Timer::current())
                .serve_connection(wrap(server), service_fn(answer)),
        );
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(wrap(client)).await.expect("it is connected");
        let connection = qi_runtime::spawn(connection);
        for (seed, length) in [0, 1, 5000, 1_000_000].into_iter().enumerate() {
            let sent = pattern(length, seed);
            sender.ready().await.expect("it is connected");
            let response = sender.send_request(request("/echo", sent.clone())).await;
            let body = response.expect("it is answered").into_body().collect().await;
            assert!(body.expect("it comes whole").to_bytes() == sent, "{length} bytes");
        }
        drop(sender);
        connection.await.expect("no panic").expect("it ends well");
        serving.await.expect("no panic").expect("it ends well");
    }
}

#[qi_runtime::test(worker_threads = 2)]
async fn http2_streams_share_a_connection() {
    let (server, client) = pair().await;
    let mut builder = hyper::server::conn::http2::Builder::new(Executor::current());
    builder.timer(Timer::current());
    let serving = qi_runtime::spawn(builder.serve_connection(Io::new(server), service_fn(answer)));
    let (sender, connection) =
        hyper::client::conn::http2::handshake(Executor::current(), Io::new(client))
            .await
            .expect("it is connected");
    let connection = qi_runtime::spawn(connection);
    let streams: Vec<_> = (0..50)
        .map(|seed| {
            let mut sender = sender.clone();
            qi_runtime::spawn(async move {
                let sent = pattern(20_000 + seed, seed);
                let response = sender.send_request(request("/echo", sent.clone())).await;
                let body = response.expect("it is answered").into_body().collect().await;
                body.expect("it comes whole").to_bytes() == sent
            })
        })
        .collect();
    for stream in streams {
        assert!(stream.await.expect("no panic"));
    }
    drop(sender);
    connection.await.expect("no panic").expect("it ends well");
    serving.await.expect("no panic").expect("it ends well");
}

#[qi_runtime::test(start_paused = true)]
async fn head_that_does_not_come_is_waited_for_as_long_as_was_said() {
    let (server, client) = pair().await;
    let begun = Instant::now();
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(Timer::current()).header_read_timeout(Duration::from_secs(30));
    let ended = builder.serve_connection(Io::new(server), service_fn(answer)).await;
    assert!(ended.expect_err("nothing came").is_timeout());
    assert_eq!(begun.elapsed(), Duration::from_secs(30));
    drop(client);
}

#[qi_runtime::test(start_paused = true)]
async fn http2_peer_that_has_gone_silent_is_given_up() {
    let (_silent, client) = pair().await;
    let begun = Instant::now();
    let mut builder = hyper::client::conn::http2::Builder::new(Executor::current());
    builder
        .timer(Timer::current())
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(5))
        .keep_alive_while_idle(true);
    let handshake = builder.handshake::<_, Full<Bytes>>(Io::new(client)).await;
    let (sender, connection) = handshake.expect("its own part is written");
    connection.await.ok();
    assert!(sender.is_closed(), "no pong came");
    assert!(begun.elapsed() >= Duration::from_secs(25), "{:?}", begun.elapsed());
}
