//! The driver of the workspace: parses the command line and hands over to one file per job.

#![forbid(unsafe_code)]

mod bench;
mod catalogue;
mod context;
mod dist;
mod interrupt;
mod libtest;
mod mutant;
mod process;
mod report;
mod rig;
mod setup;
mod step;
mod suite;
mod tidy;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::catalogue::platform::{self, PLATFORMS};
use crate::catalogue::tool::Purpose;
use crate::context::{Context, Options};

/// How long `cargo xtask ci` may run. It is meant to take less than an hour on two cores; a machine that is
/// busy with others gets some more, because a run that is cut off proves nothing.
const CI_LIMIT: Duration = Duration::from_secs(75 * 60);
/// Seeds to simulate when nothing else is said.
const SEEDS: u64 = 10_000;
/// How long each body is fuzzed when nothing else is said.
const FUZZ_SECONDS: u64 = 60;
/// How long the stress programs run when nothing else is said.
const STRESS_SECONDS: u64 = 15;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Builds, checks and measures the Qi workspace")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs every check, cheapest first, and ends with a table and a line of counts
    TestAll(TestAll),
    /// Runs what continuous integration runs: the set-up check, then the checks marked `ci`
    Ci {
        #[command(flatten)]
        run: RunArgs,
    },
    /// Installs the tools that the checks need, or says what is missing
    Setup {
        /// Only says what is there and what is missing
        #[arg(long)]
        list: bool,
        /// What the tools are wanted for
        #[arg(long = "for", value_enum, value_delimiter = ',', default_value = "checks")]
        purposes: Vec<Purpose>,
    },
    /// Runs the core crates' tests for another platform
    Platform {
        #[arg(value_parser = PossibleValuesParser::new(PLATFORMS.iter().map(|row| platform::word(row))))]
        target: String,
        #[command(flatten)]
        run: RigArgs,
    },
    /// Runs the core crates' tests for every platform that can be had, and ends with a table
    Platforms(RigArgs),
    /// Runs the core crates' tests under a sanitizer, which must catch a deliberate fault first
    Sanitize {
        #[arg(value_enum)]
        sanitizer: Sanitizer,
        #[command(flatten)]
        run: RigArgs,
    },
    /// Checks the house rules that a program can check
    Tidy(RunArgs),
    /// Checks which crate may depend on which
    Edges(RunArgs),
    /// Compares the header of the C ABI with its sources
    Header {
        #[command(flatten)]
        run: RunArgs,
        /// Brings it up to date instead
        #[arg(long)]
        write: bool,
    },
    /// Builds the libraries, the header and what finds them into `dist`, for programs in C and others
    Dist(DistArgs),
    /// Runs the loom models
    Loom(ModelArgs),
    /// Runs each loom model against its mutants, every one of which must make it fail
    Mutants(ModelArgs),
    /// Runs the simulated workload for many seeds, and plants faults for it to find
    Simulate {
        /// How many seeds
        #[arg(long, default_value_t = SEEDS)]
        seeds: u64,
        /// The first of them
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// Counts what was skipped as failed
        #[arg(long)]
        strict: bool,
    },
    /// Runs the stress programs from a seed, which is printed
    Stress {
        #[command(flatten)]
        run: RunArgs,
        /// Seconds for each stress program
        #[arg(long, default_value_t = STRESS_SECONDS)]
        seconds: u64,
    },
    #[command(flatten)]
    Proof(Proof),
    /// Puts the example proxy under load: 9,000 connections, a gibibyte each way, every byte compared
    Proxy {
        #[command(flatten)]
        run: RunArgs,
        /// 500 connections and 64 megabytes, as in continuous integration
        #[arg(long)]
        quick: bool,
    },
    /// Makes system calls fail, each of a workload's in turn: nothing may hang, leak or be lost
    Faults(FaultArgs),
    /// Measures Qi beside its peers; `cargo xtask bench --help` lists the options
    #[command(disable_help_flag = true)]
    Bench {
        /// Options of the instrument
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Loses memory on purpose: the leak step must notice
    #[command(hide = true, name = step::leak::BAIT)]
    LeakBait,
}

/// What looks for defects from above: beside the suite, or at what it leaves out.
#[derive(Subcommand)]
enum Proof {
    /// Fuzzes sequences of calls against models, after each body has found a planted fault
    Fuzz {
        /// Only this one
        #[arg(value_parser = PossibleValuesParser::new(catalogue::fuzzed::bodies()))]
        body: Option<String>,
        #[command(flatten)]
        run: RunArgs,
        /// Seconds for each
        #[arg(long, default_value_t = FUZZ_SECONDS)]
        seconds: u64,
        /// Makes what was learnt the committed inputs instead: as few as cover as much
        #[arg(long)]
        minimise: bool,
    },
    /// Runs the whole scheduler in orders of its threads' steps that shuttle draws
    Shuttle(RunArgs),
    /// Measures which lines and branches of the core crates their tests reach
    Coverage(RigArgs),
    /// Checks licences and origins of all that is linked, and what may not be
    Deny(RunArgs),
    /// Looks for leaks over start, work and shutdown
    Leak(RunArgs),
    /// Checks that an idle runtime makes no system call
    Idle(RunArgs),
    /// Compares the public API with the listing that is committed
    Semver {
        #[command(flatten)]
        run: RunArgs,
        /// Brings the listing up to date instead
        #[arg(long)]
        write: bool,
        /// Has cargo-semver-checks compare with this revision, too
        #[arg(long, value_name = "REVISION")]
        baseline: Option<String>,
    },
}

