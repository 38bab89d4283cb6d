//! An echo server and its client over TLS: rustls on Qi's connections, through the `futures-io` traits.
//!
//! ```text
//! tls_echo                                                    both, in one process: a demonstration
//! tls_echo serve --addr 127.0.0.1:7443 --certificate FILE     the server, until Ctrl-C
//! openssl s_client -connect 127.0.0.1:7443 -servername localhost -CAfile FILE -verify_return_error
//! ```
//!
//! The server makes a certificate for `localhost` when it starts, and writes it to the file for its
//! clients. It sends back line by line; the line `bye` ends a connection.
#![forbid(unsafe_code)]

use futures_rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use futures_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use futures_rustls::{TlsAcceptor, TlsConnector, client};
use futures_util::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use lexopt::prelude::*;
use qi_examples::Trouble;
use qi_runtime::net::{TcpListener, TcpStream};
use qi_runtime::sync::CancellationToken;
use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

const USAGE: &str = "\
usage: tls_echo [serve] [OPTIONS]

  (no command)        a demonstration: server and clients in one process
  serve               sends lines back over TLS, until Ctrl-C; `bye` ends a connection

  --addr HOST:PORT    where to listen (default 127.0.0.1:7443; port 0 takes a free one)
  --certificate FILE  where to write the certificate that clients are to trust
  -h, --help          this text
";

/// The name that the certificate is for.
const NAME: &str = "localhost";

/// Of the demonstration.
const CONNECTIONS: usize = 20;
const LINES: usize = 50;

struct Options {
    serve: bool,
    help: bool,
    addr: String,
    certificate: Option<String>,
}

fn parse() -> Result<Options, lexopt::Error> {
    let addr = "127.0.0.1:7443".to_owned();
    let mut options = Options { serve: false, help: false, addr, certificate: None };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Value(name) if name == "serve" => options.serve = true,
            Long("addr") => options.addr = parser.value()?.string()?,
            Long("certificate") => options.certificate = Some(parser.value()?.string()?),
            Short('h') | Long("help") => options.help = true,
            other => return Err(other.unexpected()),
        }
    }
    Ok(options)
}

/// Who the server is.
struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    /// The certificate as other programs read it.
    pem: String,
}

impl Identity {
    fn new() -> Result<Self, Trouble> {
        let made = rcgen::generate_simple_self_signed([NAME.to_owned()]);
        let made = made.map_err(|error| Trouble::new(error.to_string(), "无法生成证书"))?;
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        Ok(Self { certificate: made.cert.der().clone(), key: key.into(), pem: made.cert.pem() })
    }
}

fn acceptor(identity: &Identity) -> Result<TlsAcceptor, Trouble> {
    let chain = vec![identity.certificate.clone()];
    let config = ServerConfig::builder().with_no_client_auth();
    let config = config
        .with_single_cert(chain, identity.key.clone_key())
        .map_err(|error| Trouble::new(error.to_string(), "证书与密钥不能使用"))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn connector(trusted: Option<&CertificateDer<'static>>) -> Result<TlsConnector, Trouble> {
    let mut roots = RootCertStore::empty();
    if let Some(certificate) = trusted {
        let added = roots.add(certificate.clone());
        added.map_err(|error| Trouble::new(error.to_string(), "证书无效"))?;
    }
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

#[qi_runtime::main]
async fn main() -> ExitCode {
    match parse().map_err(|error| Trouble::usage(&error)) {
        Ok(options) if options.help => {
            print!("{USAGE}");
            ExitCode::SUCCESS
        }
        parsed => match run(parsed).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(trouble) => {
                eprintln!("{trouble}");
                ExitCode::FAILURE
            }
        },
    }
}

async fn run(options: Result<Options, Trouble>) -> Result<(), Trouble> {
    let options = options?;
    let identity = Identity::new()?;
    let acceptor = acceptor(&identity)?;
    if !options.serve {
        return demonstrate(&identity, acceptor).await;
    }
    if let Some(path) = &options.certificate {
        std::fs::write(path, &identity.pem).map_err(|error| {
            Trouble::io(&format!("cannot write {path}"), &format!("无法写入 {path}"), &error)
        })?;
    }
    let stop = CancellationToken::new();
    let interrupted = stop.clone();
    ctrlc::set_handler(move || interrupted.cancel())
        .map_err(|error| Trouble::new(error.to_string(), "无法处理 Ctrl-C"))?;
    let (listener, address) = listen(&options.addr).await?;
    println!("listening on {address}, as {NAME}");
    stop.run_until_cancelled(serve(listener, acceptor)).await;
    println!("stopped");
    Ok(())
}

async fn listen(addr: &str) -> Result<(TcpListener, SocketAddr), Trouble> {
    let bound = TcpListener::bind(addr).await;
    let told = bound.and_then(|listener| Ok((listener.local_addr()?, listener)));
    let (address, listener) = told.map_err(|error| {
        Trouble::io(&format!("cannot listen on {addr}"), &format!("无法监听 {addr}"), &error)
    })?;
    Ok((listener, address))
}

/// Serves every connection in a task of its own.
async fn serve(listener: TcpListener, acceptor: TlsAcceptor) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let acceptor = acceptor.clone();
                qi_runtime::spawn(async move {
                    if let Err(error) = echo(stream, acceptor).await {
                        println!("{peer}: {error}");
                    }
                });
            }
            Err(error) => println!("cannot accept: {error}"),
        }
    }
}

