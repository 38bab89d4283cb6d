//! The client: opens all connections, holds them, and then moves all bytes at once.
//!
//! # Protocol
//! Each connection first exchanges one byte with the far side, so that it is known to stand all the
//! way. Then it says `idle`, and waits for a line on its standard input: the time for others to look
//! at the proxy. Then every connection sends its share of a pattern, which differs from connection to
//! connection, and compares what comes back, byte for byte, up to the end. It says what it did.

use crate::args::Args;
use futures_util::io::{AsyncReadExt, AsyncWriteExt};
use qi_runtime::TaskHandle;
use qi_runtime::net::{OwnedWriteHalf, TcpStream};
use std::io;
use std::time::Instant;

/// Bytes that are made, sent and compared at once.
const PIECE: usize = 16 * 1024;

/// Connections that are being made at once: the proxy's queue has its length.
const AT_ONCE: usize = 64;

pub(crate) async fn run(args: &Args) -> io::Result<()> {
    let streams = open_all(args).await?;
    println!("idle");
    qi_runtime::spawn_blocking(|| io::stdin().read_line(&mut String::new()))
        .join()
        .await
        .map_err(io::Error::other)??;
    let begun = Instant::now();
    let count = streams.len() as u64;
    let tasks: Vec<TaskHandle<io::Result<()>>> = (0_u64..)
        .zip(streams)
        .map(|(number, stream)| {
            let share = args.bytes / count + u64::from(number < args.bytes % count);
            qi_runtime::spawn(exchange(stream, number, share))
        })
        .collect();
    for task in tasks {
        task.join().await.map_err(io::Error::other)??;
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!("moved {} bytes each way over {count} connections in {seconds:.2} s", args.bytes);
    Ok(())
}

async fn open_all(args: &Args) -> io::Result<Vec<TcpStream>> {
    let mut streams = Vec::with_capacity(args.connections);
    while streams.len() < args.connections {
        let batch = AT_ONCE.min(args.connections - streams.len());
        let opening: Vec<_> = (0..batch)
            .map(|_| {
                let to = args.to.clone();
                qi_runtime::spawn(async move {
                    let mut stream = TcpStream::connect(to).await?;
                    stream.set_nodelay(true)?;
                    stream.write_all(&[0x51]).await?;
                    let mut answer = [0];
                    stream.read_exact(&mut answer).await?;
                    if answer == [0x51] { Ok(stream) } else { Err(changed(0)) }
                })
            })
            .collect();
        for task in opening {
            streams.push(task.join().await.map_err(io::Error::other)??);
        }
    }
    Ok(streams)
}

/// Sends and compares at once: no buffer on the way holds all of it.
async fn exchange(stream: TcpStream, number: u64, share: u64) -> io::Result<()> {
    let (mut reader, writer) = stream.into_split();
    let sending = qi_runtime::spawn(send(writer, number, share));
    let mut wanted = Pattern::new(number);
    let (mut got, mut expected) = (vec![0; PIECE], vec![0; PIECE]);
    let mut at = 0;
    loop {
        let count = reader.read(&mut got).await?;
        if count == 0 {
            break;
        }
        wanted.fill(&mut expected[..count]);
        if got[..count] != expected[..count] {
            return Err(changed(at));
        }
        at += count as u64;
    }
    sending.join().await.map_err(io::Error::other)??;
    if at == share { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

async fn send(mut writer: OwnedWriteHalf, number: u64, share: u64) -> io::Result<()> {
    let mut pattern = Pattern::new(number);
    let mut piece = vec![0; PIECE];
    let mut left = share;
    while left > 0 {
        let length = left.min(PIECE as u64) as usize;
        pattern.fill(&mut piece[..length]);
        writer.write_all(&piece[..length]).await?;
        left -= length as u64;
    }
    writer.close().await
}

fn changed(at: u64) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("byte {at} came back changed"))
}

/// Bytes without a short period, different for each connection, made in any pieces.
struct Pattern {
    seed: u64,
    at: u64,
}

impl Pattern {
    fn new(number: u64) -> Self {
        Self { seed: number.wrapping_mul(0x9E37_79B9_7F4A_7C15), at: 0 }
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        let mut place = 0;
        while place < bytes.len() {
            // Eight bytes from each block's number (SplitMix64; Steele, Lea, Flood 2014).
            let mut z = self.seed.wrapping_add((self.at / 8).wrapping_mul(0x9E37_79B9_7F4A_7C15));
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            let block = (z ^ (z >> 31)).to_le_bytes();
            let from = (self.at % 8) as usize;
            let count = (8 - from).min(bytes.len() - place);
            bytes[place..place + count].copy_from_slice(&block[from..from + count]);
            place += count;
            self.at += count as u64;
        }
    }
}
