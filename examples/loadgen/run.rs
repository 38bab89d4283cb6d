//! A run, from opening the connections to the last answer.

use crate::args::Args;
use crate::line::{Failure, Line, Question, cannot_open};
use crate::progress::show;
use crate::record::{Exchange, Records};
use crate::schedule::Schedule;
use crate::summary::Summary;
use crate::target::Target;
use qi_examples::Trouble;
use qi_runtime::Handle;
use qi_runtime::sync::{CancellationToken, Semaphore};
use qi_runtime::task::JoinSet;
use qi_runtime::time::{self, Instant};
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Connections that are opened at the same time: more would fill the queue of the server's listener.
const OPENED_AT_ONCE: usize = 128;

/// A pause before a connection that could not be opened is tried again.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// How long answers that are on the way may still come after Ctrl-C.
const GRACE: Duration = Duration::from_secs(1);

/// What all connections share.
#[derive(Debug)]
struct Shared {
    question: Question,
    schedule: Schedule,
    records: Records,
    timeout: Duration,
    stop: CancellationToken,
}

/// Opens the connections, runs the schedule, waits for the last answers.
pub(crate) async fn run(args: &Args, stop: &CancellationToken) -> Result<Summary, Trouble> {
    let target = Target::find(&args.url, args.allow_remote).await?;
    let address = target.address;
    let question = Question::new(args, target)?;
    let lines = open_all(args.connections, &question)
        .await
        .map_err(|error| cannot_open(&error, address, args.connections))?;
    let shards = Handle::current().stats().worker_threads;
    let shared = Arc::new(Shared {
        question,
        schedule: Schedule::new(Instant::now(), args.duration, args.rate),
        records: Records::new(shards, args.duration),
        timeout: args.timeout,
        stop: stop.clone(),
    });
    let mut users = JoinSet::new();
    let streams = if args.http2 { args.streams } else { 1 };
    for line in lines {
        for _ in 1..streams {
            if let Some(line) = line.share() {
                users.spawn(use_line(shared.clone(), line, users.len()));
            }
        }
        users.spawn(use_line(shared.clone(), line, users.len()));
    }
    let watched = shared.clone();
    let showing = qi_runtime::spawn(async move {
        show(&watched.schedule, &watched.records, &watched.stop).await;
    });
    let ended = end_of(&shared, &mut users).await;
    showing.cancel().ok();
    showing.await.ok();
    Ok(Summary::new(args, &shared.schedule, &shared.records, ended))
}

/// Waits until the schedule is over, or the user ends it, and for the answers that are on the way; how
/// long requests were sent.
async fn end_of(shared: &Shared, users: &mut JoinSet<()>) -> Duration {
    let begin = shared.schedule.begin();
    let all = async { while users.join_next().await.is_some() {} };
    let mut all = std::pin::pin!(all);
    let interrupted = shared.stop.run_until_cancelled(all.as_mut()).await.is_none();
    let sent_until = begin.elapsed();
    if interrupted {
        // Answers that take longer are not waited for; their requests are not counted.
        time::timeout(GRACE, all).await.ok();
    }
    sent_until
}

/// Opens all connections before the clock starts.
async fn open_all(count: usize, question: &Question) -> io::Result<Vec<Line>> {
    let places = Arc::new(Semaphore::new(OPENED_AT_ONCE));
    let mut opening = JoinSet::new();
    for _ in 0..count {
        let (places, question) = (places.clone(), question.clone());
        opening.spawn(async move {
            let _place = places.acquire().await.map_err(io::Error::other)?;
            Line::open(&question).await
        });
    }
    let mut lines = Vec::with_capacity(count);
    while let Some(opened) = opening.join_next().await {
        lines.push(opened.map_err(io::Error::other)??);
    }
    Ok(lines)
}

/// One connection, or one stream of it: takes slot after slot until there is none.
async fn use_line(shared: Arc<Shared>, mut line: Line, number: usize) {
    let begin = shared.schedule.begin();
    while let Some(due) = shared.schedule.take(Instant::now()) {
        let wait = time::sleep_until(begin + due);
        if shared.stop.run_until_cancelled(wait).await.is_none() {
            return;
        }
        let sent = begin.elapsed();
        let outcome = time::timeout(shared.timeout, line.exchange(&shared.question)).await;
        let outcome = outcome.unwrap_or_else(|_| {
            line.close();
            Err(Failure::Timeout)
        });
        let exchange = Exchange { due, sent, over: begin.elapsed(), outcome };
        shared.records.note(number, &exchange);
        if outcome == Err(Failure::Connect) {
            time::sleep(RETRY_PAUSE).await;
        }
        if shared.stop.is_cancelled() {
            return;
        }
    }
}
