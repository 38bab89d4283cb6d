//! The same few operations in the words of each runtime's own users.

use std::future::Future;
use std::path::PathBuf;

use crate::peer::Peer;
use crate::peer::qi::Qi;
use crate::peer::smol::Smol;
use crate::peer::tokio::Tokio;

/// A runtime with files and processes.
pub(super) trait System: Peer {
    /// Reads a file to its end, so many bytes at a time; how many there were.
    fn read_pieces(path: PathBuf, piece: usize) -> impl Future<Output = usize> + Send;

    /// Writes a file as a whole.
    fn write_whole(path: PathBuf, bytes: Vec<u8>) -> impl Future<Output = ()> + Send;

    /// Reads a file as a whole.
    fn read_whole(path: PathBuf) -> impl Future<Output = Vec<u8>> + Send;

    /// Starts a program and waits for its end; whether it succeeded.
    fn run_child(program: &str) -> impl Future<Output = bool> + Send;
}

impl System for Qi {
    async fn read_pieces(path: PathBuf, piece: usize) -> usize {
        use futures_lite::AsyncReadExt as _;
        let mut file = qi_runtime::fs::File::open(path).await.expect("it is there");
        let (mut buffer, mut all) = (vec![0; piece], 0);
        while let count @ 1.. = file.read(&mut buffer).await.expect("it can be read") {
            all += count;
        }
        all
    }

    async fn write_whole(path: PathBuf, bytes: Vec<u8>) {
        qi_runtime::fs::write(path, bytes).await.expect("there is room");
    }

    async fn read_whole(path: PathBuf) -> Vec<u8> {
        qi_runtime::fs::read(path).await.expect("it is there")
    }

    async fn run_child(program: &str) -> bool {
        let status = qi_runtime::process::Command::new(program).status().await;
        status.expect("it starts").success()
    }
}

impl System for Tokio {
    async fn read_pieces(path: PathBuf, piece: usize) -> usize {
        use tokio::io::AsyncReadExt as _;
        let mut file = tokio::fs::File::open(path).await.expect("it is there");
        let (mut buffer, mut all) = (vec![0; piece], 0);
        while let count @ 1.. = file.read(&mut buffer).await.expect("it can be read") {
            all += count;
        }
        all
    }

    async fn write_whole(path: PathBuf, bytes: Vec<u8>) {
        tokio::fs::write(path, bytes).await.expect("there is room");
    }

    async fn read_whole(path: PathBuf) -> Vec<u8> {
        tokio::fs::read(path).await.expect("it is there")
    }

    async fn run_child(program: &str) -> bool {
        let status = tokio::process::Command::new(program).status().await;
        status.expect("it starts").success()
    }
}

impl System for Smol {
    async fn read_pieces(path: PathBuf, piece: usize) -> usize {
        use futures_lite::AsyncReadExt as _;
        let mut file = smol::fs::File::open(path).await.expect("it is there");
        let (mut buffer, mut all) = (vec![0; piece], 0);
        while let count @ 1.. = file.read(&mut buffer).await.expect("it can be read") {
            all += count;
        }
        all
    }

    async fn write_whole(path: PathBuf, bytes: Vec<u8>) {
        smol::fs::write(path, bytes).await.expect("there is room");
    }

    async fn read_whole(path: PathBuf) -> Vec<u8> {
        smol::fs::read(path).await.expect("it is there")
    }

    async fn run_child(program: &str) -> bool {
        let status = smol::process::Command::new(program).status().await;
        status.expect("it starts").success()
    }
}
