//! Builds what programs in other languages link: the static and the shared library, the header, the
//! files by which pkg-config and CMake find them.
//!
//! ```text
//! lib/libqi_runtime.a            the archive that cargo makes, under its public name
//! lib/libqi_runtime.so.1         linked from that archive, exports qi_* only; libqi_runtime.so leads to it
//! lib/pkgconfig/qi-runtime.pc    lib/cmake/qi-runtime/*.cmake    include/qi_runtime.h
//! ```
//!
//! On request both libraries have, besides, what compiled programs of the Qi language call, declared in
//! `include/qi_language.h`.
//!
//! # The shared library
//! It is linked here, not by cargo: cargo would export the functions that are written in Rust and hide
//! those of qi-sys, which are written in C, and a second version script beside its own is refused by
//! linkers. So both libraries have the same content, too.

mod archive;
mod flavour;
mod package;

#[cfg_attr(unix, path = "dist/symlink_unix.rs")]
#[cfg_attr(not(unix), path = "dist/symlink_other.rs")]
mod symlink;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

pub(crate) use archive::Archive;
pub(crate) use flavour::Flavour;

use crate::context::Context;
use crate::report::tail;
use crate::step::header::HEADER;

/// Where commands of this file write what they say.
pub(crate) const STEP: &str = "dist";

/// The crate whose exported functions these are.
pub(crate) const PACKAGE: &str = "crates/qi-abi";

/// What compiled programs of the language call.
const LANGUAGE_HEADER: &str = "crates/qi-lang/include/qi_language.h";

/// What the caller wants.
pub(crate) struct Wishes {
    /// Cargo's profile.
    pub(crate) profile: String,
    /// The platform; that of the host if absent.
    pub(crate) target: Option<String>,
    /// Where the files will be used from; from wherever they lie if absent.
    pub(crate) prefix: Option<String>,
    /// Put before the prefix while installing, as package builders want it.
    pub(crate) destdir: Option<PathBuf>,
    /// Whether compiled programs of the Qi language are to be linked.
    pub(crate) language: bool,
}

impl Wishes {
    /// For this machine, to be used where it is built.
    pub(crate) fn here(profile: String) -> Self {
        Self { profile, target: None, prefix: None, destdir: None, language: false }
    }

    /// The headers of the functions that are exported, relative to the workspace root.
    fn headers(&self) -> &'static [&'static str] {
        if self.language { &[HEADER, LANGUAGE_HEADER] } else { &[HEADER] }
    }
}

/// What was built.
pub(crate) struct Built {
    /// The folder that has `lib` and `include`.
    pub(crate) root: PathBuf,
    pub(crate) flavour: Flavour,
    /// The functions that the headers declare.
    pub(crate) exports: Vec<String>,
    /// What the static library needs of the system.
    pub(crate) native: Vec<String>,
}

/// Builds everything into `out`.
pub(crate) fn build(context: &Context, wishes: &Wishes, out: &Path) -> anyhow::Result<Built> {
    let flavour = Flavour::of(wishes.target.as_deref())?;
    ensure!(
        !wishes.language || flavour.has_language(),
        "on Windows there is nothing for the language"
    );
    let archive = archive::build(context, wishes, &flavour)?;
    let lib = out.join("lib");
    for folder in [&lib, &out.join("include"), &out.join("bin")] {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
    }
    for header in wishes.headers().iter().map(Path::new) {
        let name = header.file_name().context("a header is a file")?;
        copy(&context.root.join(header), &out.join("include").join(name))?;
    }
    copy(&archive.path, &lib.join(flavour.archive))?;
    let exports = exported(context, wishes)?;
    link(context, &flavour, &archive, &exports, out)?;
    package::write(context, &flavour, &archive.native, wishes.prefix.as_deref(), out)?;
    // Only Windows keeps libraries among the programs.
    let _ = fs::remove_dir(out.join("bin"));
    Ok(Built { root: out.to_owned(), flavour, exports, native: archive.native })
}

/// Links the shared library from the archive.
fn link(
    context: &Context,
    flavour: &Flavour,
    archive: &Archive,
    names: &[String],
    out: &Path,
) -> anyhow::Result<()> {
    let list = context.target.join("xtask").join(flavour.export_list);
    fs::write(&list, flavour.exports(names))
        .with_context(|| format!("cannot write {}", list.display()))?;
    let arguments = flavour.link_arguments(&archive.path, &list, names, out);
    let job = context.job(STEP, flavour.linker).args(&arguments).args(&archive.native);
    let linked = job.run()?;
    ensure!(
        linked.end.is_success(),
        "{}: {}\n{}",
        flavour.linker,
        linked.end,
        tail(&linked.output)
    );
    for (link, target) in flavour.links {
        let link = out.join("lib").join(link);
        let _ = fs::remove_file(&link);
        symlink::make(target, &link)
            .with_context(|| format!("cannot create {}", link.display()))?;
    }
    Ok(())
}

