//! Commands that end well, badly, or not at all.

use super::*;

/// Compiles `source` with the host's rustc, so that the fixture exists on every platform.
fn fixture(name: &str, source: &str) -> (PathBuf, PathBuf) {
    let dir = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let file = dir.join("main.rs");
    std::fs::write(&file, source).unwrap();
    let program = dir.join(format!("fixture{}", std::env::consts::EXE_SUFFIX));
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let status = Command::new(rustc).arg(&file).arg("-o").arg(&program).status().unwrap();
    assert!(status.success());
    (dir, program)
}

fn job(dir: &Path, program: &Path, limit: Duration) -> Job {
    Job::new(program, dir, dir.join("log"), limit)
}

const LONG: Duration = Duration::from_secs(60);

#[test]
fn output_and_status_of_a_failing_command_are_kept() {
    let source = r#"fn main() { println!("out"); eprintln!("err"); std::process::exit(3) }"#;
    let (dir, program) = fixture("status", source);
    let finished = job(&dir, &program, LONG).run().unwrap();
    assert_eq!(finished.end.code(), Some(3));
    assert!(!finished.end.is_success());
    assert!(finished.output.contains("out") && finished.output.contains("err"));
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn each_command_sees_only_its_own_part_of_a_shared_log() {
    let source = r#"fn main() { println!("said {}", std::env::args().nth(1).unwrap()) }"#;
    let (dir, program) = fixture("shared", source);
    job(&dir, &program, LONG).args(&["one"]).run().unwrap();
    let second = job(&dir, &program, LONG).args(&["two"]).run().unwrap();
    assert_eq!(second.output.trim(), "said two");
    assert!(std::fs::read_to_string(dir.join("log")).unwrap().contains("said one"));
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn hanging_command_is_killed_with_what_it_started() {
    // The grandchild proves its life by a listening socket.
    let source = r#"fn main() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        if std::env::args().nth(1).is_none() {
            let own = std::env::current_exe().unwrap();
            std::process::Command::new(own).arg("child").spawn().unwrap();
        } else {
            println!("port={}.", listener.local_addr().unwrap().port());
        }
        loop { std::thread::park() }
    }"#;
    let (dir, program) = fixture("hang", source);
    let limit = Duration::from_secs(2);
    let started = Instant::now();
    let mut running = job(&dir, &program, limit).start().unwrap();
    assert!(running.wait_for(|output| output.contains('.')).unwrap());
    let output = running.output().unwrap();
    let port = output.trim().trim_start_matches("port=").trim_end_matches('.').parse().unwrap();
    assert!(connects(port));
    let finished = running.finish().unwrap();
    assert_eq!(finished.end, End::TimedOut(limit));
    assert!(started.elapsed() >= limit);
    let deadline = Instant::now() + LONG;
    while connects(port) {
        assert!(Instant::now() < deadline, "the grandchild still listens");
        std::thread::yield_now();
    }
    std::fs::remove_dir_all(dir).unwrap();
}

fn connects(port: u16) -> bool {
    std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
}

#[test]
fn separate_standard_output_stays_out_of_the_log() {
    let source = r#"fn main() { println!("{{}}"); eprintln!("warning") }"#;
    let (dir, program) = fixture("split", source);
    let finished = job(&dir, &program, LONG).split_stdout().run().unwrap();
    assert_eq!(finished.stdout.trim(), "{}");
    assert_eq!(finished.output.trim(), "warning");
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn missing_program_is_an_error_that_names_it() {
    let dir = std::env::temp_dir();
    let log = dir.join(format!("xtask-missing-{}", std::process::id()));
    let Err(error) = Job::new("no-such-program", &dir, log.clone(), LONG).run() else {
        panic!("a program that does not exist was started");
    };
    assert!(format!("{error:#}").contains("no-such-program"));
    assert!(!exists("no-such-program"));
    std::fs::remove_file(log).unwrap();
}
