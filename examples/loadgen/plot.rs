//! The latencies as a picture: over the time of the run, and by percentile. Both scales of latency are
//! logarithmic; hover texts tell the figures.

use crate::record::PARTS;
use crate::summary::{Summary, span};
use hdrhistogram::Histogram;
use std::fmt::Write;
use std::time::Duration;

/// The size of a panel, and what is around it, in points.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 84.0;
const TOP: f64 = 84.0;
const GAP: f64 = 90.0;

/// The lines over time: quantile, name, colour.
const OVER_TIME: [(f64, &str, &str); 3] =
    [(0.5, "p50", "#4477aa"), (0.99, "p99", "#cc6633"), (1.0, "max", "#aa3355")];

/// The percentiles that have a mark: as parts of those above.
const MARKS: [(f64, &str); 6] = [
    (0.0, "0"),
    (0.9, "90 %"),
    (0.99, "99 %"),
    (0.999, "99.9 %"),
    (0.9999, "99.99 %"),
    (0.99999, "99.999 %"),
];

/// Powers of ten of microseconds that the latencies lie between.
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    fn of(latencies: &Histogram<u64>) -> Self {
        let log = |micros: u64| (micros.max(1) as f64).log10();
        let low = log(latencies.min()).floor();
        Self { low, high: log(latencies.max()).ceil().max(low + 1.0) }
    }

    /// How far down a latency lies in a panel.
    fn y(&self, micros: u64) -> f64 {
        let log = (micros.max(1) as f64).log10();
        HEIGHT * (1.0 - (log - self.low) / (self.high - self.low))
    }
}

/// The picture.
pub(crate) fn svg(summary: &Summary) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    write_svg(&mut out, summary).expect("a string takes everything");
    out
}

fn write_svg(out: &mut String, summary: &Summary) -> std::fmt::Result {
    let scale = Scale::of(&summary.record.latencies);
    let (width, height) = (LEFT + WIDTH + 30.0, TOP + 2.0 * HEIGHT + GAP + 50.0);
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\">"
    )?;
    writeln!(out, "<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>")?;
    writeln!(
        out,
        "<text x=\"{LEFT}\" y=\"22\" font-size=\"15\">{}</text>\
         <text x=\"{LEFT}\" y=\"42\">{:.0} requests/s asked for, {:.0} answered; {} over {} \
         connections</text>",
        escaped(&summary.url),
        summary.rate,
        summary.reached(),
        summary.protocol,
        summary.connections,
    )?;
    panel(out, &scale, TOP, "latency, by when requests were due")?;
    over_time(out, &scale, summary)?;
    let second = TOP + HEIGHT + GAP;
    panel(out, &scale, second, "latency that so many requests stayed below")?;
    by_percentile(out, &scale, summary, second)?;
    writeln!(out, "</svg>")
}

/// The frame of a panel, with a line for each power of ten.
fn panel(out: &mut String, scale: &Scale, top: f64, title: &str) -> std::fmt::Result {
    writeln!(out, "<text x=\"{LEFT}\" y=\"{}\" fill=\"#555555\">{title}</text>", top - 10.0)?;
    for power in (scale.low as i32)..=(scale.high as i32) {
        let micros = 10u64.pow(power.unsigned_abs());
        let y = top + scale.y(micros);
        writeln!(
            out,
            "<line x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{}\" y2=\"{y:.1}\" stroke=\"#dddddd\"/>\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT + WIDTH,
            LEFT - 8.0,
            y + 4.0,
            span(Duration::from_micros(micros)),
        )?;
    }
    Ok(())
}

