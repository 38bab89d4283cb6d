//! Installs the tools that the checks need, or says which are missing and who needs them.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use comfy_table::{ContentArrangement, Table, presets};

use crate::catalogue::tool::{Purpose, Source, TOOLS, Tool};
use crate::context::Context;
use crate::process;
use crate::report::tail;
use crate::step::platform::zig;

/// A download may be slow; one that takes longer than this has failed.
const INSTALL_LIMIT: Duration = Duration::from_secs(10 * 60);

/// What one tool's line says.
fn state(tool: &Tool) -> &'static str {
    match (tool.is_for_this_host(), tool.is_present()) {
        (false, _) => "not for this host",
        (true, true) => "present",
        (true, false) => "MISSING",
    }
}

/// Shows each tool that is wanted for `purposes` with its state.
pub(crate) fn print_state(purposes: &[Purpose]) {
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["tool", "state", "from", "needed by"]);
    for tool in wanted(purposes) {
        table.add_row([tool.name, state(tool), &tool.source.to_string(), tool.needed_by]);
    }
    println!("{table}");
}

/// Installs what is missing; fails when something is missing still.
pub(crate) fn install(context: &Context, purposes: &[Purpose]) -> anyhow::Result<ExitCode> {
    let missing = missing(purposes);
    let mut packages = Vec::new();
    let mut components = vec!["component", "add"];
    let mut modules = Vec::new();
    for tool in missing {
        match tool.source {
            Source::Apt(names) => packages.extend(names),
            Source::Rustup(name) => components.push(name),
            Source::Python(names) => modules.extend(names),
        }
    }
    install_packages(context, &packages)?;
    if components.len() > 2 {
        attempt(context, "rustup", &components)?;
    }
    install_modules(context, &modules)?;
    print_state(purposes);
    Ok(if self::missing(purposes).is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn wanted(purposes: &[Purpose]) -> impl Iterator<Item = &'static Tool> {
    TOOLS.iter().filter(move |tool| tool.purposes.iter().any(|purpose| purposes.contains(purpose)))
}

fn missing(purposes: &[Purpose]) -> Vec<&'static Tool> {
    wanted(purposes).filter(|tool| tool.is_for_this_host() && !tool.is_present()).collect()
}

/// Installs through apt, as root or through a sudo that asks for no password.
fn install_packages(context: &Context, packages: &[&str]) -> anyhow::Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    if !process::exists("apt-get") {
        println!("skipped: there is no apt-get here; install by hand: {}", packages.join(" "));
        return Ok(());
    }
    let prefix: &[&str] = if is_root() {
        &["env", "DEBIAN_FRONTEND=noninteractive"]
    } else if process::probe("sudo", &["-n", "true"]) {
        &["sudo", "-n", "env", "DEBIAN_FRONTEND=noninteractive"]
    } else {
        println!(
            "skipped: not root, and no sudo without a password; say: apt-get install {}",
            packages.join(" ")
        );
        return Ok(());
    };
    let run = |args: &[&str]| attempt(context, prefix[0], &[&prefix[1..], args].concat());
    run(&["apt-get", "-q", "update"])?;
    let install = ["apt-get", "-q", "-y", "--no-install-recommends", "install"];
    if run(&[&install, packages].concat())? {
        return Ok(());
    }
    // A name that this release of the system does not know keeps all others away.
    for package in packages {
        run(&[&install[..], &[*package]].concat())?;
    }
    Ok(())
}

/// Installs what comes from Python's registry, into an environment of its own.
fn install_modules(context: &Context, modules: &[&str]) -> anyhow::Result<()> {
    if modules.is_empty() {
        return Ok(());
    }
    if !process::probe("python3", &["-m", "ensurepip", "--version"]) {
        install_packages(context, &["python3", "python3-venv"])?;
    }
    let folder = context.root.join(zig::PYTHON);
    let folder = folder.to_str().context("the workspace's path is not text")?;
    if attempt(context, "python3", &["-m", "venv", folder])? {
        let pip = format!("{folder}/bin/pip");
        attempt(context, &pip, &[&["install", "-q"][..], modules].concat())?;
    }
    Ok(())
}

/// Runs a command whose failure is told but ends nothing: the closing table shows what is missing.
/// Returns whether it succeeded.
fn attempt(context: &Context, program: &str, args: &[&str]) -> anyhow::Result<bool> {
    if !process::exists(program) {
        println!("cannot run `{program} {}`: there is no {program} here", args.join(" "));
        return Ok(false);
    }
    println!("{program} {}", args.join(" "));
    let finished = context.job("setup", program).args(args).within(INSTALL_LIMIT).run()?;
    if !finished.end.is_success() {
        println!("{}\n{}", tail(&finished.output), finished.end);
    }
    Ok(finished.end.is_success())
}

/// Whether this program may install packages without help.
fn is_root() -> bool {
    process::probe("sh", &["-c", "test \"$(id -u)\" -eq 0"])
}
