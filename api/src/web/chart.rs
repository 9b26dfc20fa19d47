//! Charts as SVG, drawn with plotters and coloured by the style sheet, each with a text for those who do not see it.

use super::format;
use crate::identity::Language;
use minijinja::Value;
use minijinja::value::Value as Html;
use plotters::coord::Shift;
use plotters::prelude::*;

/// Size of a chart that has the page's width, in its own units; on the page it takes the width that there is.
pub const WIDE: (u32, u32) = (1200, 170);
/// Size of a chart that has half the page's width.
pub const HALF: (u32, u32) = (640, 210);
/// Most bars in a chart; more would be thinner than a pixel.
pub const BARS_MAX: usize = 400;

// Colours that stand for tokens of the style sheet: no chart uses them for themselves.
const SERIES: RGBColor = RGBColor(1, 0, 0);
const SECOND: RGBColor = RGBColor(2, 0, 0);
const GRID: RGBColor = RGBColor(3, 0, 0);
const TEXT: RGBColor = RGBColor(4, 0, 0);
const LIMIT: RGBColor = RGBColor(5, 0, 0);
const HALO: RGBColor = RGBColor(6, 0, 0);
const TOKENS: [(&str, &str); 6] = [
    ("#010000", "var(--chart-1)"),
    ("#020000", "var(--chart-2)"),
    ("#030000", "var(--chart-grid)"),
    ("#040000", "var(--chart-text)"),
    ("#050000", "var(--bad)"),
    ("#060000", "var(--surface)"),
];

/// One bar.
#[derive(Clone, Debug)]
pub struct Bar {
    /// What stands under it; not every label is drawn when there are many.
    pub label: String,
    /// Its height.
    pub value: f64,
    /// A point of the second series above it.
    pub line: Option<f64>,
}

/// Why a chart could not be drawn: only a bug here can cause it, so a page shows its text instead.
type Drawn = Result<String, Box<dyn std::error::Error>>;

/// Bars over time, with a second series as a line and a limit as a dashed line.
#[must_use]
pub fn bars(bars: &[Bar], limit: Option<f64>, size: (u32, u32), text: &str, language: Language) -> Value {
    let shown = &bars[..bars.len().min(BARS_MAX)];
    finished(draw_bars(shown, limit, size, language), size, text)
}

/// A line without axes, as wide as a word.
#[must_use]
pub fn spark(values: &[f64], text: &str) -> Value {
    const SIZE: (u32, u32) = (144, 32);
    finished(draw_spark(values, SIZE), SIZE, text)
}

fn draw_bars(bars: &[Bar], limit: Option<f64>, size: (u32, u32), language: Language) -> Drawn {
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let highest = bars.iter().flat_map(|bar| [Some(bar.value), bar.line]).chain([limit]).flatten();
        let top = highest.fold(0.0_f64, f64::max).max(1.0) * 1.08;
        let count = bars.len().max(1) as f64;
        // The label of the last bar may stand out of it by half its width.
        let room_right = bars.iter().map(|bar| bar.label.len() as u32 * 3).max().unwrap_or(0).max(6);
        let mut chart = ChartBuilder::on(&root)
            .margin_top(6)
            .margin_right(room_right)
            .x_label_area_size(22)
            .y_label_area_size(56)
            .build_cartesian_2d(-0.5..count - 0.5, 0.0..top)?;
        let label = |x: &f64| label_at(bars, *x);
        let style = ("sans-serif", 12).into_font().color(&TEXT);
        chart
            .configure_mesh()
            .disable_x_mesh()
            .bold_line_style(GRID)
            .light_line_style(TRANSPARENT)
            .axis_style(GRID)
            .x_labels(bars.len().clamp(1, size.0 as usize / 80))
            .y_labels(5)
            .x_label_formatter(&label)
            .y_label_formatter(&|y| short(*y, language))
            .label_style(style)
            .draw()?;
        let gap = if bars.len() > 60 { 0.05 } else { 0.15 };
        chart.draw_series(bars.iter().enumerate().filter(|(_, bar)| bar.value > 0.0).map(|(at, bar)| {
            let corners = [(at as f64 - 0.5 + gap, 0.0), (at as f64 + 0.5 - gap, bar.value)];
            Rectangle::new(corners, SERIES.filled())
        }))?;
        let line: Vec<(f64, f64)> =
            bars.iter().enumerate().filter_map(|(at, bar)| Some((at as f64, bar.line?))).collect();
        // The line crosses the bars, whose colour is about as dark as its own: a rim keeps the two apart.
        chart.draw_series(LineSeries::new(line.clone(), HALO.stroke_width(6)))?;
        chart.draw_series(line.iter().map(|point| Circle::new(*point, 5, HALO.filled())))?;
        chart.draw_series(LineSeries::new(line.clone(), SECOND.stroke_width(2)))?;
        chart.draw_series(line.into_iter().map(|point| Circle::new(point, 3, SECOND.filled())))?;
        if let Some(limit) = limit {
            let ends = [(-0.5, limit), (count - 0.5, limit)];
            chart.draw_series(DashedLineSeries::new(ends, 6, 4, LIMIT.stroke_width(2)))?;
        }
        root.present()?;
    }
    Ok(svg)
}

