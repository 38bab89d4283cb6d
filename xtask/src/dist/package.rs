//! The files by which pkg-config and CMake find the libraries: templates, filled in.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};

use super::{Flavour, PACKAGE};
use crate::context::Context;

/// The templates, and where each goes.
const TEMPLATES: &[(&str, &str)] = &[
    ("qi-runtime.pc.in", "lib/pkgconfig/qi-runtime.pc"),
    ("qi-runtime-config.cmake.in", "lib/cmake/qi-runtime/qi-runtime-config.cmake"),
    ("qi-runtime-config-version.cmake.in", "lib/cmake/qi-runtime/qi-runtime-config-version.cmake"),
];

/// Found from the place of the file itself: what lies where it was built can be used from there, and
/// be moved.
const BESIDE: &str = "${pcfiledir}/../..";

/// Writes them below `out`.
pub(crate) fn write(
    context: &Context,
    flavour: &Flavour,
    native: &[String],
    prefix: Option<&str>,
    out: &Path,
) -> anyhow::Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    let mut parts = version.split('.');
    let mut part = || parts.next().unwrap_or_default().to_owned();
    let values = [
        ("@PREFIX@", prefix.unwrap_or(BESIDE).to_owned()),
        ("@VERSION@", version.to_owned()),
        ("@MAJOR@", part()),
        ("@MINOR@", part()),
        ("@STATIC@", flavour.archive.to_owned()),
        ("@SHARED@", flavour.shared.to_owned()),
        ("@IMPORT@", flavour.import.to_owned()),
        ("@NATIVE@", native.join(" ")),
        ("@NATIVE_LIST@", native.join(";")),
    ];
    for (template, place) in TEMPLATES {
        let source = context.root.join(PACKAGE).join("package").join(template);
        let text = fs::read_to_string(&source)
            .with_context(|| format!("cannot read {}", source.display()))?;
        let text = filled(&text, &values);
        ensure!(!text.contains('@'), "{template} has a place that nothing fills:\n{text}");
        let target = out.join(place);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&target, text).with_context(|| format!("cannot write {}", target.display()))?;
    }
    Ok(())
}

fn filled(template: &str, values: &[(&str, String)]) -> String {
    values.iter().fold(template.to_owned(), |text, (place, value)| text.replace(place, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mention_is_filled() {
        let values = [("@A@", "1".to_owned()), ("@A_LIST@", "2;3".to_owned())];
        assert_eq!(filled("@A@ @A@ @A_LIST@", &values), "1 1 2;3");
    }
}
