//! Finds the headers of Taskflow and builds its side of the instrument with them.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds the program, or says in a word why there is none.
pub(crate) fn prepare() -> Result<PathBuf, String> {
    let beside = env::current_exe().map_err(|error| error.to_string())?;
    let program = beside.with_file_name("qi-bench-taskflow");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("cpp/taskflow.cpp");
    let built = Command::new("c++")
        .args(["-O2", "-std=c++20", "-pthread", "-o"])
        .arg(&program)
        .arg(source)
        .output()
        .map_err(|error| format!("no C++ compiler: {error}"))?;
    if built.status.success() {
        return Ok(program);
    }
    let complaint = String::from_utf8_lossy(&built.stderr).into_owned();
    if complaint.contains("taskflow/taskflow.hpp: No such file")
        || complaint.contains("'taskflow/taskflow.hpp' file not found")
    {
        let hint = "if they lie elsewhere, CPLUS_INCLUDE_PATH says where";
        return Err(format!("no headers of Taskflow on this machine; {hint}"));
    }
    Err(format!("it cannot be built: {}", complaint.lines().next().unwrap_or("no reason given")))
}
