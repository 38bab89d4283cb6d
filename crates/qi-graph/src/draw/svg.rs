//! A finished run as a picture: time to the right, a lane for each node that ran at the same time.

use super::scale::{Piece, Scale};
use super::{Bar, BarKind, escape_markup, lane};
use std::fmt::Write;

/// Everything that is drawn.
pub(crate) struct Timeline<'a> {
    pub(crate) title: String,
    pub(crate) bars: &'a [Bar],
    /// The nodes of the path that the run's length is due to.
    pub(crate) critical: &'a [u32],
    pub(crate) total_ns: u64,
}

const WIDTH: f64 = 1400.0;
const LEFT: f64 = 90.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 76.0;
const AXIS: f64 = 30.0;
/// The strip of the critical path above the lanes, and the gap below it.
const STRIP: f64 = 20.0;
const STRIP_GAP: f64 = 6.0;
/// More lanes are not drawn one by one.
const MAX_LANES: usize = 200;
/// Bars narrower than this are drawn together with their neighbours.
const NARROW: f64 = 0.8;
/// A letter of the labels, on average.
const LETTER: f64 = 6.3;

const CRITICAL: &str = "#1d4e9e";
const CALM: [&str; 2] = ["#a9c8f0", "#8fb6e6"];

fn colour(kind: BarKind, critical: bool, position: usize) -> &'static str {
    match kind {
        BarKind::Done if critical => CRITICAL,
        BarKind::Done => CALM[position % 2],
        BarKind::Skipped => "#efe3a0",
        BarKind::Retried => "#f0a23c",
        BarKind::Failed => "#cf3a3a",
        BarKind::Cancelled => "#bdbdbd",
    }
}

const LEGEND: [(&str, &str); 6] = [
    (CALM[1], "done"),
    (CRITICAL, "on the critical path"),
    ("#f0a23c", "failed attempt, tried again"),
    ("#cf3a3a", "failed"),
    ("#bdbdbd", "cancelled"),
    ("#efe3a0", "skipped itself"),
];

struct Picture<'a> {
    timeline: &'a Timeline<'a>,
    scale: Scale,
    lanes: Vec<Vec<usize>>,
    is_critical: Vec<bool>,
    lane_height: f64,
    svg: String,
}

/// The picture as SVG.
pub(crate) fn write(timeline: &Timeline<'_>) -> String {
    let mut lanes = lane::assign(timeline.bars);
    let hidden = lanes.len().saturating_sub(MAX_LANES);
    lanes.truncate(MAX_LANES);
    let longest = lanes.iter().map(Vec::len).max().unwrap_or(0);
    let scale = Scale::new(timeline.total_ns, WIDTH - LEFT - RIGHT, lanes.len(), longest);
    let mut critical: Vec<u32> = timeline.critical.to_vec();
    critical.sort_unstable();
    let on_path = |bar: &Bar| bar.node.is_some_and(|node| critical.binary_search(&node).is_ok());
    let is_critical = timeline.bars.iter().map(on_path).collect();
    let lane_height = (720.0 / lanes.len().max(1) as f64).clamp(5.0, 24.0);
    let mut picture =
        Picture { timeline, scale, lanes, is_critical, lane_height, svg: String::new() };
    picture.head(hidden);
    for row in 0..picture.scale.rows {
        picture.axis(row);
    }
    picture.lanes();
    picture.strip();
    picture.svg.push_str("</svg>\n");
    picture.svg
}

