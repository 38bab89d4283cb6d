//! A proxy under load: it and the two sides are processes of their own.
//!
//! For each program it says how much its memory grew per idle connection (Linux), what the transfer
//! cost it in CPU time, and whether every byte came back. With several programs the first is compared
//! with the best of the others, and must not be heavier.

use crate::args::Args;
use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Kernel ticks in a second, as `/proc` counts CPU time.
const TICKS_PER_SECOND: f64 = 100.0;

/// Connections before the memory is looked at for the first time: what is made once is made then.
const WARMING: usize = 50;

type Outcome<T> = Result<T, Box<dyn Error>>;

pub(crate) fn run(args: &Args) -> Outcome<()> {
    if args.programs.is_empty() {
        return Err("no proxy is named; see --help".into());
    }
    let mut weights = Vec::new();
    for program in &args.programs {
        weights.push(measure(program, args)?);
    }
    let (Some(first), Some(best)) =
        (weights[0], weights[1..].iter().copied().flatten().min_by(f64::total_cmp))
    else {
        return Ok(());
    };
    println!("memory per idle connection, the first ÷ the best of the others: {:.2}", first / best);
    if first > best { Err("the first is heavier".into()) } else { Ok(()) }
}

/// The growth of the proxy's memory per idle connection, in bytes, where the system tells.
fn measure(program: &Path, args: &Args) -> Outcome<Option<f64>> {
    let me = std::env::current_exe()?;
    let server = Process::start(&me, &["serve"])?;
    let upstream = server.address.clone();
    let options = ["--listen", "127.0.0.1:0", "--to", &upstream, "--workers", "2"];
    let proxy = Process::start(program, &options)?;

    let warming = Driver::start(&me, &proxy.address, WARMING, WARMING as u64)?;
    warming.finish()?;
    let empty = proxy.resident();
    let driver = Driver::start(&me, &proxy.address, args.connections, args.bytes)?;
    let full = proxy.resident();
    let weight = empty
        .zip(full)
        .map(|(empty, full)| full.saturating_sub(empty) as f64 / args.connections as f64);
    let before = proxy.cpu_ticks();
    let said = driver.finish()?;
    let cost = before
        .zip(proxy.cpu_ticks())
        .map(|(before, after)| (after - before) as f64 / TICKS_PER_SECOND);
    let name = program.file_stem().unwrap_or_default().to_string_lossy();
    let weight_text = weight.map_or("unknown".to_owned(), |bytes| format!("{bytes:.0} bytes"));
    let cost_text = cost.map_or("unknown".to_owned(), |seconds| format!("{seconds:.2} s"));
    println!("{name}: {said}, every byte compared");
    println!("{name}: memory per idle connection {weight_text}, CPU of the transfer {cost_text}");
    Ok(weight)
}

/// A program that listens; it is ended when this is dropped.
struct Process {
    child: Child,
    address: String,
}

impl Process {
    fn start(program: &Path, args: &[&str]) -> Outcome<Self> {
        let mut child = Command::new(program)
            .args(args)
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}; build it first", program.display()))?;
        let output = child.stdout.take().ok_or("the output is not to be had")?;
        let mut this = Self { child, address: String::new() };
        for line in BufReader::new(output).lines() {
            if let Some((_, address)) = line?.split_once("listening on ") {
                this.address = address.trim().to_owned();
                return Ok(this);
            }
        }
        Err(format!("{} does not say where it listens", program.display()).into())
    }

    /// What it has in memory, in bytes; Linux tells.
    fn resident(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("RssAnon:"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
    }

    /// User and system time so far; Linux tells.
    fn cpu_ticks(&self) -> Option<u64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        let (_, fields) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        Some(fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The client, with all its connections standing idle.
struct Driver {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Driver {
    fn start(me: &Path, to: &str, connections: usize, bytes: u64) -> Outcome<Self> {
        let (connections, bytes) = (connections.to_string(), bytes.to_string());
        let mut child = Command::new(me)
            .args(["drive", "--to", to, "--connections", &connections, "--bytes", &bytes])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take().ok_or("the client's input is not to be had")?;
        let output = child.stdout.take().ok_or("the client's output is not to be had")?;
        let mut this = Self { child, input, output: BufReader::new(output) };
        match this.line()?.as_str() {
            "idle" => Ok(this),
            other => Err(format!("the client said `{other}`").into()),
        }
    }

    fn line(&mut self) -> Outcome<String> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }

    /// Lets it move its bytes, and gives what it says of them.
    fn finish(mut self) -> Outcome<String> {
        self.input.write_all(b"go\n")?;
        let said = self.line()?;
        let status = self.child.wait()?;
        if status.success() && said.starts_with("moved ") {
            Ok(said)
        } else {
            Err(format!("the client ended with {status}, saying `{said}`").into())
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
