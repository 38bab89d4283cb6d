//! From time to places in the picture: rows like lines of a text, with ticks at round times.

/// Where things are drawn, in pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    /// What the whole run took.
    pub(crate) total_ns: u64,
    /// Time is broken into so many rows.
    pub(crate) rows: usize,
    /// The width of a row.
    pub(crate) width: f64,
}

/// A part of a bar that lies in one row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Piece {
    pub(crate) row: usize,
    pub(crate) x: f64,
    pub(crate) width: f64,
}

/// So wide a bar should be on average, to be told from its neighbours.
const WANTED_WIDTH: f64 = 11.0;

/// More rows and lanes would be too high a picture.
const MAX_ROWS: usize = 16;
const MAX_ROWS_BY_LANES: usize = 96;

impl Scale {
    /// Rows enough for the busiest lane.
    pub(crate) fn new(total_ns: u64, width: f64, lanes: usize, longest_lane: usize) -> Self {
        let wanted = (longest_lane as f64 * WANTED_WIDTH / width).ceil() as usize;
        let most = (MAX_ROWS_BY_LANES / lanes.max(1)).clamp(1, MAX_ROWS);
        Self { total_ns: total_ns.max(1), rows: wanted.clamp(1, most), width }
    }

    /// How much time a row shows.
    pub(crate) fn row_ns(&self) -> f64 {
        self.total_ns as f64 / self.rows as f64
    }

    /// The parts of a stretch of time.
    pub(crate) fn pieces(&self, begun: u64, ended: u64) -> impl Iterator<Item = Piece> {
        let row_ns = self.row_ns();
        let (begun, ended) = (begun as f64 / row_ns, ended as f64 / row_ns);
        let last = self.rows - 1;
        let first_row = (begun as usize).min(last);
        let last_row = (ended.ceil() as usize).saturating_sub(1).clamp(first_row, last);
        let width = self.width;
        (first_row..=last_row).map(move |row| {
            let from = (begun - row as f64).max(0.0);
            let to = (ended - row as f64).min(1.0);
            Piece { row, x: from * width, width: (to - from).max(0.0) * width }
        })
    }

    /// Round times in a row, about every hundred pixels: place and milliseconds.
    pub(crate) fn ticks(&self, row: usize) -> Vec<(f64, f64)> {
        let row_ns = self.row_ns();
        let (from, to) = (row as f64 * row_ns, (row + 1) as f64 * row_ns);
        let step = round_up(row_ns / (self.width / 100.0));
        let first = (from / step).ceil() as u64;
        let last = (to / step).floor() as u64;
        let place = |tick: u64| {
            let at = tick as f64 * step;
            ((at - from) / row_ns * self.width, at / 1e6)
        };
        (first..=last).map(place).collect()
    }
}

/// The next number of the form 1, 2 or 5 times a power of ten.
fn round_up(value: f64) -> f64 {
    let power = 10_f64.powf(value.max(1.0).log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0];
    let factor = steps.into_iter().find(|factor| factor * power >= value).unwrap_or(10.0);
    factor * power
}

#[cfg(test)]
mod tests {
    use super::{Scale, round_up};

    #[test]
    fn a_bar_goes_on_in_the_next_row() {
        let scale = Scale { total_ns: 1000, rows: 2, width: 100.0 };
        let pieces: Vec<_> = scale.pieces(400, 600).collect();
        assert_eq!(pieces.len(), 2);
        assert_eq!((pieces[0].row, pieces[1].row), (0, 1));
        assert!((pieces[0].x - 80.0).abs() < 1e-9 && (pieces[1].width - 20.0).abs() < 1e-9);
        assert_eq!(scale.pieces(1000, 1000).count(), 1, "nothing is lost at the very end");
    }

    #[test]
    fn steps_are_round() {
        let steps = [1.0, 1.1, 30.0, 51.0, 999.0].map(round_up);
        assert_eq!(steps.map(|step| step as u64), [1, 2, 50, 100, 1000]);
    }
}
