//! How libraries are called and linked on each family of systems.

use std::path::Path;

use anyhow::bail;

use crate::step::windows;

/// The families of systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    /// Linux and the BSDs.
    Elf,
    Apple,
    /// Windows with the GNU tools.
    Mingw,
}

/// One family's ways.
#[derive(Clone, Debug)]
pub(crate) struct Flavour {
    family: Family,
    pub(crate) linker: &'static str,
    /// The static library, in `lib`.
    pub(crate) archive: &'static str,
    /// The shared library, from the root.
    pub(crate) shared: &'static str,
    /// What programs that use the shared library are linked with, from the root.
    pub(crate) import: &'static str,
    /// Links in `lib`, and what they lead to.
    pub(crate) links: &'static [(&'static str, &'static str)],
    /// The file that lists what is exported.
    pub(crate) export_list: &'static str,
}

const ELF: Flavour = Flavour {
    family: Family::Elf,
    linker: "cc",
    archive: "libqi_runtime.a",
    // The number is that of the ABI, `QI_ABI_VERSION`.
    shared: "lib/libqi_runtime.so.1",
    import: "lib/libqi_runtime.so",
    links: &[("libqi_runtime.so", "libqi_runtime.so.1")],
    export_list: "qi_runtime.map",
};

const APPLE: Flavour = Flavour {
    family: Family::Apple,
    linker: "cc",
    archive: "libqi_runtime.a",
    shared: "lib/libqi_runtime.1.dylib",
    import: "lib/libqi_runtime.dylib",
    links: &[("libqi_runtime.dylib", "libqi_runtime.1.dylib")],
    export_list: "qi_runtime.exports",
};

const MINGW: Flavour = Flavour {
    family: Family::Mingw,
    linker: windows::LINKER,
    archive: "libqi_runtime.a",
    shared: "bin/qi_runtime-1.dll",
    import: "lib/libqi_runtime.dll.a",
    links: &[],
    export_list: "qi_runtime.def",
};

impl Flavour {
    /// That of a platform, or of the host.
    pub(crate) fn of(target: Option<&str>) -> anyhow::Result<Flavour> {
        let target = target.unwrap_or(std::env::consts::OS);
        Ok(match target {
            _ if target.contains("windows-gnu") => MINGW,
            _ if target.contains("windows") => {
                bail!("on Windows say --target x86_64-pc-windows-gnu: {target} is not supported")
            }
            _ if target.contains("apple") || target == "macos" => APPLE,
            _ => ELF,
        })
    }

    /// Whether what compiled programs of the Qi language call exists there.
    pub(crate) fn has_language(&self) -> bool {
        self.family != Family::Mingw
    }

    /// The list of what is exported: every function by its name, since a pattern would let through
    /// what C files of ours call each other by.
    pub(crate) fn exports(&self, names: &[String]) -> String {
        let lines = |before: &str, after: &str| -> String {
            names.iter().map(|name| format!("{before}{name}{after}\n")).collect()
        };
        match self.family {
            Family::Elf => format!("QI_1 {{\nglobal:\n{}local: *;\n}};\n", lines("    ", ";")),
            Family::Apple => lines("_", ""),
            Family::Mingw => format!("EXPORTS\n{}", lines("    ", "")),
        }
    }

    /// What the linker is told, but for the libraries of the system.
    pub(crate) fn link_arguments(
        &self,
        archive: &Path,
        exports: &Path,
        names: &[String],
        out: &Path,
    ) -> Vec<String> {
        let (archive, exports) = (archive.display(), exports.display());
        let shared = out.join(self.shared);
        let words = match self.family {
            Family::Elf => vec![
                "-shared".to_owned(),
                "-Wl,-soname,libqi_runtime.so.1".to_owned(),
                format!("-Wl,--version-script={exports}"),
                // Threads and thread-locals of the runtime live on: it must not be unmapped by dlclose.
                "-Wl,-z,nodelete,-z,relro,-z,now,-z,defs".to_owned(),
                "-Wl,--gc-sections,--build-id".to_owned(),
                format!("-Wl,--whole-archive,{archive},--no-whole-archive"),
            ],
            Family::Apple => vec![
                "-dynamiclib".to_owned(),
                "-Wl,-install_name,@rpath/libqi_runtime.1.dylib".to_owned(),
                format!("-Wl,-exported_symbols_list,{exports}"),
                "-Wl,-dead_strip".to_owned(),
                format!("-Wl,-force_load,{archive}"),
            ],
            // Not the whole archive: the stubs of Windows' own libraries are in it more than once.
            Family::Mingw => vec![
                "-shared".to_owned(),
                "-static-libgcc".to_owned(),
                format!("-Wl,--out-implib,{}", out.join(self.import).display()),
                format!("-Wl,--gc-sections,-u,{}", names.join(",-u,")),
                exports.to_string(),
                archive.to_string(),
            ],
        };
        let output = ["-o".to_owned(), shared.display().to_string()];
        words.into_iter().chain(output).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_system_has_its_names() {
        assert_eq!(Flavour::of(Some("aarch64-unknown-linux-gnu")).unwrap().shared, ELF.shared);
        assert_eq!(Flavour::of(Some("x86_64-unknown-freebsd")).unwrap().shared, ELF.shared);
        assert_eq!(Flavour::of(Some("aarch64-apple-darwin")).unwrap().shared, APPLE.shared);
        assert_eq!(Flavour::of(Some("x86_64-pc-windows-gnu")).unwrap().shared, MINGW.shared);
        assert!(Flavour::of(Some("x86_64-pc-windows-msvc")).is_err());
    }

    #[test]
    fn every_function_is_listed_and_nothing_else() {
        let names = ["qi_init".to_owned(), "qi_yield".to_owned()];
        let elf = "QI_1 {\nglobal:\n    qi_init;\n    qi_yield;\nlocal: *;\n};\n";
        assert_eq!(ELF.exports(&names), elf);
        assert_eq!(APPLE.exports(&names), "_qi_init\n_qi_yield\n");
        assert_eq!(MINGW.exports(&names), "EXPORTS\n    qi_init\n    qi_yield\n");
    }
}
