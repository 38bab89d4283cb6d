//! Compiles the C side: the frame that exceptions jump to, and the optional functions of the language's
//! own library, which only C can name as such.
#![forbid(unsafe_code)]

const FILES: &[&str] = &["c/guard.c", "c/library.c"];

fn main() {
    println!("cargo::rerun-if-changed=c");
    // Elsewhere the crate is empty: see src/lib.rs.
    if std::env::var("CARGO_CFG_TARGET_FAMILY").as_deref() != Ok("unix") {
        return;
    }
    let mut build = cc::Build::new();
    if std::env::var_os("CARGO_FEATURE_WEAK_LIBRARY").is_some() {
        build.define("QI_LANG_WEAK_LIBRARY", None);
    }
    let built = build
        .files(FILES)
        .flag_if_supported("-std=c11")
        .warnings(true)
        .extra_warnings(true)
        .try_compile("qi_lang_c");
    if let Err(error) = built {
        println!("cargo::error=qi-lang's C side cannot be compiled: {error}");
    }
}