/// The functions that the headers declare.
fn exported(context: &Context, wishes: &Wishes) -> anyhow::Result<Vec<String>> {
    let mut all = Vec::new();
    for header in wishes.headers() {
        let text = fs::read_to_string(context.root.join(header))
            .with_context(|| format!("cannot read {header}"))?;
        let names = declared(&text);
        ensure!(names.len() > 50, "{header} was not understood: {names:?}");
        all.extend(names);
    }
    Ok(all)
}

/// The names of functions in a header as cbindgen writes it: each before the first parenthesis of a line
/// that is no comment.
fn declared(header: &str) -> Vec<String> {
    let code = header.lines().filter(|line| !line.trim_start().starts_with("//"));
    let names = code.filter_map(|line| {
        let (before, _) = line.split_once('(')?;
        let name = before.rsplit([' ', '*']).next()?;
        name.starts_with("qi_").then(|| name.to_owned())
    });
    names.collect()
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::copy(from, to)
        .map(drop)
        .with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))
}

/// Builds into `dist`, and installs below the prefix if there is one.
pub(crate) fn run(context: &Context, wishes: &Wishes) -> anyhow::Result<()> {
    let out = context.root.join("dist");
    fs::create_dir_all(&out).with_context(|| format!("cannot create {}", out.display()))?;
    // Programs that walk the workspace take the folder for what it is: made, not written.
    fs::write(out.join("CACHEDIR.TAG"), "Signature: 8a477f597d28d172789f06886806bc55\n")?;
    let built = build(context, wishes, &out)?;
    println!("{}", out.display());
    if wishes.prefix.is_some() || wishes.destdir.is_some() {
        let at = place(wishes);
        install(&built, &at)?;
        println!("{}", at.display());
    }
    Ok(())
}

/// The folder that the prefix means while installing.
pub(crate) fn place(wishes: &Wishes) -> PathBuf {
    let prefix = PathBuf::from(wishes.prefix.as_deref().unwrap_or("/usr/local"));
    let Some(destdir) = &wishes.destdir else { return prefix };
    let relative: PathBuf = prefix
        .components()
        .filter(|part| matches!(part, std::path::Component::Normal(_)))
        .collect();
    destdir.join(relative)
}

/// Copies what was built, links as links.
pub(crate) fn install(built: &Built, to: &Path) -> anyhow::Result<()> {
    for folder in ["lib", "include", "bin"] {
        let from = built.root.join(folder);
        if from.exists() {
            copy_tree(&from, &to.join(folder))?;
        }
    }
    Ok(())
}

fn copy_tree(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot create {}", to.display()))?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy_tree(&path, &target)?;
        } else if kind.is_symlink() {
            let _ = fs::remove_file(&target);
            let leads_to = fs::read_link(&path)?;
            symlink::make(&leads_to.to_string_lossy(), &target)
                .with_context(|| format!("cannot create {}", target.display()))?;
        } else {
            // A library that a program has mapped must not be written to.
            let _ = fs::remove_file(&target);
            copy(&path, &target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_of_a_header_are_found_and_types_are_not() {
        let header = "// qi_none(x)\ntypedef int32_t (*qi_poll_fn)(void *state);\n\
                      int32_t qi_init(const qi_config *config);\nconst char *qi_version(void);\n";
        assert_eq!(declared(header), ["qi_init", "qi_version"]);
    }

    #[test]
    fn destination_is_put_before_the_prefix() {
        let wishes = |prefix: Option<&str>, destdir: Option<&str>| Wishes {
            prefix: prefix.map(str::to_owned),
            destdir: destdir.map(PathBuf::from),
            ..Wishes::here(String::new())
        };
        assert_eq!(place(&wishes(Some("/opt/qi"), None)), Path::new("/opt/qi"));
        assert_eq!(place(&wishes(Some("/opt/qi"), Some("stage"))), Path::new("stage/opt/qi"));
        assert_eq!(place(&wishes(None, Some("/stage"))), Path::new("/stage/usr/local"));
    }
}
