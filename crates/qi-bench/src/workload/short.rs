//! The kernels: short loops on one worker, whose instructions are counted instead of their time.
//!
//! None waits for a clock or for another thread, so that the counts hardly vary.

use std::future::poll_fn;
use std::hint::black_box;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures_lite::future::poll_once;

use super::timer::SecondTime;
use super::{fork_join, mutex, ping_pong, spawn};
use crate::peer::Peer;

/// A kernel: its name, what one operation is, and its operations per turn of the loop.
pub(crate) struct Kernel {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) operations: u64,
    /// Whether only Qi has it.
    pub(crate) is_own: bool,
}

const fn kernel(name: &'static str, about: &'static str, operations: u64) -> Kernel {
    Kernel { name, about, operations, is_own: false }
}

const fn own(name: &'static str, about: &'static str) -> Kernel {
    Kernel { name, about, operations: 1, is_own: true }
}

/// Tasks that a batch spawns before it awaits them, or that yield to each other.
const BATCH: u64 = 64;
/// The Fibonacci number of the tree, and its nodes.
const TREE: u64 = 8;
const TREE_NODES: u64 = 67;
/// Longer than any run.
const FAR: Duration = Duration::from_secs(3600);

/// All kernels.
pub(crate) const KERNELS: &[Kernel] = &[
    kernel("spawn-join", "spawn one task and await it", 1),
    kernel("spawn-batch", "spawn 64 tasks, then await them (a task)", BATCH),
    kernel("spawn-detach", "spawn 64 detached tasks, then yield until they ran (a task)", BATCH),
    kernel("chain", "a task that spawns the next and ends", BATCH),
    kernel("yield", "one task yields to nobody", 1),
    kernel("yield-many", "64 tasks yield to each other (a yield)", BATCH),
    kernel("wake-pair", "two tasks wake each other (a round trip)", 1),
    kernel("wake-queued", "wake a task that is queued already", BATCH),
    kernel("waker-clone", "clone a waker and drop it", BATCH),
    kernel("oneshot", "spawn a partner and exchange two oneshots", 1),
    kernel("oneshot-ready", "a oneshot whose value is there when it is awaited", 1),
    kernel("oneshot-wait", "the same, awaited before the value is there", 1),
    kernel("mutex-free", "lock and unlock what nobody else wants", 1),
    kernel("semaphore-free", "take a permit and give it back", 1),
    kernel("notify", "begin to wait for a signal, give it, receive it", 1),
    kernel("tree", "fib(8), a task per node (a node)", TREE_NODES),
    kernel("sleep-drop", "set a timer and drop it", 1),
    kernel("timeout", "a timeout over a future that is pending once", 1),
    kernel("cancel", "spawn a task, let it park, cancel it, await its end", 1),
    own("coroutine-switch", "a coroutine suspended and resumed, without a scheduler"),
    own("coroutine-pooled", "a coroutine on a hot stack made, run and ended, without a scheduler"),
    own("coroutine-join", "a future spawns a coroutine and joins it"),
    own("coroutine-call", "a coroutine spawns another one and joins it"),
    own("coroutine-yield", "a coroutine yields to nobody"),
    own("coroutine-channel", "ping-pong of two coroutines over channels (a round trip)"),
];

async fn yields<P: Peer>(turns: u64) {
    for _ in 0..turns {
        P::yield_now().await;
    }
}

async fn yield_many<P: Peer>(turns: u64) {
    let tasks: Vec<_> = (0..BATCH).map(|_| P::spawn(yields::<P>(turns))).collect();
    for task in tasks {
        task.await;
    }
}

async fn spawn_join<P: Peer>(turns: u64) {
    for turn in 0..turns {
        black_box(P::spawn(async move { black_box(turn) }).await);
    }
}

async fn spawn_detach<P: Peer>(turns: u64) {
    for _ in 0..turns {
        for _ in 0..BATCH {
            P::detach(async {
                black_box(0);
            });
        }
        P::yield_now().await;
    }
}

async fn wake_queued(turns: u64) {
    for _ in 0..turns {
        let mut polled = false;
        poll_fn(|cx| {
            if polled {
                return Poll::Ready(());
            }
            polled = true;
            // The first queues the task, the others find it queued.
            for _ in 0..BATCH {
                cx.waker().wake_by_ref();
            }
            Poll::Pending
        })
        .await;
    }
}

