//! Deadlocks in words: who waits on what.
#![forbid(unsafe_code)]

use std::ffi::CString;
use std::fmt::Write;

use crate::arena;
use crate::here;
use crate::strand::{Kind, Reason, Strand};
use crate::{strangers, text};

/// Lines of a report at most.
const LINES: usize = 20;

/// Called when nobody can move: tells one thread that waits. Not if there may be somebody whom nobody
/// here knows: a thread of the language's library can call in at any time. One that did so while
/// strangers were counted is none any more, but then the rest is over: `still` says whether it lasts.
pub(crate) fn nobody_moves(still: impl FnOnce() -> bool) {
    if strangers::are_there() || !still() {
        return;
    }
    let waiting = here::threads().into_iter().filter_map(|one| Some((one.rests()?.0, one)));
    // Those whose wait has another answer first: that may be all that is needed.
    if let Some((_, one)) = waiting.min_by_key(|(reason, _)| order(*reason)) {
        one.end_quietly();
    }
}

fn order(reason: Reason) -> u8 {
    match reason {
        Reason::Send => 0,
        Reason::All => 1,
        _ => 2,
    }
}

/// Says to the user that this strand's wait cannot end; the same as the text of an exception.
pub(crate) fn say_deadlock(reason: Reason, on: usize) -> CString {
    let text = deadlock(here::strand(), reason, on);
    eprintln!("{text}");
    text::from_str(&text)
}

fn deadlock(me: &Strand, reason: Reason, on: usize) -> String {
    let mut lines = vec![line(me, reason, on)];
    let mut more = 0_usize;
    arena::each(|strand| {
        let Some((reason, on)) = strand.rests() else { return };
        if lines.len() < LINES {
            lines.push(line(strand, reason, on));
        } else {
            more += 1;
        }
    });
    let mut text = String::from(
        "[qi] 死锁：没有任何协程能继续运行。\n[qi] deadlock: nothing can run any more.",
    );
    for line in lines {
        text.push_str("\n[qi]   ");
        text.push_str(&line);
    }
    if more > 0 {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n[qi]   还有 {more} 个 ({more} more)");
    }
    text
}

/// One who waits, and on what.
fn line(strand: &Strand, reason: Reason, on: usize) -> String {
    let number = arena::number(strand);
    let (who, who_en) = match strand.kind() {
        Kind::Coroutine => ("协程", "coroutine"),
        Kind::Goroutine => ("并发任务", "goroutine"),
        Kind::Thread => ("线程", "thread"),
        Kind::Outside => ("外部操作", "operation"),
    };
    let (what, what_en) = what(reason, on);
    format!("{who} {number} {what} ({who_en} {number} {what_en})")
}

fn what(reason: Reason, on: usize) -> (String, String) {
    let other = || match arena::find(on) {
        arena::Found::Strand(strand) => arena::number(strand),
        _ => 0,
    };
    match reason {
        Reason::Nothing => ("没有等待".into(), "waits for nothing".into()),
        Reason::Receive => {
            (format!("等待从通道 {on:#x} 接收"), format!("receives from channel {on:#x}"))
        }
        Reason::Send => (format!("等待向通道 {on:#x} 发送"), format!("sends to channel {on:#x}")),
        Reason::Future => (format!("等待未来 {}", other()), format!("awaits future {}", other())),
        Reason::Join => {
            (format!("等待并发任务 {}", other()), format!("joins goroutine {}", other()))
        }
        Reason::Group => (format!("等待等待组 {on:#x}"), format!("waits for wait group {on:#x}")),
        Reason::Lock => (format!("等待锁 {on:#x}"), format!("waits for lock {on:#x}")),
        Reason::Select => (format!("在 {on} 个通道上选择"), format!("selects among {on} channels")),
        Reason::Time => ("等待时间".into(), "waits for time".into()),
        Reason::All => ("等待所有协程结束".into(), "waits for all coroutines".into()),
    }
}

/// All strands that wait, a line each; and how many coroutines live.
pub(crate) fn dump(live: i64) -> String {
    let mut text = format!("[qi] 活着的协程 {live} (live coroutines {live})");
    arena::each(|strand| {
        if let Some((reason, on)) = strand.rests() {
            text.push_str("\n[qi]   ");
            text.push_str(&line(strand, reason, on));
        }
    });
    text
}