/// Bars stand at whole numbers; the mesh asks for labels in between too when there are few.
fn label_at(bars: &[Bar], x: f64) -> String {
    let bar = if x.fract().abs() < 1e-6 && x >= 0.0 { bars.get(x as usize) } else { None };
    bar.map_or_else(String::new, |bar| bar.label.clone())
}

fn draw_spark(values: &[f64], size: (u32, u32)) -> Drawn {
    let mut svg = String::new();
    {
        let root: DrawingArea<SVGBackend<'_>, Shift> =
            SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(*value), high.max(*value))
        });
        let room = ((high - low) * 0.15).max(0.5);
        let last = values.len().saturating_sub(1).max(1) as f64;
        let mut chart =
            ChartBuilder::on(&root).margin(3).build_cartesian_2d(0.0..last, low - room..high + room)?;
        let points: Vec<(f64, f64)> =
            values.iter().enumerate().map(|(at, value)| (at as f64, *value)).collect();
        chart.draw_series(LineSeries::new(points.clone(), SERIES.stroke_width(2)))?;
        chart.draw_series(points.last().map(|point| Circle::new(*point, 3, SECOND.filled())))?;
        root.present()?;
    }
    Ok(svg)
}

/// A label of the value axis.
fn short(value: f64, language: Language) -> String {
    let decimal = |value, places| format::decimal(value, places, language);
    match value {
        v if v >= 1e9 => format!("{}G", decimal(v / 1e9, 1)),
        v if v >= 1e6 => format!("{}M", decimal(v / 1e6, 1)),
        v if v >= 1e4 => format!("{}k", decimal(v / 1e3, 0)),
        v if v.fract().abs() < 1e-9 => decimal(v, 0),
        v => decimal(v, 1),
    }
}

/// Puts tokens in for colours, the text alternative in, and lets the page choose the size.
fn finished(drawn: Drawn, (width, height): (u32, u32), text: &str) -> Html {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    let Ok(svg) = drawn else { return Html::from(text.to_owned()) };
    let opening = format!(
        "<svg role=\"img\" aria-label=\"{escaped}\" viewBox=\"0 0 {width} {height}\" xmlns=\"http://www.w3.org/2000/svg\">"
    );
    let inside = svg.split_once('>').map_or("", |(_, rest)| rest);
    let mut out = format!("{opening}{inside}");
    for (colour, token) in TOKENS {
        out = out.replace(colour, token);
    }
    Html::from_safe_string(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_has_its_bars_its_tokens_and_its_text() {
        let data: Vec<Bar> =
            (0..3).map(|n| Bar { label: format!("m{n}"), value: f64::from(n), line: Some(1.0) }).collect();
        let svg = bars(&data, Some(2.5), HALF, "three \"months\"", Language::Nl).to_string();
        assert_eq!(svg.matches("<rect").count(), 2, "{svg}");
        assert!(svg.contains("aria-label=\"three &quot;months&quot;\""), "{svg}");
        assert!(
            svg.contains("var(--chart-1)") && svg.contains("var(--bad)") && svg.contains("var(--chart-2)")
        );
        assert!(!svg.contains("style="), "inline styles are against the content security policy: {svg}");
    }

    #[test]
    fn nothing_to_draw_is_no_failure() {
        assert!(bars(&[], None, WIDE, "empty", Language::En).to_string().starts_with("<svg"));
        assert!(spark(&[], "empty").to_string().contains("empty"));
        assert!(spark(&[1.0], "one").to_string().starts_with("<svg"));
    }
}
