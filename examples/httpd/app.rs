//! From the arguments to the exit status.

use crate::args::{Args, USAGE};
use crate::runtime::{Listener, Runtime};
use crate::self_test;
use crate::server::{Server, serve};
use crate::site::Site;
use qi_examples::Trouble;
use std::process::ExitCode;
use std::sync::Arc;

/// The whole program, on a runtime.
pub(crate) fn main<R: Runtime>() -> ExitCode {
    match run::<R>() {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("{trouble}");
            ExitCode::FAILURE
        }
    }
}

fn run<R: Runtime>() -> Result<(), Trouble> {
    let args = Args::parse().map_err(|error| Trouble::usage(&error))?;
    if args.help {
        print!("{USAGE}");
        return Ok(());
    }
    let runtime = R::start(args.workers)?;
    let outcome = if args.self_test {
        runtime.block_on(self_test::run::<R>())
    } else {
        runtime.block_on(serve_until_interrupted::<R>(&args))
    };
    outcome.and(runtime.finish())
}

async fn serve_until_interrupted<R: Runtime>(args: &Args) -> Result<(), Trouble> {
    let site = Site::open(&args.directory)?;
    let listener = listen::<R>(&args.addr).await?;
    let server = Arc::new(Server::new(site, args.timeout));
    let stopped = server.clone();
    let installed = ctrlc::set_handler(move || {
        if stopped.stop.is_requested() {
            // The second time: at once. 130 is what shells report for a program ended by Ctrl-C.
            std::process::exit(130);
        }
        eprintln!("stopping; again to stop at once");
        stopped.stop.request();
    });
    installed.map_err(|error| Trouble::new(error.to_string(), "无法处理 Ctrl-C"))?;
    let summary = serve::<R>(server, listener).await;
    println!("{summary}");
    Ok(())
}

/// Listens, and says where.
pub(crate) async fn listen<R: Runtime>(addr: &str) -> Result<R::Listener, Trouble> {
    let bound = R::bind(addr).await;
    let told = bound.and_then(|listener| Ok((listener.local_addr()?, listener)));
    let (local, listener) = told.map_err(|error| {
        Trouble::io(&format!("cannot listen on {addr}"), &format!("无法监听 {addr}"), &error)
    })?;
    println!("serving on http://{local} ({})", R::NAME);
    Ok(listener)
}
