//! Datagrams in batches, and a descriptor over a Unix socket. What fails is tried again.

use std::future::Future;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net as blocking;

use qi_runtime::net::{DatagramBatch, UdpSocket, UnixStream};

use super::ATTEMPTS;
use crate::stage::Stage;

const TEXTS: [&[u8]; 3] = [b"one", b"two", b"three"];

pub(super) async fn play(stage: &Stage) {
    try_again(stage, "datagrams in batches", batches).await;
    try_again(stage, "a descriptor", descriptor).await;
}

async fn try_again<F>(stage: &Stage, what: &str, attempt: impl Fn() -> F)
where
    F: Future<Output = io::Result<()>>,
{
    for _ in 0..ATTEMPTS {
        match stage.ledger.within(what, attempt()).await {
            Some(Ok(())) | None => return,
            Some(Err(error)) => stage.ledger.error(what, &error),
        }
    }
    stage.ledger.gave_up(what);
}

async fn batches() -> io::Result<()> {
    let from = UdpSocket::bind("127.0.0.1:0").await?;
    let to = UdpSocket::bind("127.0.0.1:0").await?;
    let address = to.local_addr()?;
    let datagrams = TEXTS.map(|text| (text, address));
    let mut sent = 0;
    while sent < datagrams.len() {
        sent += from.send_batch(&datagrams[sent..]).await?;
    }
    let mut batch = DatagramBatch::new(2, 16);
    let mut got = Vec::new();
    while got.len() < TEXTS.len() {
        to.recv_batch(&mut batch).await?;
        got.extend(batch.iter().map(|(bytes, _)| bytes.to_vec()));
    }
    as_sent(got == TEXTS)
}

async fn descriptor() -> io::Result<()> {
    let (one, other) = UnixStream::pair()?;
    let (mut kept, given) = blocking::UnixStream::pair()?;
    one.send_with_descriptors(b"x", &[given.as_fd()]).await?;
    let (_, ancillary) = other.recv_with_ancillary(&mut [0; 8]).await?;
    let Some(descriptor) = ancillary.descriptors.into_iter().next() else { return as_sent(false) };
    blocking::UnixStream::from(descriptor).write_all(b"!")?;
    kept.read_exact(&mut [0; 1])
}

fn as_sent(is: bool) -> io::Result<()> {
    if is { Ok(()) } else { Err(io::Error::other("something else came than was sent")) }
}