async fn waker_clone(turns: u64) {
    poll_fn(|cx| {
        for _ in 0..turns * BATCH {
            drop(black_box(cx.waker().clone()));
        }
        Poll::Ready(())
    })
    .await;
}

async fn oneshot_ready<P: Peer>(turns: u64) {
    for turn in 0..turns {
        let (sender, receiver) = P::oneshot();
        P::send(sender, turn);
        assert_eq!(receiver.await, turn);
    }
}

/// The wake-ups find the task running: all but the first are free, so the oneshot is what counts.
async fn oneshot_wait<P: Peer>(turns: u64) {
    for turn in 0..turns {
        let (sender, mut receiver) = P::oneshot();
        assert!(poll_once(&mut receiver).await.is_none(), "nothing was sent");
        P::send(sender, turn);
        assert_eq!(receiver.await, turn);
    }
}

async fn semaphore_free<P: Peer>(turns: u64) {
    let semaphore = P::semaphore(1);
    for _ in 0..turns {
        P::take_permit(&semaphore).await;
    }
}

async fn notify<P: Peer>(turns: u64) {
    let notify = P::notify();
    for _ in 0..turns {
        P::signal(&notify).await;
    }
}

async fn sleep_drop<P: Peer>(turns: u64) {
    for _ in 0..turns {
        let sleep = pin!(P::sleep(FAR));
        assert!(poll_once(sleep).await.is_none(), "an hour has not passed");
    }
}

async fn timeout<P: Peer>(turns: u64) {
    for _ in 0..turns {
        assert!(P::timeout(FAR, SecondTime::default()).await, "an hour has not passed");
    }
}

async fn repeat<F: Future>(turns: u64, mut body: impl FnMut() -> F) {
    for _ in 0..turns {
        body().await;
    }
}

/// Runs a kernel so many turns; `None` for a name that is not among them.
pub(crate) fn run<P: Peer>(name: &str, turns: u64) -> Option<()> {
    let runtime = P::start_slowed(1);
    match name {
        "spawn-join" => runtime.run(spawn_join::<P>(turns)),
        "spawn-batch" => runtime.run(repeat(turns, || spawn::batch::<P>(BATCH))),
        "spawn-detach" => runtime.run(spawn_detach::<P>(turns)),
        "chain" => runtime.run(repeat(turns, || spawn::chain_of::<P>(BATCH))),
        "yield" => runtime.run(yields::<P>(turns)),
        "yield-many" => runtime.run(yield_many::<P>(turns)),
        "wake-pair" => runtime.run(ping_pong::all_wakers::<P>(1, turns)),
        "wake-queued" => runtime.run(wake_queued(turns)),
        "waker-clone" => runtime.run(waker_clone(turns)),
        "oneshot" => runtime.run(ping_pong::exchange::<P>(turns)),
        "oneshot-ready" => runtime.run(oneshot_ready::<P>(turns)),
        "oneshot-wait" => runtime.run(oneshot_wait::<P>(turns)),
        "mutex-free" => runtime.run(mutex::alone::<P>(turns)),
        "semaphore-free" => runtime.run(semaphore_free::<P>(turns)),
        "notify" => runtime.run(notify::<P>(turns)),
        "tree" => runtime.run(repeat(turns, || P::spawn(fork_join::fib::<P>(TREE)))),
        "sleep-drop" => runtime.run(sleep_drop::<P>(turns)),
        "timeout" => runtime.run(timeout::<P>(turns)),
        "cancel" => runtime.run(repeat(turns, || P::cancel_one())),
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::{KERNELS, TREE, TREE_NODES};
    use crate::peer::qi::run_kernel;
    use crate::tree;

    #[test]
    fn every_kernel_that_is_listed_runs() {
        for kernel in KERNELS {
            assert!(run_kernel(kernel.name, 2).is_some(), "{}", kernel.name);
        }
        assert!(run_kernel("nonesuch", 2).is_none());
    }

    #[test]
    fn the_tree_has_as_many_nodes_as_it_is_divided_by() {
        assert_eq!(tree::fib_nodes(TREE), TREE_NODES);
    }
}
