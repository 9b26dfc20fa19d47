//! The colours of the style sheet can be told apart: WCAG 2.2, 1.4.3 and 1.4.11, at level AA, light and dark.

use std::collections::HashMap;

const STYLE: &str = include_str!("../../assets/app.css");
const TEXT_MIN: f64 = 4.5;
const MARK_MIN: f64 = 3.0;

/// Words, and what they stand on.
const TEXT: &[(&str, &[&str])] = &[
    (
        "ink",
        &[
            "ground",
            "surface",
            "raised",
            "sunken",
            "accent-soft",
            "warn-soft",
            "bad-soft",
            "good-soft",
            "mark",
        ],
    ),
    ("muted", &["ground", "surface", "raised", "sunken", "accent-soft"]),
    ("accent", &["ground", "surface", "raised", "accent-soft"]),
    ("accent-ink", &["accent"]),
    ("bar-ink", &["bar"]),
    ("bar-muted", &["bar"]),
    ("good", &["good-soft"]),
    ("warn", &["warn-soft"]),
    ("bad", &["bad-soft", "surface"]),
    ("worst", &["worst-soft"]),
    ("chart-text", &["surface"]),
];

/// Edges of fields, focus, bars and lines of charts.
const MARKS: &[(&str, &[&str])] = &[
    ("line-strong", &["ground", "surface", "raised"]),
    ("focus", &["ground", "surface", "raised"]),
    ("chart-1", &["surface", "sunken"]),
    ("chart-2", &["surface", "sunken"]),
    ("bad", &["surface"]),
];

#[test]
fn text_and_marks_stand_out_from_what_is_behind_them() {
    let light = tokens(between(":root {", "@media (prefers-color-scheme: dark)"));
    let chosen = tokens(between(":root[data-theme=\"dark\"] {", ":root[data-theme=\"light\"]"));
    let by_browser = tokens(between("@media (prefers-color-scheme: dark)", ":root[data-theme=\"dark\"] {"));
    assert_eq!(chosen, by_browser, "dark is dark, whoever asks for it");
    let dark: HashMap<&str, [f64; 3]> = light.clone().into_iter().chain(chosen).collect();
    let mut faint = Vec::new();
    for (theme, colours) in [("light", &light), ("dark", &dark)] {
        for (pairs, least) in [(TEXT, TEXT_MIN), (MARKS, MARK_MIN)] {
            for (front, back) in
                pairs.iter().flat_map(|(front, all)| all.iter().map(move |back| (front, back)))
            {
                let found = ratio(colours[front], colours[back]);
                if found < least {
                    faint.push(format!("{theme}: {front} on {back} is {found:.2}"));
                }
            }
        }
    }
    assert_eq!(faint, Vec::<String>::new());
}

fn between(start: &str, end: &str) -> &'static str {
    let rest = &STYLE[STYLE.find(start).unwrap()..];
    &rest[..rest.find(end).unwrap()]
}

/// The tokens that are colours, as red, green and blue from 0 to 1.
fn tokens(block: &'static str) -> HashMap<&'static str, [f64; 3]> {
    let token = |line: &'static str| {
        let (name, value) = line.trim().strip_prefix("--")?.split_once(": #")?;
        let part =
            |at| u8::from_str_radix(value.get(at..at + 2)?, 16).ok().map(|part| f64::from(part) / 255.0);
        Some((name, [part(0)?, part(2)?, part(4)?]))
    };
    block.lines().filter_map(token).collect()
}

fn ratio(one: [f64; 3], other: [f64; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn luminance(colour: [f64; 3]) -> f64 {
    let linear =
        colour.map(|part| if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}
