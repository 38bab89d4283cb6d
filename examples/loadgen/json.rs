//! The figures as JSON, for programs. Times are in microseconds unless the name says otherwise.

use crate::language::Language;
use crate::summary::{QUANTILES, Summary, name};
use serde_json::{Map, Value, json};

/// All figures of a run.
pub(crate) fn of(summary: &Summary) -> Value {
    let record = &summary.record;
    let latencies: Map<String, Value> = QUANTILES
        .iter()
        .map(|(quantile, name)| {
            ((*name).to_owned(), record.latencies.value_at_quantile(*quantile).into())
        })
        .collect();
    let service: Map<String, Value> = QUANTILES
        .iter()
        .map(|(quantile, name)| {
            ((*name).to_owned(), record.service.value_at_quantile(*quantile).into())
        })
        .collect();
    let statuses: Map<String, Value> = record
        .statuses
        .iter()
        .map(|(status, count)| (status.to_string(), (*count).into()))
        .collect();
    let failures: Map<String, Value> = record
        .failures
        .iter()
        .map(|(failure, count)| (name(*failure, Language::English).to_owned(), (*count).into()))
        .collect();
    json!({
        "url": summary.url,
        "protocol": summary.protocol,
        "connections": summary.connections,
        "rate_asked": summary.rate,
        "rate_reached": summary.reached(),
        "seconds": summary.sent_for.as_secs_f64(),
        "due": summary.due,
        "answered": summary.answered,
        "unsent": summary.unsent,
        "failed": record.failed(),
        "body_bytes": record.bytes,
        "latency_us": latencies,
        "latency_mean_us": record.latencies.mean(),
        "service_us": service,
        "statuses": statuses,
        "failures": failures,
    })
}