impl Picture<'_> {
    fn row_height(&self) -> f64 {
        STRIP + STRIP_GAP + self.lanes.len() as f64 * self.lane_height + AXIS
    }

    fn row_top(&self, row: usize) -> f64 {
        TOP + row as f64 * self.row_height()
    }

    /// Adds a piece of markup. Writing to a string does not fail.
    fn put(&mut self, markup: std::fmt::Arguments<'_>) {
        let _ = self.svg.write_fmt(markup);
        self.svg.push('\n');
    }

    fn head(&mut self, hidden: usize) {
        let height = self.row_top(self.scale.rows) + 10.0;
        self.put(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" \
             width=\"{WIDTH}\" height=\"{height:.0}\" font-family=\"sans-serif\" font-size=\"11\">"
        ));
        self.put(format_args!("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>"));
        let title = escape_markup(&self.timeline.title);
        self.put(format_args!("<text x=\"{LEFT}\" y=\"26\" font-size=\"16\">{title}</text>"));
        let mut x = LEFT;
        for (fill, text) in LEGEND {
            self.put(format_args!(
                "<rect x=\"{x}\" y=\"40\" width=\"14\" height=\"14\" fill=\"{fill}\"/>\
                 <text x=\"{:.0}\" y=\"51\">{text}</text>",
                x + 19.0
            ));
            x += 19.0 + 20.0 + text.len() as f64 * LETTER;
        }
        if hidden > 0 {
            self.put(format_args!(
                "<text x=\"{x}\" y=\"51\" fill=\"#cf3a3a\">{hidden} more lanes are not drawn</text>"
            ));
        }
    }

    /// The time axis of a row, with lines behind the bars, and the lanes' numbers.
    fn axis(&mut self, row: usize) {
        let top = self.row_top(row);
        let bottom = top + self.row_height() - AXIS;
        let right = WIDTH - RIGHT;
        for (x, ms) in self.scale.ticks(row) {
            let x = LEFT + x;
            self.put(format_args!(
                "<path d=\"M{x:.1} {top:.1}V{:.1}\" stroke=\"#dddddd\"/>\
                 <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#555\">{} ms</text>",
                bottom + 3.0,
                bottom + 15.0,
                milliseconds(ms)
            ));
        }
        self.put(format_args!("<path d=\"M{LEFT} {bottom:.1}H{right}\" stroke=\"#888888\"/>"));
        let label = |y: f64, text: &str| {
            format!(
                "<text x=\"{}\" y=\"{y:.1}\" text-anchor=\"end\" fill=\"#555\">{text}</text>",
                LEFT - 8.0
            )
        };
        let strip = label(top + STRIP - 6.0, "critical path");
        self.put(format_args!("{strip}"));
        // Numbers where they do not touch each other.
        let every = (14.0 / self.lane_height).ceil() as usize;
        for lane in (0..self.lanes.len()).step_by(every.max(1)) {
            let y = self.lane_top(row, lane) + self.lane_height / 2.0 + 4.0;
            let number = label(y, &format!("lane {}", lane + 1));
            self.put(format_args!("{number}"));
        }
    }

    fn lane_top(&self, row: usize, lane: usize) -> f64 {
        self.row_top(row) + STRIP + STRIP_GAP + lane as f64 * self.lane_height
    }

    fn lanes(&mut self) {
        for lane in 0..self.lanes.len() {
            let bars = std::mem::take(&mut self.lanes[lane]);
            let mut position = 0;
            while position < bars.len() {
                let together = self.narrow_run(&bars[position..]);
                if together > 1 {
                    self.block(lane, &bars[position..position + together]);
                } else {
                    self.bar(lane, bars[position], position);
                }
                position += together.max(1);
            }
            self.lanes[lane] = bars;
        }
    }

    fn pixels(&self, ns: u64) -> f64 {
        ns as f64 / self.scale.row_ns() * self.scale.width
    }

    /// How many bars from here on are too narrow to be told apart, and calm enough not to matter.
    fn narrow_run(&self, bars: &[usize]) -> usize {
        let mut until = None;
        let fits = |&&number: &&usize| {
            let bar = &self.timeline.bars[number];
            let gap = until.map_or(0, |until| bar.begun.saturating_sub(until));
            until = Some(bar.ended);
            bar.kind == BarKind::Done
                && !self.is_critical[number]
                && self.pixels(bar.ended - bar.begun) < NARROW
                && self.pixels(gap) < NARROW
        };
        bars.iter().take_while(fits).count()
    }

    /// Bars too narrow to be told apart.
    fn block(&mut self, lane: usize, bars: &[usize]) {
        let all = self.timeline.bars;
        let (Some(&first), Some(&last)) = (bars.first(), bars.last()) else { return };
        let busy: u64 = bars.iter().map(|&bar| all[bar].ended - all[bar].begun).sum();
        let busy = milliseconds(busy as f64 / 1e6);
        let title = format!("{} nodes, {busy} ms", bars.len());
        let pieces: Vec<Piece> = self.scale.pieces(all[first].begun, all[last].ended).collect();
        for piece in pieces {
            let y = self.lane_top(piece.row, lane);
            self.rect(piece, y + 1.0, self.lane_height - 2.0, CALM[0], &title);
        }
    }

    fn bar(&mut self, lane: usize, number: usize, position: usize) {
        let bar = &self.timeline.bars[number];
        let fill = colour(bar.kind, self.is_critical[number], position);
        let dark = self.is_critical[number] || bar.kind == BarKind::Failed;
        let title = tooltip(bar);
        let pieces: Vec<Piece> = self.scale.pieces(bar.begun, bar.ended).collect();
        for (number, piece) in pieces.into_iter().enumerate() {
            let (y, height) = (self.lane_top(piece.row, lane) + 1.0, self.lane_height - 2.0);
            self.rect(piece, y, height, fill, &title);
            if height >= 12.0 && number == 0 {
                self.label(piece, y + height / 2.0 + 4.0, &bar.name, dark);
            }
        }
    }

    /// The critical path once more in a strip of its own, where it can be followed.
    fn strip(&mut self) {
        for (position, &node) in self.timeline.critical.iter().enumerate() {
            let Some(bar) = self.timeline.bars.iter().find(|bar| bar.node == Some(node)) else {
                continue;
            };
            let fill = if position % 2 == 0 { CRITICAL } else { "#3f73c4" };
            let fill = if bar.kind == BarKind::Done { fill } else { colour(bar.kind, true, 0) };
            let title = tooltip(bar);
            let pieces: Vec<Piece> = self.scale.pieces(bar.begun, bar.ended).collect();
            for (number, piece) in pieces.into_iter().enumerate() {
                let y = self.row_top(piece.row);
                self.rect(piece, y, STRIP - 2.0, fill, &title);
                if number == 0 {
                    self.label(piece, y + 13.0, &bar.name, true);
                }
            }
        }
    }

    fn rect(&mut self, piece: Piece, y: f64, height: f64, fill: &str, title: &str) {
        // So that the shortest is seen, and neighbours are told apart where there is room.
        let gap = if piece.width > 4.0 { 1.0 } else { 0.0 };
        let width = (piece.width - gap).max(NARROW);
        self.put(format_args!(
            "<rect x=\"{:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
             fill=\"{fill}\"><title>{}</title></rect>",
            LEFT + piece.x,
            escape_markup(title)
        ));
    }

    /// A name, or as much of it as fits.
    fn label(&mut self, piece: Piece, y: f64, name: &str, dark: bool) {
        let room = ((piece.width - 8.0) / LETTER) as usize;
        let letters = name.chars().count();
        let text = match room {
            room if room >= letters => escape_markup(name),
            room if room >= 4 => {
                escape_markup(&name.chars().take(room - 1).collect::<String>()) + "…"
            }
            _ => return,
        };
        let fill = if dark { "white" } else { "#222222" };
        self.put(format_args!(
            "<text x=\"{:.1}\" y=\"{y:.1}\" fill=\"{fill}\" pointer-events=\"none\">{text}</text>",
            LEFT + piece.x + 4.0
        ));
    }
}

fn tooltip(bar: &Bar) -> String {
    let took = (bar.ended - bar.begun) as f64 / 1e6;
    let end = match bar.kind {
        BarKind::Done => "",
        BarKind::Skipped => ", skipped itself",
        BarKind::Retried => ", failed and was tried again",
        BarKind::Failed => ", failed",
        BarKind::Cancelled => ", cancelled",
    };
    format!("{}: {} ms from {} ms{end}", bar.name, milliseconds(took), {
        milliseconds(bar.begun as f64 / 1e6)
    })
}

/// A time with as many digits as tell something.
pub(crate) fn milliseconds(ms: f64) -> String {
    let text = if ms >= 100.0 { format!("{ms:.1}") } else { format!("{ms:.4}") };
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text.is_empty() { "0".to_owned() } else { text.to_owned() }
}
