//! Serves a directory of its own making, fetches from it, and stops: every promise once.

use crate::app::listen;
use crate::client::{Answer, Client};
use crate::runtime::{Listener, Runtime};
use crate::server::{Server, serve};
use crate::site::{SMALL, Site};
use crate::summary::Summary;
use qi_examples::Trouble;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Short: one of the checks waits for it.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Longer than what is kept in memory, and no multiple of a chunk.
const LARGE: usize = 40 * SMALL as usize + 12_345;

type Check = fn(&mut Client, SocketAddr) -> io::Result<()>;

const CHECKS: &[(&str, Check)] = &[
    ("a small file, again and again on one connection", keep_alive),
    ("requests that arrive together are answered in order", pipelining),
    ("a large file, whole and in part", large),
    ("HEAD has the head only", head),
    ("a directory: redirect, page, index", directory),
    ("conditional requests", conditional),
    ("ranges", ranges),
    ("nothing outside of the directory", traversal),
    ("refusals", refusals),
    ("a request that does not end", slow),
    ("old clients", old),
];

/// The whole test.
pub(crate) async fn run<R: Runtime>() -> Result<(), Trouble> {
    let trouble = |error: io::Error| Trouble::io("the self-test failed", "自检失败", &error);
    let garden = Garden::plant().map_err(trouble)?;
    let site = Site::open(&garden.path.join("site"))?;
    let server = Arc::new(Server::new(site, TIMEOUT));
    let listener = listen::<R>("127.0.0.1:0").await?;
    let address = listener.local_addr().map_err(trouble)?;
    let stop = server.stop.clone();
    let client = R::blocking(move || {
        // One connection stays idle: the stop must not wait for its time-out.
        let idle = Client::connect(address)?;
        let checked = check_all(address);
        stop.request();
        drop(idle);
        checked
    });
    let (summary, checked) = futures_util::future::join(serve::<R>(server, listener), client).await;
    checked.and_then(|checked| checked).map_err(trouble)?;
    println!("{summary}");
    let Summary { connections, requests, refused, bytes, cut_off } = summary;
    if cut_off != 0 || connections == 0 || requests <= refused || bytes < LARGE as u64 {
        return Err(Trouble::new("the summary is wrong", "统计结果有误"));
    }
    match Client::connect(address) {
        Ok(_) => Err(Trouble::new("the server still listens", "服务器仍在监听")),
        Err(_) => Ok(()),
    }
}

fn check_all(address: SocketAddr) -> io::Result<()> {
    for (name, check) in CHECKS {
        let checked = Client::connect(address).and_then(|mut client| check(&mut client, address));
        checked.map_err(|error| io::Error::new(error.kind(), format!("{name}: {error}")))?;
        println!("ok: {name}");
    }
    Ok(())
}

/// A directory of files, and something beside it that must not be served.
struct Garden {
    path: PathBuf,
}

impl Garden {
    fn plant() -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("qi-httpd-{}", std::process::id()));
        let garden = Self { path };
        let site = garden.path.join("site");
        fs::create_dir_all(site.join("sub/inner"))?;
        fs::create_dir_all(site.join("indexed"))?;
        fs::write(garden.path.join("secret.txt"), "not for you")?;
        fs::write(site.join("hello.txt"), "hello, world\n")?;
        fs::write(site.join("large.bin"), large_bytes())?;
        fs::write(site.join("sub/a & b.html"), "<p>a</p>")?;
        fs::write(site.join("sub/.hidden"), "not for you")?;
        fs::write(site.join("indexed/index.html"), "<h1>index</h1>")?;
        link(&garden.path.join("secret.txt"), &site.join("leak.txt"))?;
        link(&site.join("hello.txt"), &site.join("alias.txt"))?;
        Ok(garden)
    }
}

impl Drop for Garden {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            eprintln!("cannot remove {}: {error}", self.path.display());
        }
    }
}

#[cfg(unix)]
const LINKS: bool = true;
#[cfg(not(unix))]
const LINKS: bool = false;

#[cfg(unix)]
fn link(to: &Path, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, at)
}

