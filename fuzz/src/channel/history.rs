//! When values went into a queue and came out: whether there is an order in which that makes sense.
#![forbid(unsafe_code)]

/// From the first step of an operation to the one that completed it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) begin: u64,
    pub(super) end: u64,
}

/// What happened to each value, by its number.
#[derive(Debug, Default)]
pub(super) struct History {
    /// Empty while it has not been accepted.
    sent: Vec<Option<Span>>,
    received: Vec<(usize, Span)>,
}

impl History {
    /// A new value's number.
    pub(super) fn begin(&mut self) -> usize {
        self.sent.push(None);
        self.sent.len() - 1
    }

    pub(super) fn accepted(&mut self, number: usize, span: Span) {
        self.sent[number] = Some(span);
    }

    /// Values that were accepted, and not received.
    pub(super) fn inside(&self) -> usize {
        let accepted = self.sent.iter().filter(|span| span.is_some()).count();
        let of_these = self.received.iter().filter(|(number, _)| self.sent[*number].is_some());
        accepted - of_these.count()
    }

    /// First in, first out: none that was accepted before another was sent is received only after that
    /// one was.
    pub(super) fn received(&mut self, number: usize, span: Span) {
        assert!(self.received.iter().all(|(other, _)| *other != number), "{number} came twice");
        let sent = self.sent[number];
        for (other, taken) in &self.received {
            let (Some(sent), Some(other)) = (sent, self.sent[*other]) else { continue };
            let is_overtaken = sent.end < other.begin && taken.end < span.begin;
            assert!(!is_overtaken, "{number} was overtaken by a later value");
        }
        self.received.push((number, span));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: u64) -> Span {
        Span { begin: time, end: time }
    }

    #[test]
    #[should_panic(expected = "0 was overtaken")]
    fn a_value_that_overtakes_is_noticed() {
        let mut history = History::default();
        for time in 1..3 {
            let number = history.begin();
            history.accepted(number, at(time));
        }
        history.received(1, at(3));
        history.received(0, at(4));
    }

    #[test]
    fn values_that_were_sent_together_come_in_any_order() {
        let mut history = History::default();
        for _ in 0..2 {
            let number = history.begin();
            history.accepted(number, Span { begin: 1, end: 2 });
        }
        history.received(1, at(3));
        assert_eq!(history.inside(), 1);
        history.received(0, at(4));
        assert_eq!(history.inside(), 0);
    }
}
