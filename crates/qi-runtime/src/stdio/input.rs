//! What was read from standard input and not yet asked for, and the thread that reads.
//!
//! # Protocol
//! Whoever needs more than the inbox has leaves a waker and a demand. The thread waits for a demand,
//! reads once, which may take for ever, puts what came into the inbox, and wakes all who wait: the
//! first to look takes what it needs, the others demand again. The thread is started with the first
//! demand and stays to the end of the process, whose end does not wait for it.
//!
//! It is the one global of this crate, because standard input is one of the process.

use std::io::{self, BufRead, ErrorKind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;
use std::thread;

static INPUT: OnceLock<Arc<Input>> = OnceLock::new();

/// Standard input as it is shared by all who read it.
pub(super) fn shared() -> Arc<Input> {
    let make = || Arc::new(Input { inbox: Mutex::default(), demanded: Condvar::new() });
    INPUT.get_or_init(make).clone()
}

pub(super) struct Input {
    inbox: Mutex<Inbox>,
    demanded: Condvar,
}

#[derive(Default)]
pub(super) struct Inbox {
    /// Bytes in their order; those before `start` are taken.
    bytes: Vec<u8>,
    start: usize,
    /// Up to where there is no end of a line.
    searched: usize,
    /// The end, or an error, which comes after the bytes and is told once.
    ended: Option<io::Result<()>>,
    demand: bool,
    has_thread: bool,
    wakers: Vec<(u64, Waker)>,
    next_id: u64,
}

impl Input {
    pub(super) fn lock(&self) -> MutexGuard<'_, Inbox> {
        // Only copies happen under it.
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for more, under the lock under which the caller has looked in vain and left its waker.
    ///
    /// # Errors
    /// When there is no thread to read, and none can be started.
    pub(super) fn demand(self: &Arc<Self>, mut inbox: MutexGuard<'_, Inbox>) -> io::Result<()> {
        let demanded = std::mem::replace(&mut inbox.demand, true);
        let has_thread = std::mem::replace(&mut inbox.has_thread, true);
        drop(inbox);
        if has_thread {
            if !demanded {
                self.demanded.notify_one();
            }
            return Ok(());
        }
        let input = self.clone();
        let thread = thread::Builder::new().name("qi-stdin".to_owned());
        if let Err(error) = thread.spawn(move || input.serve()) {
            let mut inbox = self.lock();
            (inbox.has_thread, inbox.demand) = (false, false);
            return Err(error);
        }
        Ok(())
    }

    fn serve(&self) {
        loop {
            let mut inbox = self.lock();
            while !inbox.demand {
                inbox = self.demanded.wait(inbox).unwrap_or_else(PoisonError::into_inner);
            }
            drop(inbox);
            let outcome = read_some();
            let mut inbox = self.lock();
            match outcome {
                Ok(bytes) if bytes.is_empty() => inbox.ended = Some(Ok(())),
                Ok(bytes) => inbox.bytes.extend_from_slice(&bytes),
                Err(error) => inbox.ended = Some(Err(error)),
            }
            inbox.demand = false;
            let wakers = std::mem::take(&mut inbox.wakers);
            drop(inbox);
            wakers.into_iter().for_each(|(_, waker)| waker.wake());
        }
    }
}

/// What is there, after waiting for something to be there. The standard library's lock is held
/// meanwhile, as by any reader.
fn read_some() -> io::Result<Vec<u8>> {
    let mut stdin = io::stdin().lock();
    loop {
        match stdin.fill_buf() {
            Ok(bytes) => {
                let bytes = bytes.to_vec();
                stdin.consume(bytes.len());
                return Ok(bytes);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

impl Inbox {
    /// A number by which a waker is found again.
    pub(super) fn new_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// Takes bytes, as many as there are and fit; at the end none; `None` when it must wait.
    pub(super) fn take(&mut self, buffer: &mut [u8]) -> Option<io::Result<usize>> {
        let there = self.bytes.len() - self.start;
        if there > 0 {
            let count = there.min(buffer.len());
            buffer[..count].copy_from_slice(&self.bytes[self.start..self.start + count]);
            self.advance(count);
            return Some(Ok(count));
        }
        self.ended.take().map(|ended| ended.map(|()| 0))
    }

    /// Takes a line with its end, or what is left before the end of all. Empty at the end itself;
    /// `None` when it must wait.
    pub(super) fn take_line(&mut self) -> Option<io::Result<Vec<u8>>> {
        let from = self.searched.max(self.start);
        let end = self.bytes[from..].iter().position(|byte| *byte == b'\n');
        if let Some(end) = end {
            return Some(Ok(self.take_up_to(from + end + 1)));
        }
        self.searched = self.bytes.len();
        match &self.ended {
            None => None,
            // The rest of a line comes before the end, which is told by the next call.
            Some(_) if self.start < self.bytes.len() => Some(Ok(self.take_up_to(self.bytes.len()))),
            Some(_) => self.ended.take().map(|ended| ended.map(|()| Vec::new())),
        }
    }

    fn take_up_to(&mut self, end: usize) -> Vec<u8> {
        let line = self.bytes[self.start..end].to_vec();
        self.advance(line.len());
        line
    }

    fn advance(&mut self, count: usize) {
        self.start += count;
        if self.start == self.bytes.len() {
            self.bytes.clear();
            self.start = 0;
            self.searched = 0;
        }
    }

    /// Leaves a waker under its number, in place of an older one, which is returned.
    pub(super) fn leave_waker(&mut self, id: u64, waker: Waker) -> Option<Waker> {
        match self.wakers.iter_mut().find(|(there, _)| *there == id) {
            Some((_, old)) => Some(std::mem::replace(old, waker)),
            None => {
                self.wakers.push((id, waker));
                None
            }
        }
    }

    /// Takes the waker of one who does not wait any more.
    pub(super) fn take_waker(&mut self, id: u64) -> Option<Waker> {
        let index = self.wakers.iter().position(|(there, _)| *there == id)?;
        Some(self.wakers.swap_remove(index).1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inbox(bytes: &[u8], ended: bool) -> Inbox {
        let ended = ended.then_some(Ok(()));
        Inbox { bytes: bytes.to_vec(), ended, ..Inbox::default() }
    }

    fn line(inbox: &mut Inbox) -> Option<Vec<u8>> {
        inbox.take_line().map(|line| line.expect("there was no error"))
    }

    #[test]
    fn a_part_of_a_line_stays_until_its_end_comes() {
        let mut inbox = inbox(b"one\ntw", false);
        assert_eq!(line(&mut inbox).as_deref(), Some(&b"one\n"[..]));
        assert_eq!(line(&mut inbox), None);
        inbox.bytes.extend_from_slice(b"o\n");
        assert_eq!(line(&mut inbox).as_deref(), Some(&b"two\n"[..]));
        assert_eq!(line(&mut inbox), None);
    }

    #[test]
    fn the_last_line_needs_no_end_and_the_end_comes_after_it() {
        let mut inbox = inbox(b"last", true);
        assert_eq!(line(&mut inbox).as_deref(), Some(&b"last"[..]));
        assert_eq!(line(&mut inbox).as_deref(), Some(&b""[..]));
        assert_eq!(line(&mut inbox), None, "the end is told once");
    }

    #[test]
    fn lines_and_bytes_can_be_taken_in_turns() {
        let mut inbox = inbox(b"ab\ncd\n", false);
        let mut buffer = [0; 1];
        assert_eq!(inbox.take(&mut buffer).and_then(Result::ok), Some(1));
        assert_eq!(line(&mut inbox).as_deref(), Some(&b"b\n"[..]));
        assert_eq!(inbox.take(&mut buffer).and_then(Result::ok), Some(1));
        assert_eq!(line(&mut inbox).as_deref(), Some(&b"d\n"[..]));
        assert!(inbox.take(&mut buffer).is_none());
    }
}
