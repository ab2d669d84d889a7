//! Panels as SVG: text, lines and rectangles, so that any browser shows it and git compares it.
//!
//! It decides where things stand, and nothing else.

use std::fmt::Write as _;

use super::{
    Marks, Panel, Plot,
    axis::{Axis, number},
};

/// All lengths are in pixels.
const WIDTH: f64 = 760.0;
const HEAD: f64 = 56.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 150.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 44.0;

/// Colours that people who see fewer colours tell apart (Okabe and Ito, 2008).
const COLOURS: [&str; 7] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000",
];

/// Draws it all.
pub(super) fn draw(title: &str, case: &str, plot: &Plot) -> String {
    let height = HEAD + HEIGHT * plot.panels.len() as f64;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    text(
        &mut out,
        (10.0, 20.0),
        "start",
        "font-weight=\"bold\"",
        title,
    );
    text(&mut out, (10.0, 38.0), "start", "fill=\"#555\"", case);
    for (index, one) in plot.panels.iter().enumerate() {
        panel(&mut out, HEAD + HEIGHT * index as f64, one);
    }
    out.push_str("</svg>\n");
    out
}

fn panel(out: &mut String, top: f64, panel: &Panel) {
    let floor = top + HEIGHT - BOTTOM;
    let values = heights(&panel.marks);
    let asked = panel.asked.iter().map(|(_, at)| *at);
    let y = Axis::from_zero(values.into_iter().chain(asked));
    let up = |value: f64| floor - y.place(value) * (HEIGHT - TOP - BOTTOM);
    text(
        out,
        (LEFT, top + 14.0),
        "start",
        "font-weight=\"bold\"",
        &panel.title,
    );
    text(out, (LEFT, top + 28.0), "start", "fill=\"#555\"", &panel.y);
    for tick in y.ticks() {
        line(
            out,
            (LEFT, up(tick)),
            (WIDTH - RIGHT, up(tick)),
            "stroke=\"#ddd\"",
        );
        text(out, (LEFT - 6.0, up(tick) + 4.0), "end", "", &number(tick));
    }
    match &panel.marks {
        Marks::Bars(bars) => self::bars(out, floor, &up, bars),
        Marks::Lines { x, is_log, series } => {
            let places = series
                .iter()
                .flat_map(|(_, points)| points)
                .map(|(x, _)| *x);
            let along = Axis::along(places, *is_log);
            lines(out, floor, &up, (x, &along), series);
        }
    }
    if let Some((name, at)) = &panel.asked {
        let style = "stroke=\"#a00\" stroke-dasharray=\"5 4\"";
        line(out, (LEFT, up(*at)), (WIDTH - RIGHT, up(*at)), style);
        text(
            out,
            (WIDTH - RIGHT + 6.0, up(*at) + 4.0),
            "start",
            "fill=\"#a00\"",
            name,
        );
    }
}

fn heights(marks: &Marks) -> Vec<f64> {
    match marks {
        Marks::Bars(bars) => bars.iter().map(|(_, value)| *value).collect(),
        Marks::Lines { series, .. } => {
            let points = series.iter().flat_map(|(_, points)| points);
            points.map(|(_, y)| *y).collect()
        }
    }
}

fn bars(out: &mut String, floor: f64, up: &impl Fn(f64) -> f64, bars: &[(String, f64)]) {
    let slot = (WIDTH - LEFT - RIGHT) / bars.len().max(1) as f64;
    for (index, (name, value)) in bars.iter().enumerate() {
        let (left, width) = (LEFT + slot * (index as f64 + 0.2), slot * 0.6);
        let (top, colour) = (up(*value), COLOURS[index % COLOURS.len()]);
        let _ = writeln!(
            out,
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{:.1}\" fill=\"{colour}\"/>",
            floor - top
        );
        let middle = left + width / 2.0;
        text(out, (middle, top - 4.0), "middle", "", &number(*value));
        text(out, (middle, floor + 16.0), "middle", "", name);
    }
}

fn lines(
    out: &mut String,
    floor: f64,
    up: &impl Fn(f64) -> f64,
    (name, along): (&str, &Axis),
    series: &[(String, Vec<(f64, f64)>)],
) {
    let right = |value: f64| LEFT + along.place(value) * (WIDTH - LEFT - RIGHT);
    for tick in along.ticks() {
        text(
            out,
            (right(tick), floor + 16.0),
            "middle",
            "",
            &number(tick),
        );
    }
    text(
        out,
        (WIDTH - RIGHT, floor + 32.0),
        "end",
        "fill=\"#555\"",
        name,
    );
    for (index, (name, points)) in series.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        let place = |(x, y): &(f64, f64)| format!("{:.1},{:.1}", right(*x), up(*y));
        let points: Vec<_> = points.iter().map(place).collect();
        let _ = writeln!(
            out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.8\"/>",
            points.join(" ")
        );
        let at = floor - HEIGHT + TOP + BOTTOM + 6.0 + 16.0 * index as f64;
        let style = format!("fill=\"{colour}\"");
        text(out, (WIDTH - RIGHT + 6.0, at), "start", &style, name);
    }
}

fn line(out: &mut String, (x1, y1): (f64, f64), (x2, y2): (f64, f64), style: &str) {
    let _ = writeln!(
        out,
        "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" {style}/>"
    );
}

fn text(out: &mut String, (x, y): (f64, f64), anchor: &str, style: &str, text: &str) {
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let _ = writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" {style}>{text}</text>"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(marks: Marks) -> String {
        let panel = Panel {
            title: "p50 & p99".to_owned(),
            y: "ns".to_owned(),
            marks,
            asked: Some(("<= 200".to_owned(), 200.0)),
        };
        let plot = Plot {
            panels: vec![panel],
        };
        draw("H1", "a case", &plot)
    }

    #[test]
    fn bars_stand_on_the_floor_and_are_as_high_as_their_values() {
        let bars = vec![("ours".to_owned(), 100.0), ("crate".to_owned(), 50.0)];
        let svg = drawn(Marks::Bars(bars));
        // The axis goes to 200, over 182 pixels.
        for height in ["height=\"91.0\"", "height=\"45.5\""] {
            assert!(svg.contains(height), "{svg}");
        }
        assert!(
            svg.contains("p50 &amp; p99") && svg.contains("&lt;= 200"),
            "{svg}"
        );
    }

    #[test]
    fn lines_go_from_edge_to_edge() {
        let points = vec![(1.0, 0.0), (10.0, 100.0), (100.0, 200.0)];
        let svg = drawn(Marks::Lines {
            x: "members".to_owned(),
            is_log: true,
            series: vec![("ours".to_owned(), points)],
        });
        let want = "points=\"70.0,272.0 340.0,181.0 610.0,90.0\"";
        assert!(svg.contains(want), "{svg}");
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        for marks in [
            Marks::Bars(Vec::new()),
            Marks::Lines {
                x: "t".to_owned(),
                is_log: true,
                series: Vec::new(),
            },
        ] {
            let svg = drawn(marks);
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }
}
