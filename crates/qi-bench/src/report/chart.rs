//! Draws one family of workloads as a bar chart in SVG, written by hand: a panel per workload, a
//! bar per runtime, the spread as a thin line.

use std::fmt::Write;

use crate::catalog::{RUNTIMES, Workload};
use crate::sample::Run;

const WIDTH: f64 = 860.0;
const MARGIN: f64 = 28.0;
/// Where bars begin, and how much room is kept for the figures behind them.
const BAR_X: f64 = 98.0;
const FIGURE_ROOM: f64 = 150.0;
const BAR_HEIGHT: f64 = 15.0;
const BAR_STEP: f64 = 21.0;
const PANEL_HEAD: f64 = 30.0;
const PANEL_GAP: f64 = 18.0;
/// Beyond this ratio between the longest and the shortest bar the panel turns logarithmic.
const LINEAR_UP_TO: f64 = 40.0;

/// One bar: a runtime's figure, its spread, and the p99 behind a p50.
struct Stroke {
    runtime: &'static str,
    value: f64,
    low: f64,
    high: f64,
    behind: Option<f64>,
}

fn colour(runtime: &str) -> &'static str {
    match runtime {
        "qi" => "#d9480f",
        "future" => "#e8a27c",
        "rayon" | "chili" => "#2b8a78",
        "floor" => "#adb5bd",
        "go" => "#3b82a6",
        _ => "#5c6b7f",
    }
}