/// Links take a privilege on Windows.
#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> io::Result<()> {
    Ok(())
}

fn large_bytes() -> Vec<u8> {
    (0..LARGE).map(|at| (at ^ (at >> 8) ^ (at >> 16)) as u8).collect()
}

/// Fails with what was expected and what came.
fn expect(holds: bool, what: &str, answer: &Answer) -> io::Result<()> {
    if holds {
        return Ok(());
    }
    let shown = String::from_utf8_lossy(&answer.body[..answer.body.len().min(200)]).into_owned();
    let text = format!("expected {what}, got {} `{shown}`", answer.status);
    Err(io::Error::new(io::ErrorKind::InvalidData, text))
}

fn expect_status(answer: &Answer, status: u16) -> io::Result<()> {
    expect(answer.status == status, &format!("status {status}"), answer)
}

fn keep_alive(client: &mut Client, _: SocketAddr) -> io::Result<()> {
    for _ in 0..100 {
        let answer = client.ask("GET /hello.txt", "")?;
        expect_status(&answer, 200)?;
        expect(answer.body == b"hello, world\n", "the file", &answer)?;
        let kind = answer.field("content-type");
        expect(kind == "text/plain; charset=utf-8", "plain text", &answer)?;
    }
    let answer = client.ask("GET /hello.txt?query", "Connection: close\r\n")?;
    expect_status(&answer, 200)?;
    expect(client.is_closed()?, "the end of the connection", &answer)
}

fn pipelining(client: &mut Client, _: SocketAddr) -> io::Result<()> {
    let one = |path| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    let three = [one("/hello.txt"), one("/nothing"), one("/large.bin")].concat();
    client.send(&three.repeat(5))?;
    for _ in 0..5 {
        expect_status(&client.answer(false)?, 200)?;
        expect_status(&client.answer(false)?, 404)?;
        let answer = client.answer(false)?;
        expect(answer.body.len() == LARGE, "the large file", &answer)?;
    }
    Ok(())
}

fn large(client: &mut Client, _: SocketAddr) -> io::Result<()> {
    let expected = large_bytes();
    let answer = client.ask("GET /large.bin", "")?;
    expect(answer.body == expected, "the file", &answer)?;
    expect(answer.field("content-type") == "application/octet-stream", "bytes", &answer)?;
    let (from, to) = (LARGE / 3, LARGE - 7);
    let answer = client.ask("GET /large.bin", &format!("Range: bytes={from}-{to}\r\n"))?;
    expect_status(&answer, 206)?;
    expect(answer.body == expected[from..=to], "the part", &answer)
}

fn head(client: &mut Client, _: SocketAddr) -> io::Result<()> {
    for (path, length) in [("/hello.txt", 13), ("/large.bin", LARGE)] {
        let answer = client.ask(&format!("HEAD {path}"), "")?;
        expect_status(&answer, 200)?;
        expect(answer.field("content-length") == length.to_string(), "the length", &answer)?;
    }
    expect_status(&client.ask("HEAD /nothing", "")?, 404)?;
    expect_status(&client.ask("GET /hello.txt", "")?, 200)
}

fn directory(client: &mut Client, _: SocketAddr) -> io::Result<()> {
    let answer = client.ask("GET /sub", "")?;
    expect_status(&answer, 301)?;
    expect(answer.field("location") == "/sub/", "a link", &answer)?;
    let answer = client.ask("GET /sub/", "")?;
    expect_status(&answer, 200)?;
    let page = String::from_utf8_lossy(&answer.body);
    expect(page.contains("./a%20%26%20b.html\">a &amp; b.html</a>"), "the file", &answer)?;
    expect(page.contains("./inner/"), "the directory", &answer)?;
    expect(!page.contains("hidden"), "no hidden file", &answer)?;
    let answer = client.ask("GET /sub/a%20%26%20b.html", "")?;
    expect(answer.body == b"<p>a</p>", "the file", &answer)?;
    let answer = client.ask("GET /indexed/", "")?;
    expect(answer.body == b"<h1>index</h1>", "the index", &answer)?;
    expect_status(&client.ask("GET /hello.txt/", "")?, 404)
}

