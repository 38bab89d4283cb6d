//! What receivers of one and of several receivers have in common, written once: the two differ in
//! whether a call needs the receiver to itself.
#![forbid(unsafe_code)]

/// The methods and traits of a `Receiver` with a `reader` and a `seat`. `$me` is how its methods
/// borrow it, `$access` how they so get at the values.
macro_rules! receiver {
    ($self:ident, [$($me:tt)+], $access:ident) => {
        impl<T> Receiver<T> {
            /// Receives a value; `None` when the channel is closed and empty, and every permit is
            /// gone.
            ///
            /// # Cancel safety
            /// See [`Recv`]: dropping the future loses no value.
            #[inline]
            pub fn recv($($me)+ $self) -> Recv<'_, T> {
                Recv::new($self.reader.$access())
            }

            /// Receives what is there, at most `limit` values, and waits only if nothing is. They
            /// are added to `buffer`. Answers how many; zero if `limit` is, or when the channel is
            /// closed and empty.
            ///
            /// # Cancel safety
            /// See [`RecvMany`]: nothing is lost.
            pub fn recv_many<'b>(
                $($me)+ $self,
                buffer: &'b mut Vec<T>,
                limit: usize,
            ) -> RecvMany<'_, 'b, T> {
                RecvMany::new($self.reader.$access(), buffer, limit)
            }

            /// Receives a value if there is one.
            ///
            /// # Errors
            /// [`TryRecvError::Empty`], or [`TryRecvError::Closed`] when nothing will come any
            /// more.
            #[inline]
            pub fn try_recv($($me)+ $self) -> Result<T, TryRecvError> {
                $self.reader.$access().try_recv().map_err(|end| match end {
                    true => TryRecvError::Closed,
                    false => TryRecvError::Empty,
                })
            }

            /// Receives a value, unless `stop` is ready before there is one: a deadline, for
            /// instance.
            ///
            /// # Errors
            /// [`RecvTimeoutError::Timeout`] if `stop` came first, [`RecvTimeoutError::Closed`]
            /// when nothing will come any more.
            ///
            /// # Cancel safety
            /// Dropping the future loses no value.
            pub async fn recv_or_stop<F: Future>(
                $($me)+ $self,
                stop: F,
            ) -> Result<T, RecvTimeoutError> {
                recv_or_stop($self.reader.$access(), stop).await
            }

            /// Receives a value on a thread that may block. A worker gives its seat away meanwhile.
            /// `None` when the channel is closed and empty.
            pub fn blocking_recv($($me)+ $self) -> Option<T> {
                blocking_recv($self.reader.$access())
            }

            /// As [`blocking_recv`](Self::blocking_recv), for at most `timeout`.
            ///
            /// # Errors
            /// [`RecvTimeoutError`].
            pub fn blocking_recv_timeout(
                $($me)+ $self,
                timeout: Duration,
            ) -> Result<T, RecvTimeoutError> {
                let mut recv = $self.recv();
                match block_until(timeout, |cx| recv.poll_freely(cx)) {
                    Some(received) => received.ok_or(RecvTimeoutError::Closed),
                    None => Err(RecvTimeoutError::Timeout),
                }
            }

            /// Receives many values on a thread that may block; see [`recv_many`](Self::recv_many).
            pub fn blocking_recv_many($($me)+ $self, buffer: &mut Vec<T>, limit: usize) -> usize {
                crate::blocking::block_on($self.recv_many(buffer, limit))
            }

            /// Takes what is there, without waiting.
            pub fn try_iter($($me)+ $self) -> TryIter<'_, T> {
                TryIter($self.reader.$access())
            }

            /// Takes as many values as there are now, without waiting.
            pub fn drain($($me)+ $self) -> Drain<'_, T> {
                Drain::new($self.reader.$access())
            }

            /// Takes values until the channel is closed and empty, blocking the thread meanwhile.
            pub fn blocking_iter($($me)+ $self) -> BlockingIter<'_, T> {
                BlockingIter($self.reader.$access())
            }

            /// Closes the channel: nothing is sent any more, except by permits given before. What
            /// was sent can still be received. Answers whether it was open.
            pub fn close($($me)+ $self) -> bool {
                $self.reader.chan().close()
            }

            /// Whether nothing is sent any more, except by permits given before.
            #[must_use]
            pub fn is_closed(&$self) -> bool {
                $self.reader.chan().is_closed()
            }

            /// Whether nothing can be received any more.
            #[must_use]
            pub fn is_finished(&$self) -> bool {
                $self.reader.chan().is_end()
            }

            /// Values that can be received.
            #[must_use]
            pub fn len(&$self) -> usize {
                $self.reader.chan().len()
            }

            /// Whether no value can be received now.
            #[must_use]
            pub fn is_empty(&$self) -> bool {
                $self.len() == 0
            }

            /// Places that are free now; `None` if there is no limit.
            #[must_use]
            pub fn capacity(&$self) -> Option<usize> {
                $self.reader.chan().capacity()
            }

            /// Places that there are; `None` if there is no limit.
            #[must_use]
            pub fn max_capacity(&$self) -> Option<usize> {
                $self.reader.chan().max_capacity()
            }

            /// Senders that there are.
            #[must_use]
            pub fn sender_count(&$self) -> usize {
                $self.reader.chan().senders()
            }

            /// Weak senders that there are.
            #[must_use]
            pub fn weak_sender_count(&$self) -> usize {
                $self.reader.chan().weak_senders()
            }

            /// A weak sender into this channel.
            #[must_use]
            pub fn weak_sender(&$self) -> WeakSender<T> {
                WeakSender::of($self.reader.chan())
            }
        }

        impl<T> Stream for Receiver<T> {
            type Item = T;

            fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
                self.poll_recv(cx)
            }

            fn size_hint(&self) -> (usize, Option<usize>) {
                (self.len(), None)
            }
        }

        impl<T> Drop for Receiver<T> {
            fn drop(&mut self) {
                if self.seat != Seat::None {
                    self.reader.chan().cancel_recv(&mut self.seat);
                }
            }
        }

        impl<T> fmt::Debug for Receiver<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct("Receiver")
                    .field("len", &self.len())
                    .field("max_capacity", &self.max_capacity())
                    .field("is_closed", &self.is_closed())
                    .finish_non_exhaustive()
            }
        }
    };
}
pub(super) use receiver;
