//! The calls of a stream, as they run on a thread that may block.
//!
//! A writing call goes on until nothing is left to be written: so bytes that the user handed over
//! reach the system soon and in large pieces, whether or not anybody asks after them.
//!
//! # What is written when a call is refused
//! A call that a shutdown cancels is dropped without having run. The writing call then does its work
//! while it is dropped, on the thread that drops it: bytes that were taken are not lost to the end of
//! a runtime. (I70)

use super::device::Device;
use super::state::{Busy, State};
use super::stream::Shared;
use super::wake::wake;
use crate::error::RuntimeError;
use std::io::{self, ErrorKind, SeekFrom};
use std::sync::Arc;

/// What a call is to do.
#[derive(Debug)]
pub(super) enum Job {
    /// Fill the buffer's first bytes, at most so many.
    Read(Vec<u8>, usize),
    Write,
    Seek(SeekFrom),
}

/// A call on its way to a thread.
pub(super) struct Call<D: Device> {
    shared: Arc<Shared<D>>,
    /// Taken when it runs.
    job: Option<Job>,
}

impl<D: Device> Call<D> {
    /// Sends it off. Must not be called under the lock of the state: a runtime that takes no more
    /// calls drops it at once.
    pub(super) fn send(shared: &Arc<Shared<D>>, job: Job) {
        let call = Self { shared: shared.clone(), job: Some(job) };
        // The handle is not needed: the state is told.
        drop(shared.handle.spawn_blocking(move || call.run()));
    }

    fn run(mut self) {
        match self.job.take() {
            Some(Job::Read(inbox, chunk)) => read(&self.shared, inbox, chunk),
            Some(Job::Write) => write(&self.shared),
            Some(Job::Seek(to)) => {
                let outcome = self.shared.device.seek(to);
                end_seek(&self.shared, outcome);
            }
            None => {}
        }
    }
}

impl<D: Device> Drop for Call<D> {
    fn drop(&mut self) {
        match self.job.take() {
            None => {}
            Some(Job::Write) => write(&self.shared),
            Some(Job::Read(..)) => {
                let refused = Err(RuntimeError::Stopped.into());
                self.shared.settle(|state| state.ended = Some(refused));
            }
            Some(Job::Seek(_)) => end_seek(&self.shared, Err(RuntimeError::Stopped.into())),
        }
    }
}

fn read<D: Device>(shared: &Shared<D>, mut inbox: Vec<u8>, chunk: usize) {
    if inbox.len() < chunk {
        inbox.resize(chunk, 0);
    }
    let outcome = shared.device.read(&mut inbox[..chunk]);
    shared.settle(|state| match outcome {
        Ok(0) => {
            state.filled(inbox, 0);
            state.ended = Some(Ok(()));
        }
        Ok(count) => state.filled(inbox, count),
        Err(error) => state.ended = Some(Err(error)),
    });
}

fn write<D: Device>(shared: &Shared<D>) {
    loop {
        let mut state = shared.lock();
        let Some(batch) = state.next_batch() else {
            // Under the same lock: what comes later begins a call of its own.
            shared.end(state);
            return;
        };
        let ahead = state.ahead();
        // There is room again.
        let waker = state.waker.take();
        drop(state);
        wake(waker);
        let outcome = step_back(shared, ahead).and_then(|()| shared.device.write_all(&batch));
        shared.lock().batch_done(batch, outcome);
    }
}

/// Puts the cursor back to where the user has read to. Nothing reads meanwhile.
fn step_back<D: Device>(shared: &Shared<D>, ahead: usize) -> io::Result<()> {
    if ahead == 0 {
        return Ok(());
    }
    // A chunk is short enough.
    match shared.device.seek(SeekFrom::Current(-(ahead as i64))) {
        Ok(_) => {
            shared.lock().forget_ahead();
            Ok(())
        }
        // A console or a pipe: what was read stays there to be asked for.
        Err(error) if error.kind() == ErrorKind::NotSeekable => Ok(()),
        Err(error) => Err(error),
    }
}

fn end_seek<D: Device>(shared: &Shared<D>, outcome: io::Result<u64>) {
    shared.settle(|state: &mut State| {
        debug_assert_eq!(state.busy, Busy::Seeking);
        if outcome.is_ok() {
            state.forget_ahead();
        }
        if let Some((_, result)) = &mut state.sought {
            *result = Some(outcome);
        }
    });
}
