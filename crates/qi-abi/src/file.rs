//! Files behind handles: read and written at positions, on the threads for blocking calls.
//!
//! A call there cannot be stopped, so it never sees memory of the other side: what it reads or writes
//! is its own, and is copied when the caller is there, in pieces that bound what that takes.
#![forbid(unsafe_code)]

use std::io;

use qi_runtime::fs::{self, OpenOptions};

use crate::buffer::{Room, Source};
use crate::code::Code;
use crate::io_code;
use crate::object::{self, Here};
use crate::pointer::Out;

/// The longest piece that one blocking call reads or writes.
const PIECE: usize = 1 << 20;

/// An open file.
pub(crate) struct File(fs::File);

fn code(error: io::Error) -> Code {
    io_code::of(&error)
}

/// Where a piece begins that lies so far behind `offset`. No file is longer than 2^63 bytes: systems take
/// such offsets for something else, as Windows does the largest one for the file's end.
fn behind(offset: u64, distance: usize) -> Result<u64, Code> {
    let distance = u64::try_from(distance).map_err(|_| Code::ERR_INVALID)?;
    let at = offset.checked_add(distance).ok_or(Code::ERR_INVALID)?;
    i64::try_from(at).map(|_| at).map_err(|_| Code::ERR_INVALID)
}

/// Opens a file, and gives it to the caller.
pub(crate) async fn opened(path: String, options: OpenOptions, to: Out<u64>) -> Result<Code, Code> {
    let file = options.open(path).await.map_err(code)?;
    to.put(object::publish(File(file))?);
    Ok(Code::OK)
}

/// Fills the room from a position on, and says how much there was.
pub(crate) async fn was_read(
    file: Here<File>,
    mut room: Room,
    offset: u64,
    count: Out<usize>,
) -> Result<Code, Code> {
    let mut done = 0;
    while done < room.length() {
        let wanted = (room.length() - done).min(PIECE);
        let piece = match file.0.read_at(behind(offset, done)?, wanted).await {
            Ok(piece) => piece,
            // What was read is worth more than the error, which the next call meets again.
            Err(_) if done > 0 => break,
            Err(error) => return Err(code(error)),
        };
        room.bytes()[done..done + piece.len()].copy_from_slice(&piece);
        done += piece.len();
        if piece.len() < wanted {
            break;
        }
    }
    if done == 0 && room.length() > 0 {
        return Ok(Code::EOF);
    }
    count.put(done);
    Ok(Code::OK)
}

/// Writes everything to a position.
pub(crate) async fn written(file: Here<File>, source: Source, offset: u64) -> Result<Code, Code> {
    for (index, piece) in source.bytes().chunks(PIECE).enumerate() {
        let at = behind(offset, index * PIECE)?;
        file.0.write_at(at, piece.to_vec()).await.map_err(code)?;
    }
    Ok(Code::OK)
}

/// Waits until what was written is stored.
pub(crate) async fn synced(file: Here<File>) -> Result<Code, Code> {
    file.0.sync_all().await.map(|()| Code::OK).map_err(code)
}

/// Finds out how long the file is.
pub(crate) async fn measured(file: Here<File>, to: Out<u64>) -> Result<Code, Code> {
    let size = file.0.metadata().await.map_err(code)?.len();
    to.put(size);
    Ok(Code::OK)
}

/// Cuts the file off, or lengthens it with zeros.
pub(crate) async fn resized(file: Here<File>, size: u64) -> Result<Code, Code> {
    file.0.set_len(size).await.map(|()| Code::OK).map_err(code)
}

/// Takes a file's name away.
pub(crate) async fn removed(path: String) -> Result<Code, Code> {
    fs::remove_file(path).await.map(|()| Code::OK).map_err(code)
}
