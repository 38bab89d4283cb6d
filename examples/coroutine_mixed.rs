//! Futures and coroutines under one scheduler: each waits for the other, by the same handles.
//!
//! A future fetches (here: sleeps), a coroutine parses by recursive descent and asks for what it lacks
//! in the midst of it, and both are tasks in the same list.
#![forbid(unsafe_code)]

use qi_runtime::coroutine::{self, SpawnCoroutine, Wait};
use qi_runtime::{AsyncRuntime, TaskPriority, time};
use std::error::Error;
use std::time::Duration;

/// Where the value of a name comes from: a future, such as a request would be.
async fn fetch(name: char) -> i64 {
    time::sleep(Duration::from_millis(2)).await;
    i64::from(u32::from(name) - u32::from('a') + 1)
}

/// A recursive-descent parser that fetches the values of names where it meets them.
struct Parser<'a>(std::iter::Peekable<std::str::Chars<'a>>);

impl Parser<'_> {
    fn sum(&mut self) -> i64 {
        let mut value = self.product();
        while self.0.next_if_eq(&'+').is_some() {
            value += self.product();
        }
        value
    }

    fn product(&mut self) -> i64 {
        let mut value = self.operand();
        while self.0.next_if_eq(&'*').is_some() {
            value *= self.operand();
        }
        value
    }

    fn operand(&mut self) -> i64 {
        match self.0.next() {
            Some('(') => {
                let value = self.sum();
                self.0.next();
                value
            }
            Some(digit) if digit.is_ascii_digit() => i64::from(digit.to_digit(10).unwrap_or(0)),
            // The calls that led here are suspended until the value has come.
            Some(name) => fetch(name).wait(),
            None => 0,
        }
    }
}

fn evaluate(text: &str) -> i64 {
    Parser(text.chars().peekable()).sum()
}

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = AsyncRuntime::builder().worker_threads(2).build()?;
    let answer = runtime.block_on(async {
        // A future awaits a coroutine.
        let task = qi_runtime::spawn_coroutine(|| evaluate("(a+2)*(b+(c*d))"));
        task.join().await
    })?;
    println!("(a+2)*(b+(c*d)) is {answer}");

    let texts = ["a*b", "c+d", "e*(f+g)"];
    let sums = runtime.coroutine().name("sums").priority(TaskPriority::High).spawn(move || {
        let mut results = [0; 3];
        // Children borrow from this frame, which waits for them.
        coroutine::scope(|scope| {
            for (text, result) in texts.iter().zip(&mut results) {
                drop(scope.spawn_coroutine(|| *result = evaluate(text)));
            }
        });
        results
    });
    println!("at once: {:?}", runtime.block_on(sums)?);

    let stopped =
        runtime.spawn_coroutine(|| match coroutine::try_wait(std::future::pending::<()>()) {
            Ok(()) => "done",
            Err(coroutine::Cancelled { .. }) => "told to stop, and cleaned up",
        });
    while stopped.status() != qi_runtime::TaskStatus::Waiting {
        std::thread::yield_now();
    }
    stopped.cancel()?;
    println!("a coroutine that asks: {}", runtime.block_on(stopped)?);
    let stats = runtime.stats();
    println!("{} tasks, all of them in the same figures", stats.completed_tasks);
    runtime.shutdown()?;
    Ok(())
}
