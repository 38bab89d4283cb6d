//! Linking before a library that defines some of the same symbols.
#![forbid(unsafe_code)]

use std::process::Command;

use crate::tools::{archive, folder, link, out, run, succeed};

/// Builds the archive of a library that has its own timers, in one object with strings that the program
/// needs, as the language's does.
fn library() -> std::path::PathBuf {
    let (object, archive) = (out("doubles.o"), out("libdoubles.a"));
    let source = folder("c/doubles.c");
    succeed(
        Command::new("cc").args(["-std=gnu11", "-fPIC", "-c"]).arg(source).arg("-o").arg(&object),
    );
    // The tool adds to what is there.
    let _ = std::fs::remove_file(&archive);
    succeed(Command::new("ar").arg("rcs").arg(&archive).arg(&object));
    archive
}

#[test]
fn our_symbols_win_over_the_same_ones_of_the_languages_library() {
    let (ours, theirs) = (archive(), library());
    let program = out("doubles");
    let first_wins = "-Wl,--allow-multiple-definition";
    link(vec![folder("c/doubled.c")], &[ours.clone(), theirs.clone()], &[first_wins], &program);
    assert_eq!(succeed(&mut Command::new(&program)), "fine\n");

    // The other way that the page names: the library's symbols made weak, once.
    let weak = out("libweak.a");
    let weakened = run(Command::new("objcopy").arg("--weaken").arg(&theirs).arg(&weak));
    assert!(weakened.status.success(), "objcopy cannot weaken: {weakened:?}");
    link(vec![folder("c/doubled.c")], &[ours, weak], &[], &program);
    assert_eq!(succeed(&mut Command::new(&program)), "fine\n");
}