/// One connection: the handshake, then line by line until the client ends or says bye.
async fn echo(stream: TcpStream, acceptor: TlsAcceptor) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(acceptor.accept(stream).await?);
    let mut line = Vec::new();
    while stream.read_until(b'\n', &mut line).await? > 0 {
        if line == b"bye\n" {
            break;
        }
        stream.write_all(&line).await?;
        stream.flush().await?;
        line.clear();
    }
    // The end is said in TLS too, so that the client knows that nothing was cut off.
    stream.close().await
}

async fn connect(
    address: SocketAddr,
    connector: &TlsConnector,
) -> io::Result<BufReader<client::TlsStream<TcpStream>>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let name = ServerName::try_from(NAME).expect("the constant is a name");
    Ok(BufReader::new(connector.connect(name, stream).await?))
}

/// Sends lines and compares what comes back; the version of TLS that was agreed on.
async fn talk(address: SocketAddr, connector: TlsConnector, number: usize) -> io::Result<String> {
    let mut stream = connect(address, &connector).await?;
    let mut got = String::new();
    for at in 0..LINES {
        let sent = format!("line {at} of connection {number}\n");
        stream.write_all(sent.as_bytes()).await?;
        stream.flush().await?;
        got.clear();
        stream.read_line(&mut got).await?;
        if got != sent {
            return Err(io::Error::other(format!("sent {sent:?}, got {got:?}")));
        }
    }
    let version = stream.get_ref().get_ref().1.protocol_version();
    stream.write_all(b"bye\n").await?;
    stream.flush().await?;
    got.clear();
    if stream.read_line(&mut got).await? > 0 {
        return Err(io::Error::other(format!("after bye came {got:?}")));
    }
    Ok(format!("{:?}", version.expect("the handshake is over")))
}

async fn demonstrate(identity: &Identity, acceptor: TlsAcceptor) -> Result<(), Trouble> {
    let (listener, address) = listen("127.0.0.1:0").await?;
    println!("listening on {address}, as {NAME}");
    let server = qi_runtime::spawn(serve(listener, acceptor));
    let failed = |error| Trouble::io("a conversation failed", "通信失败", &error);
    let trusting = connector(Some(&identity.certificate))?;
    let begun = Instant::now();
    let talks: Vec<_> = (0..CONNECTIONS)
        .map(|number| qi_runtime::spawn(talk(address, trusting.clone(), number)))
        .collect();
    let mut version = String::new();
    for talk in talks {
        version = talk.await.map_err(io::Error::other).and_then(|said| said).map_err(failed)?;
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{CONNECTIONS} connections × {LINES} lines over {version}: all came back, in {seconds:.2} s"
    );
    match connect(address, &connector(None)?).await {
        Ok(_) => return Err(Trouble::new("a stranger was trusted", "信任了陌生的证书")),
        Err(error) => println!("a client that does not know the certificate: {error}"),
    }
    server.cancel().ok();
    server.await.ok();
    Ok(())
}
