//! Compilers, linking and running, for the programs.
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What a static library of Rust needs of the system.
const NATIVE: &[&str] = &["-lpthread", "-ldl", "-lm", "-lrt", "-lgcc_s"];
/// Versions of LLVM that the lowering knows: older ones have pointers of other types.
const VERSIONS: std::ops::RangeInclusive<u32> = 15..=22;

/// Names the linker of programs that ThreadSanitizer watches; what is linked is compiled for that then.
const WATCHED: &str = "QI_LANG_TSAN_LINKER";

/// What the compilers of such programs are told.
const WATCH: &str = "-fsanitize=thread";

/// Whether the programs are to be watched.
pub(crate) fn are_watched() -> bool {
    std::env::var_os(WATCHED).is_some()
}

pub(crate) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

pub(crate) fn out(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// The archive, where cargo has put it: beside this program, under a name with a number in it. Of
/// several, left by builds with other options, the newest is this build's.
pub(crate) fn archive() -> PathBuf {
    let own = std::env::current_exe().expect("this program knows where it lies");
    let beside = std::fs::read_dir(own.parent().expect("it lies in a folder"));
    let archives = beside.expect("it can be read").flatten().filter(|file| {
        let name = file.file_name();
        let name = name.to_string_lossy();
        name.starts_with("libqi_lang") && name.ends_with(".a")
    });
    let made = |file: &std::fs::DirEntry| file.metadata().and_then(|facts| facts.modified()).ok();
    archives.max_by_key(made).expect("cargo has made the archive").path()
}

pub(crate) fn run(command: &mut Command) -> Output {
    if let (true, Ok(options)) = (are_watched(), std::env::var("TSAN_OPTIONS")) {
        // The runtime of a program is never ended, so threads that have ended are not joined.
        command.env("TSAN_OPTIONS", format!("{options}:report_thread_leaks=0"));
    }
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

pub(crate) fn succeed(command: &mut Command) -> String {
    let output = run(command);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{said}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Written past the test harness, which would keep it to itself.
pub(crate) fn skipped(what: &str, reason: &str) {
    let line = format!("SKIPPED {what}: {reason}\n");
    std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes()).expect("it can be written");
}

/// A clang.
pub(crate) struct Compiler {
    name: String,
    pub(crate) version: u32,
}

impl Compiler {
    /// Compiles LLVM's text.
    pub(crate) fn compile(&self, source: &Path, object: &Path) {
        let mut command = Command::new(&self.name);
        command.args(["-O1", "-fPIC", "-Wno-override-module", "-c"]);
        command.args(are_watched().then_some(WATCH));
        succeed(command.arg(source).arg("-o").arg(object));
    }
}

/// Every version once.
pub(crate) fn compilers() -> Vec<Compiler> {
    let names = VERSIONS.map(|version| format!("clang-{version}")).chain(["clang".to_owned()]);
    let mut found: Vec<Compiler> = Vec::new();
    for name in names {
        let Ok(output) = Command::new(&name).arg("-dumpversion").output() else { continue };
        let said = String::from_utf8_lossy(&output.stdout);
        let version = said.split('.').next().and_then(|major| major.trim().parse().ok());
        let Some(version) = version.filter(|version| VERSIONS.contains(version)) else { continue };
        if !found.iter().any(|one| one.version == version) {
            found.push(Compiler { name, version });
        }
    }
    if found.is_empty() {
        skipped("coroutines in LLVM's text", "there is no clang of a version that is known");
    }
    found
}

/// Compiles these and links them with those, in this order.
pub(crate) fn link(sources: Vec<PathBuf>, with: &[PathBuf], options: &[&str], program: &Path) {
    let Some(linker) = std::env::var_os(WATCHED) else {
        let mut compiler = c_compiler("cc", options);
        succeed(compiler.args(sources).args(with).args(NATIVE).arg("-o").arg(program));
        return;
    };
    let objects: Vec<PathBuf> =
        (0..sources.len()).map(|number| program.with_extension(format!("{number}.o"))).collect();
    for (source, object) in sources.iter().zip(&objects) {
        let own = options.iter().copied().filter(|option| !option.starts_with("-Wl"));
        let mut compiler = c_compiler("clang", &own.collect::<Vec<_>>());
        succeed(compiler.args([WATCH, "-c"]).arg(source).arg("-o").arg(object));
    }
    let linker = &mut Command::new(linker);
    succeed(linker.args(objects).args(with).args(options).args(NATIVE).arg("-o").arg(program));
}

fn c_compiler(name: &str, options: &[&str]) -> Command {
    let mut compiler = Command::new(name);
    compiler.args(["-std=gnu11", "-g", "-O1", "-Wall", "-Wextra", "-Werror"]);
    // What a jump may have clobbered is marked; the compiler's guess knows that not everywhere.
    compiler.args(["-Wno-clobbered", "-Wno-unknown-warning-option"]).args(options);
    compiler
}

/// The functions that the crate's sources export.
pub(crate) fn exported() -> Vec<String> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/export");
    let mut names = Vec::new();
    for file in std::fs::read_dir(sources).expect("it is there").flatten() {
        let text = std::fs::read_to_string(file.path()).expect("it can be read");
        let mut lines = text.lines();
        while lines.any(|line| line.trim() == "#[unsafe(no_mangle)]") {
            let head = lines.next().expect("an attribute is followed by a function");
            let (_, name) = head.split_once(" fn ").expect("it is a function");
            let end = name.find('(').expect("it has arguments");
            names.push(name[..end].to_owned());
        }
    }
    names.sort();
    names
}
