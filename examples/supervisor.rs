//! Keeps programs running: starts them anew when they fail, passes on what they say, and stops them
//! politely.
//!
//! `supervisor [--times N] -- PROGRAM [ARGUMENT]... [-- PROGRAM …]` runs each program until it succeeds,
//! has failed N times (5 by default), or the supervisor is asked to end: by Ctrl-C, or by the end of
//! its input when `--stop-with-input` was said. Without programs it shows itself off with three of its
//! own, one of which stays until Ctrl-C.

use futures_util::TryStreamExt;
use futures_util::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader};
use qi_runtime::process::{Child, Command, ExitStatus, Stdio};
use qi_runtime::sync::CancellationToken;
use qi_runtime::task::JoinSet;
use qi_runtime::time::{Duration, sleep, timeout};
use qi_runtime::{AsyncRuntime, join, select, signal, stdio};
use std::env;
use std::io;

/// A program that was asked to end has so long.
const PATIENCE: Duration = Duration::from_secs(3);

/// Before the second start; doubled before each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

#[derive(Clone)]
struct Job {
    name: String,
    program: Vec<String>,
}

struct Options {
    times: u32,
    stop_with_input: bool,
    jobs: Vec<Job>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [mark, part] = arguments.as_slice() {
        if mark == "--play" {
            return play(part);
        }
    }
    let options = options(&arguments)?;
    let runtime = AsyncRuntime::builder().worker_threads(2).build()?;
    runtime.block_on(supervise(options))?;
    // The end of the runtime writes what is left of the output.
    runtime.shutdown()?;
    Ok(())
}

async fn supervise(options: Options) -> io::Result<()> {
    let stop = CancellationToken::new();
    let mut jobs = JoinSet::new();
    for job in options.jobs {
        let stop = stop.clone();
        jobs.spawn(async move { keep(&job, options.times, &stop).await });
    }
    let asked = async {
        select! {
            pressed = signal::ctrl_c() => pressed,
            ended = input_ends(), if options.stop_with_input => ended,
        }
    };
    let all = async {
        while let Some(ended) = jobs.join_next().await {
            ended.map_err(io::Error::other)??;
        }
        io::Result::Ok(())
    };
    let mut all = std::pin::pin!(all);
    select! {
        ended = &mut all => return ended,
        asked = asked => asked?,
    }
    say("supervisor", "stopping").await?;
    stop.cancel();
    all.await
}

async fn input_ends() -> io::Result<()> {
    let mut lines = stdio::stdin().lines();
    while lines.try_next().await?.is_some() {}
    Ok(())
}

/// Runs one program until it succeeds, has failed often enough, or all is to end.
async fn keep(job: &Job, times: u32, stop: &CancellationToken) -> io::Result<()> {
    let mut pause = FIRST_PAUSE;
    for attempt in 1..=times {
        let status = match run_once(job, stop).await {
            Ok(Some(status)) => status,
            Ok(None) => return say(&job.name, "stopped").await,
            Err(error) => return say(&job.name, &format!("cannot be started: {error}")).await,
        };
        say(&job.name, &format!("run {attempt} ended: {status}")).await?;
        if status.success() {
            return Ok(());
        }
        if stop.run_until_cancelled(sleep(pause)).await.is_none() {
            return Ok(());
        }
        pause *= 2;
    }
    say(&job.name, "given up").await
}

/// One run; `None` if it was stopped.
async fn run_once(job: &Job, stop: &CancellationToken) -> io::Result<Option<ExitStatus>> {
    let [program, arguments @ ..] = job.program.as_slice() else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).kill_on_drop(true);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    // Its input stays open as long as it may run: its end is a polite request everywhere.
    let input = child.stdin.take();
    let said = relay(&job.name, child.stdout.take());
    let complained = relay(&job.name, child.stderr.take());
    let ended = async {
        select! {
            status = child.wait() => return status.map(Some),
            () = stop.cancelled() => drop(input),
        }
        end(&mut child).await.map(|()| None)
    };
    let (said, complained, status) = join!(said, complained, ended);
    said?;
    complained?;
    status
}

/// Waits a while for a program that was asked to end, and kills it then.
async fn end(child: &mut Child) -> io::Result<()> {
    match timeout(PATIENCE, child.wait()).await {
        Ok(status) => status.map(drop),
        Err(_) => child.kill().await,
    }
}

/// Passes on, line by line, what a program says.
async fn relay(name: &str, pipe: Option<impl AsyncRead + Unpin>) -> io::Result<()> {
    let Some(pipe) = pipe else { return Ok(()) };
    let mut lines = BufReader::new(pipe).lines();
    while let Some(line) = lines.try_next().await? {
        say(name, &line).await?;
    }
    Ok(())
}

async fn say(name: &str, line: &str) -> io::Result<()> {
    stdio::stdout()?.write_all(format!("{name}: {line}\n").as_bytes()).await
}

fn options(arguments: &[String]) -> Result<Options, Box<dyn std::error::Error>> {
    let mut groups = arguments.split(|argument| argument == "--");
    let mut options = Options { times: 5, stop_with_input: false, jobs: Vec::new() };
    let mut own = groups.next().unwrap_or_default().iter();
    while let Some(option) = own.next() {
        match option.as_str() {
            "--times" => options.times = own.next().ok_or("--times needs a number")?.parse()?,
            "--stop-with-input" => options.stop_with_input = true,
            other => return Err(format!("unknown option {other}").into()),
        }
    }
    for (number, program) in groups.enumerate() {
        let name = format!("{} {}", number + 1, program.first().ok_or("a program is missing")?);
        options.jobs.push(Job { name, program: program.to_vec() });
    }
    if options.jobs.is_empty() {
        let own = env::current_exe()?.into_os_string().into_string();
        let own = own.map_err(|_| "this program's path is no text")?;
        options.times = 3;
        options.jobs = ["worker", "unlucky", "stubborn"]
            .map(|part| Job {
                name: part.to_owned(),
                program: vec![own.clone(), "--play".to_owned(), part.to_owned()],
            })
            .into();
    }
    Ok(options)
}

/// The programs of its own: one that succeeds, one that fails, one that stays until its input ends.
fn play(part: &str) -> Result<(), Box<dyn std::error::Error>> {
    match part {
        "worker" => println!("work done"),
        "unlucky" => {
            eprintln!("no luck");
            std::process::exit(7);
        }
        _ => {
            println!("staying");
            io::copy(&mut io::stdin(), &mut io::sink())?;
            println!("asked to end");
        }
    }
    Ok(())
}
