//! Waiting for the end of a child.
//!
//! # Protocol
//! At the first wait a descriptor of the process is opened and watched. Where there is none (not
//! Linux, an old kernel, a sandbox, no descriptors left) SIGCHLD is listened for instead: the listener
//! is made before the child is looked at, so an end that comes after the look is a signal that comes
//! after the listener.
//!
//! Only `try_wait` reaps, in whichever way the end was noticed: the number of the process stays its
//! own until then.

use super::descriptor::{self, Descriptor};
use crate::error::RuntimeError;
use crate::here;
use crate::signal::Hub;
use crate::signal::unix::{Signal, SignalKind};
use qi_reactor::{Interest, Reactor, Watched};
use std::io;
use std::process::{Child, ExitStatus};
use std::sync::Arc;

/// How the end of one child is noticed.
#[derive(Default)]
pub(in crate::process) enum ExitWatch {
    /// Taken out of a child that is dropped.
    #[default]
    Nothing,
    /// Nobody has waited yet.
    Later(Arc<Reactor>, Arc<Hub>),
    ByDescriptor(Watched<Descriptor>),
    BySignal(Signal),
}

impl ExitWatch {
    /// For a child of the current runtime.
    pub(in crate::process) fn here() -> io::Result<Self> {
        here::try_with_driver(|driver| {
            Self::Later(driver.reactor().clone(), driver.as_ref().clone())
        })
    }

    /// Waits for the end and reaps the child. Cancel safe: the look and its result are one poll.
    pub(in crate::process) async fn exit(&mut self, child: &mut Child) -> io::Result<ExitStatus> {
        self.begin(child)?;
        match self {
            Self::ByDescriptor(watched) => {
                watched
                    .read_with(|_| {
                        child.try_wait()?.ok_or_else(|| io::ErrorKind::WouldBlock.into())
                    })
                    .await
            }
            Self::BySignal(signal) => loop {
                if let Some(status) = child.try_wait()? {
                    return Ok(status);
                }
                signal.recv().await.ok_or(RuntimeError::Stopped)?;
            },
            Self::Nothing | Self::Later(..) => Err(RuntimeError::Stopped.into()),
        }
    }

    fn begin(&mut self, child: &Child) -> io::Result<()> {
        let Self::Later(reactor, hub) = self else { return Ok(()) };
        *self = match watch(reactor, child) {
            Ok(watched) => Self::ByDescriptor(watched),
            Err(_) => Self::BySignal(Signal::new(reactor, hub, SignalKind::child())?),
        };
        Ok(())
    }
}

fn watch(reactor: &Arc<Reactor>, child: &Child) -> io::Result<Watched<Descriptor>> {
    let descriptor = descriptor::open(child)?;
    Watched::lazy(reactor.clone(), here::place, descriptor, Interest::READABLE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AsyncRuntime;
    use std::process::{Command, Stdio};

    #[test]
    fn a_child_is_waited_for_by_signals_where_there_are_no_descriptors() {
        let runtime = AsyncRuntime::builder().worker_threads(1).build().expect("it starts");
        runtime.block_on(async {
            let mut children = Vec::new();
            for _ in 0..5 {
                let mut command = Command::new("cat");
                let command = command.stdin(Stdio::piped()).stdout(Stdio::null());
                let mut child = command.spawn().expect("it starts");
                let input = child.stdin.take();
                let watch = ExitWatch::here().expect("there is a runtime");
                let ExitWatch::Later(reactor, hub) = watch else { panic!("nobody has waited") };
                let signal = Signal::new(&reactor, &hub, SignalKind::child());
                let mut watch = ExitWatch::BySignal(signal.expect("it can be handled"));
                let waiting = crate::spawn(async move { watch.exit(&mut child).await });
                children.push((input, waiting));
            }
            crate::yield_now().await;
            // The end of each is a signal to all.
            for (input, waiting) in children {
                drop(input);
                let status = waiting.await.expect("it does not panic").expect("it is ours");
                assert!(status.success());
            }
        });
        runtime.shutdown().expect("nothing is left behind");
    }
}
