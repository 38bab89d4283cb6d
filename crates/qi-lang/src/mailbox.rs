//! Mailboxes: named texts in a queue that a program empties at its own pace; some come later.
#![forbid(unsafe_code)]

use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use qi_runtime::time;

use crate::run;
use crate::table::Table;

/// Messages at most: a reader that is stuck is to be noticed by those who write.
const MOST: usize = 4096;

/// Numbers begin where the language has always begun.
static BOXES: Table<Mailbox> = Table::beginning_at(900_000);

#[derive(Default)]
struct Mailbox {
    messages: Mutex<VecDeque<Message>>,
}

/// A name and what goes with it.
pub(crate) struct Message {
    pub(crate) name: String,
    pub(crate) payload: String,
}

fn with<R>(number: i64, work: impl FnOnce(&mut VecDeque<Message>) -> R) -> Option<R> {
    let mailbox: Arc<Mailbox> = BOXES.get(number)?;
    let mut messages = mailbox.messages.lock().unwrap_or_else(PoisonError::into_inner);
    Some(work(&mut messages))
}

/// A new one; its number.
pub(crate) fn create() -> i64 {
    BOXES.add(Mailbox::default())
}

/// Puts a message in; `false` if it is full or closed.
pub(crate) fn post(number: i64, message: Message) -> bool {
    let posted = with(number, |messages| {
        let room = messages.len() < MOST;
        if room {
            messages.push_back(message);
        }
        room
    });
    posted.unwrap_or(false)
}

/// Puts a message in so much later; if it is full or closed then, nothing happens.
pub(crate) fn post_after(number: i64, delay: Duration, message: Message) {
    let later = async move {
        time::sleep(delay).await;
        post(number, message);
    };
    drop(run::handle().spawn(later));
}

/// The oldest message, as the JSON object `{"m":name,"p":payload}`; empty if there is none.
pub(crate) fn take(number: i64) -> String {
    let message = with(number, VecDeque::pop_front).flatten();
    message.map(|message| json(&message)).unwrap_or_default()
}

/// Messages in it.
pub(crate) fn count(number: i64) -> usize {
    with(number, |messages| messages.len()).unwrap_or(0)
}

/// Takes it away with all in it; whether it was there.
pub(crate) fn close(number: i64) -> bool {
    BOXES.remove(number).is_some()
}

fn json(message: &Message) -> String {
    let mut text = String::from("{\"m\":");
    quote(&mut text, &message.name);
    text.push_str(",\"p\":");
    quote(&mut text, &message.payload);
    text.push('}');
    text
}

fn quote(into: &mut String, text: &str) {
    into.push('"');
    for letter in text.chars() {
        match letter {
            '"' => into.push_str("\\\""),
            '\\' => into.push_str("\\\\"),
            '\n' => into.push_str("\\n"),
            '\r' => into.push_str("\\r"),
            '\t' => into.push_str("\\t"),
            '\u{8}' => into.push_str("\\b"),
            '\u{c}' => into.push_str("\\f"),
            control if control < ' ' => {
                // Writing to a string cannot fail.
                let _ = write!(into, "\\u{:04x}", u32::from(control));
            }
            other => into.push(other),
        }
    }
    into.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(name: &str, payload: &str) -> Message {
        Message { name: name.into(), payload: payload.into() }
    }

    #[test]
    fn messages_come_in_order_and_quoted() {
        let number = create();
        assert!(post(number, message("一", "{\"a\":\"b\\c\"}")));
        assert!(post(number, message("二", "\u{1}\n")));
        assert_eq!(take(number), r#"{"m":"一","p":"{\"a\":\"b\\c\"}"}"#);
        assert_eq!(take(number), r#"{"m":"二","p":"\u0001\n"}"#);
        assert_eq!(take(number), "");
        assert!(close(number) && !close(number));
    }

    #[test]
    fn full_box_refuses_and_keeps_the_oldest() {
        let number = create();
        for _ in 0..MOST {
            assert!(post(number, message("m", "")));
        }
        assert!(!post(number, message("late", "")));
        assert_eq!((count(number), take(number)), (MOST, r#"{"m":"m","p":""}"#.into()));
        close(number);
        assert!(!post(number, message("m", "")));
        assert_eq!((count(number), take(number)), (0, String::new()));
    }
}
