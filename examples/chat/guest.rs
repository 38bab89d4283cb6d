//! One guest: hears what is said, and says what it sends.

use crate::server::Room;
use async_tungstenite::WebSocketStream;
use async_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use async_tungstenite::tungstenite::protocol::{CloseFrame, Message};
use futures_util::StreamExt;
use qi_runtime::channel::broadcast::RecvError;
use qi_runtime::net::TcpStream;
use qi_runtime::select;
use std::sync::Arc;

/// What happens next at a guest's connection.
enum Event {
    /// Somebody said this, or the guest missed so many messages.
    Heard(Result<Arc<str>, RecvError>),
    /// The guest sent this, or has gone.
    Sent(Option<Message>),
    /// The room closes.
    Closing,
}

/// Serves one guest until it leaves, or the room closes.
pub(crate) async fn host(mut socket: WebSocketStream<TcpStream>, room: Room) {
    let mut talk = room.talk.subscribe();
    loop {
        let event = select! {
            heard = talk.recv() => Event::Heard(heard),
            sent = socket.next() => Event::Sent(sent.and_then(Result::ok)),
            () = room.stop.cancelled() => Event::Closing,
        };
        let told = match event {
            Event::Heard(Ok(text)) => socket.send(Message::text(&*text)).await,
            Event::Heard(Err(RecvError::Lagged(missed))) => {
                socket.send(Message::text(format!("({missed} messages went by too fast)"))).await
            }
            Event::Sent(Some(Message::Text(text))) => {
                room.say(text.as_str().to_owned());
                Ok(())
            }
            // Answers to pings are sent by the next call; pictures and the like are not for here.
            Event::Sent(Some(Message::Ping(_) | Message::Pong(_) | Message::Binary(_))) => Ok(()),
            Event::Sent(_) => return,
            Event::Heard(Err(_)) | Event::Closing => {
                let reason = "the room closes".into();
                let farewell = CloseFrame { code: CloseCode::Away, reason };
                socket.close(Some(farewell)).await.ok();
                return;
            }
        };
        if told.is_err() {
            return;
        }
    }
}
