//! The static library as cargo makes it, and what it needs of the system.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::{Flavour, STEP, Wishes};
use crate::context::Context;
use crate::report::tail;

/// What cargo made.
pub(crate) struct Archive {
    pub(crate) path: PathBuf,
    /// Arguments for the linker.
    pub(crate) native: Vec<String>,
}

/// Builds it.
pub(crate) fn build(
    context: &Context,
    wishes: &Wishes,
    flavour: &Flavour,
) -> anyhow::Result<Archive> {
    let mut args = vec!["rustc", "--package", "qi-abi", "--lib", "--crate-type", "staticlib"];
    args.extend(["--profile", &wishes.profile, "--message-format", "json-render-diagnostics"]);
    if let Some(target) = &wishes.target {
        args.extend(["--target", target]);
    }
    if wishes.language {
        args.extend(["--features", "language"]);
    }
    args.extend(["--", "--print", "native-static-libs"]);
    let mut job = context.cargo(STEP, &args).split_stdout();
    if let Some(target) = &wishes.target {
        let name = target.to_uppercase().replace('-', "_");
        job = job.env(&format!("CARGO_TARGET_{name}_LINKER"), flavour.linker);
        job = job.env(&format!("CC_{}", target.replace('-', "_")), flavour.linker);
    }
    let built = job.run()?;
    ensure!(built.end.is_success(), "cargo rustc: {}\n{}", built.end, tail(&built.output));
    let path = artifact(&built.stdout).context("cargo names no static library")?;
    let native = native(&built.output).context("the compiler does not say what is needed")?;
    Ok(Archive { path, native })
}

/// The static library in cargo's messages.
fn artifact(messages: &str) -> Option<PathBuf> {
    let parsed = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let ours = parsed.filter(|message| message["target"]["name"] == "qi_abi");
    let files = ours.filter_map(|message| message["filenames"].as_array().cloned()).flatten();
    let mut names = files.filter_map(|file| file.as_str().map(PathBuf::from));
    names.rfind(|path| path.extension().is_some_and(|kind| kind == "a" || kind == "lib"))
}

/// What the compiler says that the library needs, each once.
fn native(said: &str) -> Option<Vec<String>> {
    let (_, list) = said.lines().rev().find_map(|line| line.split_once("native-static-libs: "))?;
    let mut needs: Vec<String> = Vec::new();
    for word in list.split_whitespace() {
        // Of a library that others need again the last mention counts.
        needs.retain(|known| known != word);
        needs.push(word.to_owned());
    }
    Some(needs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn library_and_needs_are_found_in_what_cargo_says() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"mio"},"filenames":["t/libmio.a"]}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"qi_abi"},"filenames":["t/libqi_abi.a"]}"#,
        );
        assert_eq!(artifact(messages), Some(PathBuf::from("t/libqi_abi.a")));
        let said = "note: x\nnote: native-static-libs: -lutil -lc -lm -lc\n\n";
        assert_eq!(native(said).unwrap(), ["-lutil", "-lm", "-lc"]);
        assert_eq!(native("nothing"), None);
    }
}