/// A figure with three significant digits.
pub(crate) fn short(value: f64) -> String {
    let digits = match value.abs() {
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        _ => 2,
    };
    let plain = format!("{value:.digits$}");
    let (whole, rest) = plain.split_once('.').map_or((plain.as_str(), None), |(w, r)| (w, Some(r)));
    let mut grouped = String::new();
    for (position, digit) in whole.chars().enumerate() {
        if position > 0 && (whole.len() - position) % 3 == 0 && digit.is_ascii_digit() {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    rest.map_or(grouped.clone(), |rest| format!("{grouped}.{rest}"))
}

fn strokes(run: &Run, workload: &Workload) -> Vec<Stroke> {
    let figure = &workload.figures[0];
    let late = workload.figures.iter().find(|other| other.name == "p99_ns");
    RUNTIMES
        .iter()
        .filter_map(|runtime| {
            let record = run.record(workload.name, runtime)?;
            let spread = record.summary.get(figure.name)?;
            let behind = late
                .filter(|_| figure.name == "p50_ns")
                .and_then(|late| Some(record.median(late.name)? * late.scale));
            Some(Stroke {
                runtime,
                value: spread.median * figure.scale,
                low: spread.min * figure.scale,
                high: spread.max * figure.scale,
                behind,
            })
        })
        .collect()
}

/// Maps a figure to a length.
struct Scale {
    least: f64,
    most: f64,
    logarithmic: bool,
}

impl Scale {
    fn of(strokes: &[Stroke]) -> Self {
        let ends = |s: &Stroke| s.behind.unwrap_or(s.value).max(s.value);
        let most = strokes.iter().map(ends).fold(f64::MIN_POSITIVE, f64::max);
        let least = strokes.iter().map(|s| s.value).fold(most, f64::min).max(f64::MIN_POSITIVE);
        let logarithmic = most / least > LINEAR_UP_TO;
        // A logarithmic panel starts below its shortest bar, which would vanish otherwise.
        Self { least: least / 3.0, most, logarithmic }
    }

    fn length(&self, value: f64) -> f64 {
        let full = WIDTH - BAR_X - FIGURE_ROOM - MARGIN;
        let share = if self.logarithmic {
            (value / self.least).max(1.0).ln() / (self.most / self.least).ln()
        } else {
            value / self.most
        };
        full * share.clamp(0.004, 1.0)
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn draw_stroke(svg: &mut String, stroke: &Stroke, scale: &Scale, y: f64) {
    let (fill, length) = (colour(stroke.runtime), scale.length(stroke.value));
    let middle = y + BAR_HEIGHT / 2.0;
    let weight = if stroke.runtime == "qi" { "700" } else { "400" };
    let mut end = length;
    let mut label = short(stroke.value);
    // Writing into a String cannot fail.
    writeln!(
        svg,
        r#"<text x="{}" y="{}" text-anchor="end" font-weight="{weight}" fill="{fill}">{}</text>"#,
        BAR_X - 10.0,
        middle + 4.5,
        stroke.runtime
    )
    .ok();
    if let Some(behind) = stroke.behind {
        let long = scale.length(behind);
        writeln!(
            svg,
            r#"<rect x="{BAR_X}" y="{y}" width="{long:.1}" height="{BAR_HEIGHT}" rx="2" fill="{fill}" opacity="0.28"/>"#
        )
        .ok();
        end = end.max(long);
        label = format!("{label} / {}", short(behind));
    }
    writeln!(
        svg,
        r#"<rect x="{BAR_X}" y="{y}" width="{length:.1}" height="{BAR_HEIGHT}" rx="2" fill="{fill}"/>"#
    )
    .ok();
    let (from, to) = (BAR_X + scale.length(stroke.low), BAR_X + scale.length(stroke.high));
    if stroke.behind.is_none() && to - from > 1.0 {
        writeln!(
            svg,
            r##"<path d="M{from:.1} {middle}H{to:.1}" stroke="#1f2933" stroke-width="1.2" opacity="0.55"/>"##
        )
        .ok();
        end = end.max(to - BAR_X);
    }
    writeln!(
        svg,
        r##"<text x="{:.1}" y="{}" font-weight="{weight}" fill="#1f2933">{label}</text>"##,
        BAR_X + end + 7.0,
        middle + 4.5
    )
    .ok();
}

fn draw_panel(svg: &mut String, workload: &Workload, strokes: &[Stroke], top: f64) -> f64 {
    let figure = &workload.figures[0];
    let scale = Scale::of(strokes);
    let unit = if figure.name == "p50_ns" { "p50 / p99 µs" } else { figure.title };
    let note = if scale.logarithmic { ", logarithmic" } else { "" };
    writeln!(
        svg,
        r##"<text x="{MARGIN}" y="{}" font-size="14" font-weight="600" fill="#1f2933">{}</text><text x="{}" y="{}" text-anchor="end" font-size="12" fill="#6b7785">{unit}{note}</text>"##,
        top + 14.0,
        escape(workload.title),
        WIDTH - MARGIN,
        top + 14.0
    )
    .ok();
    let mut y = top + PANEL_HEAD - 4.0;
    for stroke in strokes {
        draw_stroke(svg, stroke, &scale, y);
        y += BAR_STEP;
    }
    writeln!(
        svg,
        r##"<path d="M{BAR_X} {}V{}" stroke="#9aa5b1" stroke-width="1"/>"##,
        top + PANEL_HEAD - 7.0,
        y - 3.0
    )
    .ok();
    y + PANEL_GAP
}

/// The chart of a family, or `None` when nothing of it was measured.
pub(crate) fn draw(run: &Run, title: &str, family: &[&Workload]) -> Option<String> {
    let mut body = String::new();
    let mut y = MARGIN + 40.0;
    let mut drawn = false;
    for workload in family {
        let strokes = strokes(run, workload);
        if !strokes.is_empty() {
            y = draw_panel(&mut body, workload, &strokes, y);
            drawn = true;
        }
    }
    drawn.then(|| {
        let workers = run.workers;
        format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" width="{WIDTH}" height="{y}" font-family="Helvetica, Arial, 'DejaVu Sans', sans-serif" font-size="12.5">
<rect width="{WIDTH}" height="{y}" rx="8" fill="#ffffff"/>
<text x="{MARGIN}" y="{}" font-size="19" font-weight="700" fill="#1f2933">{}</text>
<text x="{}" y="{}" text-anchor="end" font-size="12" fill="#6b7785">shorter is better · {workers} workers · median, line: least to most</text>
{body}</svg>
"##,
            MARGIN + 14.0,
            escape(title),
            WIDTH - MARGIN,
            MARGIN + 14.0,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn figures_are_short_and_grouped() {
        assert_eq!(short(1_234_567.8), "1,234,568");
        assert_eq!(short(348.2), "348");
        assert_eq!(short(48.66), "48.7");
        assert_eq!(short(1.234), "1.23");
    }
}
