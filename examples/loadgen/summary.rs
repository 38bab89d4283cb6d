//! What came of a run, as figures and as text.

use crate::args::Args;
use crate::language::Language;
use crate::line::Failure;
use crate::record::{Record, Records};
use crate::schedule::Schedule;
use std::fmt::Write;
use std::time::Duration;

/// The quantiles that are told.
pub(crate) const QUANTILES: [(f64, &str); 6] =
    [(0.5, "p50"), (0.9, "p90"), (0.99, "p99"), (0.999, "p99.9"), (0.9999, "p99.99"), (1.0, "max")];

/// All figures.
#[derive(Debug)]
pub(crate) struct Summary {
    pub(crate) url: String,
    pub(crate) rate: f64,
    pub(crate) connections: usize,
    pub(crate) protocol: &'static str,
    /// How long requests were sent.
    pub(crate) sent_for: Duration,
    /// How long the run was to last: what the parts of the record are parts of.
    pub(crate) planned_for: Duration,
    /// Requests that were due.
    pub(crate) due: u64,
    /// Requests that were due and could not be sent before the end.
    pub(crate) unsent: u64,
    /// Latencies include those of requests that were not sent: what they had waited.
    pub(crate) record: Record,
    /// Exchanges that are over.
    pub(crate) answered: u64,
}

impl Summary {
    pub(crate) fn new(
        args: &Args,
        schedule: &Schedule,
        records: &Records,
        ended: Duration,
    ) -> Self {
        let sent_for = ended.min(args.duration);
        let mut record = records.sum();
        let answered = record.count();
        let (due, taken) = (schedule.due_by(sent_for), schedule.taken());
        for slot in taken..due {
            record.note_latency(schedule.offset(slot), sent_for, args.duration);
        }
        Self {
            url: args.url.clone(),
            rate: args.rate,
            connections: args.connections,
            protocol: if args.http2 { "HTTP/2" } else { "HTTP/1.1" },
            sent_for,
            planned_for: args.duration,
            due,
            unsent: due.saturating_sub(taken),
            record,
            answered,
        }
    }

    /// Whether everything was answered, and well.
    pub(crate) fn is_good(&self) -> bool {
        self.unsent == 0 && self.record.failed() == 0
    }

    /// Answers in a second.
    pub(crate) fn reached(&self) -> f64 {
        self.answered as f64 / self.sent_for.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// The latency below which that part of the requests stayed.
    pub(crate) fn latency(&self, quantile: f64) -> Duration {
        Duration::from_micros(self.record.latencies.value_at_quantile(quantile))
    }

    /// As people read it.
    pub(crate) fn text(&self, language: Language) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        self.write(&mut text, language).expect("a string takes everything");
        text
    }

    fn write(&self, text: &mut String, language: Language) -> std::fmt::Result {
        let pick = |english, chinese| language.pick(english, chinese);
        writeln!(
            text,
            "{} {} ({}, {} {})",
            pick("target:", "目标："),
            self.url,
            self.protocol,
            self.connections,
            pick("connections", "个连接"),
        )?;
        writeln!(
            text,
            "{} {:.0}/s {}, {:.1}/s {} ({} {} {})",
            pick("rate:", "速率："),
            self.rate,
            pick("asked for", "计划"),
            self.reached(),
            pick("answered", "已应答"),
            self.answered,
            pick("in", "次，历时"),
            span(self.sent_for),
        )?;
        writeln!(
            text,
            "{}",
            pick("latency, from when requests were due:", "延迟（自应发出时刻起）：")
        )?;
        for (quantile, name) in QUANTILES {
            let sent = Duration::from_micros(self.record.service.value_at_quantile(quantile));
            writeln!(
                text,
                "  {name:7} {:>9}   {} {:>9}",
                span(self.latency(quantile)),
                pick("from when sent", "自实际发出起"),
                span(sent),
            )?;
        }
        for (status, count) in &self.record.statuses {
            writeln!(text, "  {} {status}: {count}", pick("status", "状态码"))?;
        }
        for (failure, count) in &self.record.failures {
            writeln!(text, "  {}: {count}", name(*failure, language))?;
        }
        if self.unsent > 0 {
            writeln!(
                text,
                "{} {}",
                self.unsent,
                pick(
                    "requests were due and never sent: all connections were busy. The latencies count \
                     how long they had waited, and so are lower bounds.",
                    "个请求到期却未能发出：所有连接都忙。延迟按其已等待的时间计，故为下限。",
                ),
            )?;
        }
        Ok(())
    }
}

/// What a failure is called.
pub(crate) fn name(failure: Failure, language: Language) -> &'static str {
    match failure {
        Failure::Connect => language.pick("connections refused", "连接失败"),
        Failure::Broken => language.pick("connections broken", "连接中断"),
        Failure::Timeout => language.pick("timeouts", "超时"),
    }
}

/// A duration with the unit that suits it.
pub(crate) fn span(duration: Duration) -> String {
    let micros = duration.as_secs_f64() * 1e6;
    match micros {
        ..1_000.0 => format!("{micros:.0} µs"),
        ..1_000_000.0 => format!("{:.2} ms", micros / 1e3),
        _ => format!("{:.2} s", micros / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_the_unit_that_suits_them() {
        assert_eq!(span(Duration::from_micros(7)), "7 µs");
        assert_eq!(span(Duration::from_micros(7_250)), "7.25 ms");
        assert_eq!(span(Duration::from_millis(72_500)), "72.50 s");
    }
}