fn over_time(out: &mut String, scale: &Scale, summary: &Summary) -> std::fmt::Result {
    let seconds = summary.planned_for.as_secs_f64();
    let x = |part: usize| LEFT + (part as f64 + 0.5) / PARTS as f64 * WIDTH;
    for (number, (quantile, name, colour)) in OVER_TIME.into_iter().enumerate() {
        let parts = summary.record.parts.iter().enumerate().filter(|(_, part)| !part.is_empty());
        let points: Vec<String> = parts
            .map(|(at, part)| {
                format!("{:.1},{:.1}", x(at), TOP + scale.y(part.value_at_quantile(quantile)))
            })
            .collect();
        writeln!(
            out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"/>\
             <text x=\"{}\" y=\"{}\" fill=\"{colour}\">{name}</text>",
            points.join(" "),
            LEFT + WIDTH - 120.0 + 40.0 * number as f64,
            TOP - 10.0,
        )?;
    }
    for (part, latencies) in summary.record.parts.iter().enumerate() {
        let begin = part as f64 / PARTS as f64 * seconds;
        writeln!(
            out,
            "<rect x=\"{:.1}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{HEIGHT}\" fill-opacity=\"0\">\
             <title>{begin:.1} s: {} requests, p50 {}, p99 {}, max {}</title></rect>",
            LEFT + part as f64 / PARTS as f64 * WIDTH,
            WIDTH / PARTS as f64,
            latencies.len(),
            span(Duration::from_micros(latencies.value_at_quantile(0.5))),
            span(Duration::from_micros(latencies.value_at_quantile(0.99))),
            span(Duration::from_micros(latencies.max())),
        )?;
    }
    let bottom = TOP + HEIGHT + 18.0;
    writeln!(
        out,
        "<text x=\"{LEFT}\" y=\"{bottom}\">0 s</text>\
         <text x=\"{}\" y=\"{bottom}\" text-anchor=\"end\">{seconds} s</text>",
        LEFT + WIDTH,
    )
}

/// Each further nine of the percentile takes as much room as the one before.
fn by_percentile(out: &mut String, scale: &Scale, summary: &Summary, top: f64) -> std::fmt::Result {
    let latencies = &summary.record.latencies;
    let nines = (latencies.len().max(10) as f64).log10().min(5.0);
    let x = |above: f64| LEFT + (-above.log10() / nines).clamp(0.0, 1.0) * WIDTH;
    let steps = 200;
    let points: Vec<String> = (0..=steps)
        .map(|step| {
            let above = 10f64.powf(-nines * f64::from(step) / f64::from(steps));
            let y = top + scale.y(latencies.value_at_quantile(1.0 - above));
            format!("{:.1},{y:.1}", x(above))
        })
        .collect();
    writeln!(
        out,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"#4477aa\" stroke-width=\"1.5\"/>",
        points.join(" ")
    )?;
    for (quantile, name) in MARKS {
        let above = 1.0 - quantile;
        if -above.log10() > nines + 0.01 {
            break;
        }
        let latency = Duration::from_micros(latencies.value_at_quantile(quantile));
        writeln!(
            out,
            "<line x1=\"{0:.1}\" y1=\"{top}\" x2=\"{0:.1}\" y2=\"{1}\" stroke=\"#dddddd\">\
             <title>{name}: {2}</title></line>\
             <text x=\"{0:.1}\" y=\"{3}\" text-anchor=\"middle\">{name}</text>",
            x(above),
            top + HEIGHT,
            span(latency),
            top + HEIGHT + 18.0,
        )?;
    }
    Ok(())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_lie_between_the_powers_of_ten_around_them() {
        let mut latencies = Histogram::new(3).expect("three digits are allowed");
        latencies.record(30).expect("it grows");
        latencies.record(7_000).expect("it grows");
        let scale = Scale::of(&latencies);
        assert_eq!((scale.low, scale.high), (1.0, 4.0));
        assert_eq!((scale.y(10), scale.y(10_000)), (HEIGHT, 0.0));
        assert!(scale.y(100) > scale.y(1_000));
    }

    #[test]
    fn urls_cannot_break_the_picture() {
        assert_eq!(escaped("http://a/?b&<c>"), "http://a/?b&amp;&lt;c&gt;");
    }
}