#[derive(Args)]
struct RunArgs {
    /// Counts what was skipped as failed
    #[arg(long)]
    strict: bool,
    /// The seed of everything random; a fresh one when absent
    #[arg(long)]
    seed: Option<u64>,
}

#[derive(Args)]
struct RigArgs {
    #[command(flatten)]
    run: RunArgs,
    /// Runs only the tests that the table in catalogue/subset.rs names
    #[arg(long)]
    subset: bool,
    /// Runs only the tests of these packages
    #[arg(long = "package", value_delimiter = ',', value_name = "PACKAGE", value_parser = PossibleValuesParser::new(catalogue::layer::packages_to_ask_for()))]
    packages: Vec<String>,
}

impl RigArgs {
    fn adjust(&self, options: &mut Options) {
        options.subset = self.subset;
        options.packages.clone_from(&self.packages);
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum Sanitizer {
    /// AddressSanitizer: memory that is used where it is not anybody's
    Address,
    /// LeakSanitizer: memory that is lost
    Leak,
    /// ThreadSanitizer: memory that threads touch unordered
    Thread,
}

impl Sanitizer {
    fn step(self) -> &'static str {
        match self {
            Sanitizer::Address => "sanitize-address",
            Sanitizer::Leak => "sanitize-leak",
            Sanitizer::Thread => "sanitize-thread",
        }
    }
}

#[derive(Args)]
struct DistArgs {
    /// Cargo's profile
    #[arg(long, default_value = "dist")]
    profile: String,
    /// Another platform than this one
    #[arg(long)]
    target: Option<String>,
    /// Installs there as well: to `lib` and `include` below this folder
    #[arg(long)]
    prefix: Option<String>,
    /// Put before the prefix while installing; the variable DESTDIR if absent
    #[arg(long)]
    destdir: Option<PathBuf>,
    /// Puts in what compiled programs of the Qi language call, too
    #[arg(long)]
    language: bool,
    /// Checks instead what is built: what it exports, and programs in C that link it
    #[arg(long, conflicts_with_all = ["prefix", "destdir", "target", "language"])]
    check: bool,
}

#[derive(Args)]
struct TestAll {
    #[command(flatten)]
    run: RunArgs,
    /// Runs only these steps
    #[arg(long, value_delimiter = ',', value_name = "STEP", value_parser = PossibleValuesParser::new(step::names()))]
    only: Vec<String>,
    /// Lists the steps and ends
    #[arg(long)]
    list: bool,
}

#[derive(Args)]
struct ModelArgs {
    #[command(flatten)]
    run: RunArgs,
    /// Runs only this model
    #[arg(long, value_name = "MODEL")]
    only: Option<String>,
}

#[derive(Args)]
struct FaultArgs {
    #[command(flatten)]
    run: RunArgs,
    /// Makes only this call fail
    #[arg(long, value_name = "CALL", value_parser = PossibleValuesParser::new(catalogue::fault::calls()))]
    call: Option<String>,
    /// Each call fails with one error only, as in continuous integration
    #[arg(long)]
    subset: bool,
}

fn main() -> ExitCode {
    if let Some(code) = mutant::compile() {
        return code;
    }
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    interrupt::install()?;
    match command {
        Command::TestAll(TestAll { list: true, .. }) => {
            suite::list();
            Ok(ExitCode::SUCCESS)
        }
        Command::TestAll(args) => {
            let chosen = suite::chosen(&args.only);
            suite::run(&context(&args.run, |o| o.subset = true)?, &chosen, args.run.strict)
        }
        Command::Ci { run } => {
            let mut context = context(&run, |o| o.subset = true)?;
            context.end_within(CI_LIMIT);
            setup::print_state(Purpose::value_variants());
            suite::run(&context, &suite::in_ci(), run.strict)
        }
        Command::Setup { list: true, purposes } => {
            setup::print_state(&purposes);
            Ok(ExitCode::SUCCESS)
        }
        Command::Setup { list: false, purposes } => {
            setup::install(&context::unseeded()?, &purposes)
        }
        Command::Platform { target, run } => {
            let row = PLATFORMS.iter().find(|row| platform::word(row) == target);
            single(row.context("no such platform")?.step, &run.run, |o| run.adjust(o))
        }
        Command::Platforms(run) => {
            let steps: Vec<_> = PLATFORMS.iter().flat_map(|row| suite::named(row.step)).collect();
            suite::run(&context(&run.run, |o| run.adjust(o))?, &steps, run.run.strict)
        }
        Command::Sanitize { sanitizer, run } => {
            single(sanitizer.step(), &run.run, |o| run.adjust(o))
        }
        Command::Tidy(run) => single("tidy", &run, |_| {}),
        Command::Header { write: true, .. } => {
            step::header::write(&context::unseeded()?).map(|()| ExitCode::SUCCESS)
        }
        Command::Header { run, write: false } => single("header", &run, |_| {}),
        Command::Dist(DistArgs { check: true, profile, .. }) => {
            let run = RunArgs { strict: false, seed: None };
            single("dist", &run, |o| o.profile = Some(profile))
        }
        Command::Dist(DistArgs { check: false, profile, target, prefix, destdir, language }) => {
            let destdir = destdir.or_else(|| std::env::var_os("DESTDIR").map(PathBuf::from));
            let wishes = dist::Wishes { profile, target, prefix, destdir, language };
            dist::run(&context::unseeded()?, &wishes).map(|()| ExitCode::SUCCESS)
        }
        Command::Edges(run) => single("edges", &run, |_| {}),
        Command::Loom(args) => single("loom", &args.run, |o| o.model = args.only.clone()),
        Command::Mutants(args) => single("mutants", &args.run, |o| o.model = args.only.clone()),
        Command::Simulate { seeds, seed, strict } => {
            let run = RunArgs { strict, seed: Some(seed) };
            single("simulate", &run, |o| (o.seeds, o.first_seed) = (Some(seeds), seed))
        }
        Command::Stress { run, seconds } => single("stress", &run, |o| o.stress_seconds = seconds),
        Command::Proof(proof) => prove(proof),
        Command::Faults(FaultArgs { run, call, subset }) => single("faults", &run, |o| {
            (o.fault_call, o.subset) = (call, subset);
        }),
        Command::Proxy { run, quick } => single("proxy", &run, |o| o.subset = quick),
        Command::Bench { args } => bench::run(&args),
        Command::LeakBait => {
            step::leak::lose_memory();
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn prove(proof: Proof) -> anyhow::Result<ExitCode> {
    match proof {
        Proof::Fuzz { body, run, seconds, minimise } => single("fuzz", &run, |o| {
            (o.fuzz_body, o.fuzz_seconds, o.fuzz_minimise) = (body, seconds, minimise);
        }),
        Proof::Shuttle(run) => single("shuttle", &run, |_| {}),
        Proof::Coverage(run) => single("coverage", &run.run, |o| run.adjust(o)),
        Proof::Deny(run) => single("deny", &run, |_| {}),
        Proof::Leak(run) => single("leak", &run, |_| {}),
        Proof::Idle(run) => single("idle", &run, |_| {}),
        Proof::Semver { write: true, .. } => {
            step::semver::write(&context::unseeded()?).map(|()| ExitCode::SUCCESS)
        }
        Proof::Semver { run, baseline, write: false } => {
            single("semver", &run, |o| o.baseline = baseline)
        }
    }
}

/// Runs one step as a suite of its own, so that its result reads the same everywhere.
fn single(
    name: &str,
    run: &RunArgs,
    adjust: impl FnOnce(&mut Options),
) -> anyhow::Result<ExitCode> {
    suite::run(&context(run, adjust)?, &suite::named(name), run.strict)
}

fn context(run: &RunArgs, adjust: impl FnOnce(&mut Options)) -> anyhow::Result<Context> {
    let seed = run.seed.unwrap_or_else(context::fresh_seed);
    let mut options = Options {
        seed,
        stress_seconds: STRESS_SECONDS,
        fuzz_seconds: FUZZ_SECONDS,
        ..Options::default()
    };
    adjust(&mut options);
    if let Some(model) = &options.model {
        catalogue::model::require(model)?;
    }
    Context::new(options)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn unknown_step_is_refused_with_the_known_names() {
        let Err(error) = Cli::try_parse_from(["xtask", "test-all", "--only", "tidy,tests"]) else {
            panic!("the step `tests` does not exist");
        };
        let text = error.to_string();
        assert!(text.contains("'tests'") && text.contains("test-debug"), "{text}");
    }

    #[test]
    fn every_sanitizer_and_platform_has_its_step() {
        for name in Sanitizer::value_variants()
            .iter()
            .map(|s| s.step())
            .chain(PLATFORMS.iter().map(|row| row.step))
        {
            assert_eq!(suite::named(name).len(), 1, "{name}");
        }
        assert!(Cli::try_parse_from(["xtask", "platform", "a-b-c"]).is_err());
    }

    #[test]
    fn steps_are_split_at_commas() {
        let cli = Cli::try_parse_from(["xtask", "test-all", "--only", "tidy,edges"]).unwrap();
        let Command::TestAll(args) = cli.command else { panic!("another command was parsed") };
        assert_eq!(args.only, ["tidy", "edges"]);
    }
}
