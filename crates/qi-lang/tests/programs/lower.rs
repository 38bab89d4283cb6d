//! Writes out the short forms of `tests/ir/*.ll.in`: what a coroutine looks like to one version of LLVM.
#![forbid(unsafe_code)]

/// The text of a module for this major version.
pub(crate) fn lower(source: &str, version: u32) -> String {
    let mut text = declarations(version);
    for line in source.lines() {
        match line.strip_prefix("@@") {
            Some(short) => text += &expand(short, version),
            None => text += line,
        }
        text.push('\n');
    }
    text
}

fn declarations(version: u32) -> String {
    let end = end(version, "ptr", "i1");
    format!(
        "declare token @llvm.coro.id(i32, ptr, ptr, ptr)\n\
         declare i64 @llvm.coro.size.i64()\n\
         declare ptr @llvm.coro.begin(token, ptr)\n\
         declare token @llvm.coro.save(ptr)\n\
         declare i8 @llvm.coro.suspend(token, i1)\n\
         declare ptr @llvm.coro.free(token, ptr)\n\
         declare void @llvm.coro.resume(ptr)\n\
         declare i1 @llvm.coro.done(ptr)\n\
         declare void @llvm.coro.destroy(ptr)\n\
         declare ptr @llvm.coro.promise(ptr, i32, i1)\n\
         declare ptr @malloc(i64)\n\
         declare void @free(ptr)\n\
         declare {end}\n"
    )
}

/// `llvm.coro.end`: it has three arguments from version 18 on, and no result from 22 on.
fn end(version: u32, handle: &str, unwind: &str) -> String {
    let result = if version >= 22 { "void" } else { "i1" };
    let third = match (version >= 18, handle == "ptr") {
        (false, _) => "",
        (true, true) => ", token",
        (true, false) => ", token none",
    };
    format!("{result} @llvm.coro.end({handle}, {unwind}{third})")
}

fn expand(short: &str, version: u32) -> String {
    let (word, rest) = short.split_once(' ').unwrap_or((short, ""));
    match word {
        "coroutine" => format!(
            "define ptr @{rest} presplitcoroutine {{\n\
                 entry:\n\
                 %promise = alloca i64\n\
                 store i64 0, ptr %promise\n\
                 %id = call token @llvm.coro.id(i32 8, ptr %promise, ptr null, ptr null)\n\
                 %size = call i64 @llvm.coro.size.i64()\n\
                 %mem = call ptr @malloc(i64 %size)\n\
                 %hdl = call ptr @llvm.coro.begin(token %id, ptr %mem)"
        ),
        "suspend" => suspend(rest, false),
        "return" => format!("store i64 {rest}, ptr %promise\nbr label %final"),
        "await" => {
            let (n, future) = rest.split_once(' ').expect("@@await has a number and a future");
            format!(
                "br label %poll{n}\n\
                 poll{n}:\n\
                 %st{n} = call i32 @qi_coro_await_poll(ptr {future})\n\
                 %rdy{n} = icmp ne i32 %st{n}, 0\n\
                 br i1 %rdy{n}, label %ready{n}, label %wait{n}\n\
                 wait{n}:\n\
                 call void @qi_coro_yield_ready()\n\
                 {}\n\
                 br label %poll{n}\n\
                 ready{n}:",
                suspend(n, false)
            )
        }
        // Of a coroutine's suspensions one may be the final one: all returns come here.
        "end" => format!(
            "final:\n\
             {}\n\
             cleanup:\n\
             %freed = call ptr @llvm.coro.free(token %id, ptr %hdl)\n\
             call void @free(ptr %freed)\n\
             br label %susp\n\
             susp:\n\
             %ended = call {}\n\
             ret ptr %hdl\n\
             }}",
            suspend("final", true),
            end(version, "ptr %hdl", "i1 false")
        )
        .replace("%ended = call void", "call void"),
        _ => panic!("@@{short} is no short form"),
    }
}

fn suspend(n: &str, last: bool) -> String {
    let end = if last { "\nunreachable" } else { "" };
    format!(
        "%save{n} = call token @llvm.coro.save(ptr null)\n\
         %sus{n} = call i8 @llvm.coro.suspend(token %save{n}, i1 {last})\n\
         switch i8 %sus{n}, label %susp [i8 0, label %resume{n} i8 1, label %cleanup]\n\
         resume{n}:{end}"
    )
}
