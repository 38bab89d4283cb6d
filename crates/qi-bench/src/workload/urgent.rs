//! How soon an urgent task runs while ten thousand others are kept queued: woken by a timer, by
//! another task, by a thread that is no worker.
//!
//! Each sample counts from the moment that was planned: the timer's deadline, or the call of the
//! waker. Deadlines and calls come at times fixed beforehand (a timer that fires too late for the
//! next deadlines is counted for each of them; calls do not wait for the task to have run), so
//! nothing is omitted while the task waits its turn.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use atomic_waker::AtomicWaker;

use super::flood::Flood;
use super::{Job, scattered};
use crate::latency::Latencies;
use crate::peer::Peer;
use crate::sample::Sample;

/// Samples of a full run.
const SAMPLES: u64 = 2500;

/// The time between two samples: 1 to 3 ms, in no rhythm with the polls of the flood.
pub(super) fn gap(number: u64) -> Duration {
    Duration::from_millis(1) + scattered(number) / 500
}

/// Who calls the waker.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Ringer {
    /// A task of the flood, in the middle of its poll.
    Task,
    /// A thread that is no worker.
    Thread,
}

/// Something to be woken by, which remembers when it was rung.
pub(super) struct Bell {
    waker: AtomicWaker,
    rings: Sender<Instant>,
    epoch: Instant,
    /// Nanoseconds since `epoch` at which the next ring is due; the last moment of all before
    /// anybody listens.
    due_ns: AtomicU64,
}

impl Bell {
    /// A bell, and where its rings are noted.
    pub(super) fn new() -> (Arc<Self>, Receiver<Instant>) {
        let (rings, noted) = channel();
        let bell = Self {
            waker: AtomicWaker::new(),
            rings,
            epoch: Instant::now(),
            due_ns: AtomicU64::new(u64::MAX),
        };
        (Arc::new(bell), noted)
    }

    /// Wakes the task that listens. Nobody may listen any more.
    pub(super) fn ring(&self) {
        self.rings.send(Instant::now()).ok();
        self.waker.wake();
    }

    /// From now on somebody listens.
    fn is_heard(&self) {
        // Relaxed: see `ring_when_due`.
        self.due_ns.store(self.epoch.elapsed().as_nanos() as u64, Ordering::Relaxed);
    }

    /// Rings if it is time, and plans the next time.
    pub(super) fn ring_when_due(&self) {
        let now = self.epoch.elapsed().as_nanos() as u64;
        // Relaxed, here and below: the exchange picks one who rings; the channel carries the rest.
        let due = self.due_ns.load(Ordering::Relaxed);
        if now < due {
            return;
        }
        let next = now + gap(now).as_nanos() as u64;
        if self.due_ns.compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            self.ring();
        }
    }
}

/// Listens until so many rings were heard, or for as long as somebody may ring.
pub(super) fn listen(
    bell: Arc<Bell>,
    rings: Receiver<Instant>,
    samples: u64,
) -> impl Future<Output = Latencies> + Send {
    let mut latencies = Latencies::new();
    let mut left = samples;
    poll_fn(move |cx| {
        bell.waker.register(cx.waker());
        while let Ok(rung) = rings.try_recv() {
            latencies.since(rung);
            left -= 1;
            if left == 0 {
                return Poll::Ready(std::mem::replace(&mut latencies, Latencies::new()));
            }
        }
        Poll::Pending
    })
}

async fn sleeps<P: Peer>(samples: u64) -> Latencies {
    let mut latencies = Latencies::new();
    let mut due = Instant::now();
    for number in 0..samples {
        due += gap(number);
        let now = Instant::now();
        if due > now {
            P::sleep(due - now).await;
        }
        latencies.since(due);
    }
    latencies
}

/// Raises the flood and measures above it.
fn above_flood<P: Peer, L>(job: &Job, bell: Option<&Arc<Bell>>, measured: L) -> Sample
where
    L: Future<Output = Latencies> + Send + 'static,
{
    let flood = Flood::prepare(job);
    let runtime = P::start(job.workers);
    let (tell, told) = channel();
    let (rising, bell) = (Arc::clone(&flood), bell.map(Arc::clone));
    runtime.run(async move {
        rising.rise::<P>(bell.as_ref());
        P::detach_urgent(async move {
            rising.risen::<P>().await;
            tell.send(measured.await).ok();
        });
    });
    let latencies = told.recv().expect("the measured task ends");
    // The flood never ends by itself; the process does, as soon as the sample is printed.
    std::mem::forget(runtime);
    flood.describe(latencies.sample())
}

/// Lateness of an urgent timer.
pub(super) fn timer<P: Peer>(job: &Job) -> Sample {
    above_flood::<P, _>(job, None, sleeps::<P>(job.count(SAMPLES)))
}

/// Time from the call of an urgent task's waker to its poll.
pub(super) fn wake<P: Peer>(job: &Job, ringer: Ringer) -> Sample {
    let (bell, rings) = Bell::new();
    let samples = job.count(SAMPLES);
    let listening = listen(Arc::clone(&bell), rings, samples);
    match ringer {
        Ringer::Task => {
            let ringing = Arc::clone(&bell);
            above_flood::<P, _>(job, Some(&ringing), async move {
                bell.is_heard();
                listening.await
            })
        }
        Ringer::Thread => above_flood::<P, _>(job, None, async move {
            let ringing = thread::spawn(move || {
                for number in 0..samples {
                    thread::sleep(gap(number));
                    bell.ring();
                }
            });
            let latencies = listening.await;
            ringing.join().expect("the ringing thread does not panic");
            latencies
        }),
    }
}
