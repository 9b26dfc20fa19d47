//! Patterns that no line reaches, because an earlier one takes every line that they would take.
//!
//! A pattern is written out as a line, its holes filled with what no other pattern's text can hold. A pattern that
//! matches this line does so by its own holes alone, so it matches whatever else stands there too.

use super::Report;
use super::document::{Document, tables, texts_of};
use crate::catalogue::pieces::{Piece, pieces, shape};
use crate::catalogue::written::Entry;
use crate::pattern::{Pattern, Spans};
use event::FieldTable;
use std::cmp::Reverse;

/// Optional parts beyond so many are written out all or none.
const OPTIONS_MAX: usize = 4;

struct Held<'e> {
    line: usize,
    text: &'e str,
    code: &'e [String],
    pattern: Pattern,
}

/// Reports patterns that are never reached.
pub(super) fn check(document: &Document<'_>, entry: &Entry, report: &mut Report<'_>) {
    let fields = FieldTable::new();
    let mut held = Vec::new();
    for (table, written) in tables(document.table, "pattern").into_iter().zip(&entry.pattern) {
        for (at, text) in texts_of(table, "text") {
            let Ok(pattern) = Pattern::compile(text, &fields) else { continue };
            held.push(Held { line: document.line_at(at), text, code: &written.code, pattern });
        }
    }
    // In the order in which they are tried: those that start with text first, the longest text before the others.
    let order = |held: &Held<'_>| {
        let prefix = held.pattern.prefix();
        (prefix.is_empty(), Reverse(prefix.len()))
    };
    held.sort_by_key(order);
    for (at, late) in held.iter().enumerate() {
        let lines = written_out(late.text);
        // A pattern with codes is tried on lines of those codes alone, and before all others.
        let before = held[..at].iter().filter(|early| early.code == late.code);
        let takes_all = |early: &&Held<'_>| {
            let mut spans = Spans::new();
            !lines.is_empty() && lines.iter().all(|line| early.pattern.matches(line, &mut spans))
        };
        if let Some(early) = before.into_iter().find(takes_all) {
            let text = format!(
                "the pattern is never reached: the one on line {} takes every line that it would take",
                early.line
            );
            report.note(late.line, text);
        }
    }
}

/// The lines that a pattern takes, as far as their kinds go: with and without optional parts, holes filled in every
/// way that matters.
fn written_out(text: &str) -> Vec<String> {
    let Some(pieces) = pieces(text) else { return Vec::new() };
    let options = pieces.iter().filter(|(piece, _)| matches!(piece, Piece::Optional(_))).count();
    let choices: Vec<u32> =
        if options <= OPTIONS_MAX { (0..1 << options).collect() } else { vec![0, u32::MAX] };
    let mut lines = Vec::new();
    for chosen in choices {
        for fill in 0..2 {
            let (mut line, mut option) = (String::new(), 0);
            for (piece, _) in &pieces {
                if let Piece::Optional(inside) = piece {
                    if option < u32::BITS && chosen & (1 << option) != 0 {
                        inside.iter().for_each(|piece| write(piece, fill, &mut line));
                    }
                    option += 1;
                } else {
                    write(piece, fill, &mut line);
                }
            }
            lines.push(line);
        }
    }
    lines
}

fn write(piece: &Piece<'_>, fill: usize, line: &mut String) {
    match piece {
        Piece::Text(text) => line.push_str(text),
        Piece::Hole(hole) => line.push_str(filled(hole, fill)),
        Piece::Optional(_) => {}
    }
}

/// What fills a hole. Characters for private use stand in no pattern's text.
fn filled(hole: &str, fill: usize) -> &'static str {
    let fills = match shape(hole) {
        "word" => ["\u{e000}", "\u{e000}\"\u{e001}"],
        "number" => ["70707", "8"],
        "ip" => ["203.0.113.207", "2001:db8::7e57"],
        "ip4" => ["203.0.113.207", "198.51.100.77"],
        "time" => ["2026-11-22T10:00:00Z", "Nov 22 10:00:00"],
        "level" => ["warning", "ERROR"],
        "letter" => ["q", "Z"],
        "name" => ["qzx.qzv", "Zq.vx.q"],
        "blanks" => [" ", " \t"],
        "quoted" => ["\u{e000} \u{e001}", "\u{e000}"],
        _ => ["\u{e000} \"\u{e001}", "\u{e000}"],
    };
    fills[fill]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes_all(early: &str, late: &str) -> bool {
        let pattern = Pattern::compile(early, &FieldTable::new()).expect("a good pattern");
        let mut spans = Spans::new();
        written_out(late).iter().all(|line| pattern.matches(line, &mut spans))
    }

    #[test]
    fn what_takes_all_of_another_is_known() {
        for (early, late, want) in [
            ("login of {user.name}", "login of {user.name} from {source.ip}", true),
            ("login of {user.name} from {source.ip}", "login of {user.name}", false),
            ("login of {user.name:word}", "login of {user.name}", false),
            ("login of {user.name}", "login of {user.name:word}", true),
            ("a {source.ip} b", "a {source.ip|host} b", false),
            ("a {source.ip|host} b", "a {source.ip} b", true),
            ("a {source.ip:ip4}", "a {source.ip}", false),
            ("a{? b?}", "a", true),
            ("a", "a{? b?}", false),
            ("port {source.port}", "port {destination.port}", true),
            ("\"{url.original:quoted}\" {_:rest}", "\"{url.original:any}\" x", false),
            ("\"{url.original:any}\" {_:rest}", "\"{url.original:quoted}\" x", true),
            ("port 8", "port {source.port}", false),
        ] {
            assert_eq!(takes_all(early, late), want, "{early} / {late}");
        }
    }
}