fn conditional(client: &mut Client, _: SocketAddr) -> io::Result<()> {
    let answer = client.ask("GET /hello.txt", "")?;
    let (tag, date) = (answer.field("etag"), answer.field("last-modified"));
    let same = client.ask("GET /hello.txt", &format!("If-None-Match: {tag}\r\n"))?;
    expect_status(&same, 304)?;
    let same = client.ask("GET /hello.txt", &format!("If-Modified-Since: {date}\r\n"))?;
    expect_status(&same, 304)?;
    let other = client.ask("GET /hello.txt", "If-None-Match: \"other\"\r\n")?;
    expect_status(&other, 200)
}

fn ranges(client: &mut Client, _: SocketAddr) -> io::Result<()> {
    let answer = client.ask("GET /hello.txt", "Range: bytes=7-11\r\n")?;
    expect_status(&answer, 206)?;
    expect(answer.body == b"world", "the part", &answer)?;
    expect(answer.field("content-range") == "bytes 7-11/13", "the range", &answer)?;
    let answer = client.ask("GET /hello.txt", "Range: bytes=13-\r\n")?;
    expect_status(&answer, 416)?;
    expect(answer.field("content-range") == "bytes */13", "the length", &answer)?;
    let answer = client.ask("GET /hello.txt", "Range: bytes=0-0\r\nIf-Range: \"other\"\r\n")?;
    expect_status(&answer, 200)
}

fn traversal(client: &mut Client, _: SocketAddr) -> io::Result<()> {
    for path in [
        "/../secret.txt",
        "/sub/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/hello.txt%00",
        "/leak.txt",
        "/sub/.hidden",
    ] {
        expect_status(&client.ask(&format!("GET {path}"), "")?, 404)?;
    }
    if LINKS {
        let answer = client.ask("GET /alias.txt", "")?;
        expect(answer.body == b"hello, world\n", "a link within", &answer)?;
    }
    Ok(())
}

fn refusals(client: &mut Client, address: SocketAddr) -> io::Result<()> {
    expect_status(&client.ask("GET /nothing", "")?, 404)?;
    let answer = client.ask("POST /hello.txt", "Content-Length: 0\r\n")?;
    expect_status(&answer, 405)?;
    expect(answer.field("allow") == "GET, HEAD", "what is allowed", &answer)?;
    expect_status(&client.ask("BREW /pot", "")?, 501)?;
    client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12345")?;
    expect_status(&client.answer(false)?, 405)?;
    expect_status(&client.ask("GET /hello.txt", "")?, 200)?;
    let long = format!("X: {}\r\n", "x".repeat(20_000));
    for (fields, status) in [
        ("Content-Length: 99999999\r\n", 413),
        ("Transfer-Encoding: chunked\r\n", 501),
        ("Host: another\r\n", 400),
        (&long, 431),
    ] {
        let mut client = Client::connect(address)?;
        let answer = client.ask("GET /hello.txt", fields)?;
        expect_status(&answer, status)?;
        expect(answer.field("connection") == "close", "the end", &answer)?;
        expect(client.is_closed()?, "the end of the connection", &answer)?;
    }
    Ok(())
}

fn slow(client: &mut Client, _: SocketAddr) -> io::Result<()> {
    client.send("GET /hello.txt HTT")?;
    let answer = client.answer(false)?;
    expect_status(&answer, 408)?;
    expect(client.is_closed()?, "the end of the connection", &answer)
}

fn old(client: &mut Client, address: SocketAddr) -> io::Result<()> {
    client.send("GET /hello.txt HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")?;
    let answer = client.answer(false)?;
    expect(answer.field("connection") == "keep-alive", "to go on", &answer)?;
    let mut client = Client::connect(address)?;
    client.send("GET /hello.txt HTTP/1.0\r\n\r\n")?;
    let answer = client.answer(false)?;
    expect_status(&answer, 200)?;
    expect(client.is_closed()?, "the end of the connection", &answer)
}
