//! Bytes that mean harm, or nothing: an event comes of everything, and its neighbours are not changed by it.

use crate::helper::Bench;
use parse::Catalogue;
use proptest::prelude::*;
use std::path::Path;
use std::sync::LazyLock;

#[test]
fn the_fuzzers_seeds() {
    use parse::fuzz::{line, lines, stream, xml};
    for (kind, run) in [("line", line as fn(&[u8])), ("lines", lines), ("stream", stream), ("xml", xml)] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(kind);
        let mut seen = 0;
        for entry in folder.read_dir().expect("the seeds are in the repository") {
            run(&std::fs::read(entry.expect("readable").path()).expect("readable"));
            seen += 1;
        }
        assert!(seen > 0, "no seeds in {}", folder.display());
    }
}

#[test]
fn long_lines_of_nothing() {
    let mut bench = Bench::new();
    for part in [
        "a=",
        "[",
        "{\"a\":",
        "\\",
        "<13>",
        "\"",
        "=",
        "from ",
        "user=a ",
        "1,",
        " ",
        "é",
        "- ",
        "<a>",
        "<a x='",
        "<a>&lt;",
        "<![CDATA[",
        "<a/>",
        "1\t",
        "#fields\t",
        "#011",
        "a: ",
        "name: a  ",
        "\0a",
    ] {
        let line = part.repeat(200_000 / part.len());
        let got = bench.json(line.as_bytes());
        assert_eq!(got["event.original"].as_str().map(str::len), Some(line.len()), "{part:?}");
    }
}

fn samples() -> &'static [String] {
    static LINES: LazyLock<Vec<String>> = LazyLock::new(|| {
        let catalogue = Catalogue::builtin();
        catalogue.types().flat_map(|info| info.samples.iter().map(|sample| sample.line.clone())).collect()
    });
    &LINES
}

#[test]
fn every_beginning_of_every_sample() {
    // Every place in the first part of a line, and so many in the rest: that is where most is decided.
    const PLACES: usize = 100;
    for line in samples() {
        let rest = line.len().saturating_sub(PLACES);
        for end in (0..line.len().min(PLACES)).chain((PLACES..line.len()).step_by(rest / PLACES + 1)) {
            parse::fuzz::line(&line.as_bytes()[..end]);
        }
    }
}

/// A line may depend on the lines before it only where two source types write alike, and where a header tells columns.
#[test]
fn history_changes_nothing() {
    let catalogue = Catalogue::builtin();
    let headed = |sample: &parse::Sample| sample.expect.iter().any(|(_, value)| value == "log-header");
    let types = catalogue.types().filter(|info| !info.samples.iter().any(headed));
    let lines: Vec<_> = types.flat_map(|info| &info.samples).map(|sample| &sample.line).collect();
    let lines: Vec<_> = lines.into_iter().filter(|line| !line.contains("HTTP/")).collect();
    let (mut forward, mut backward) = (Bench::new(), Bench::new());
    let first: Vec<_> = lines.iter().map(|line| forward.json(line.as_bytes())).collect();
    let second: Vec<_> = lines.iter().rev().map(|line| backward.json(line.as_bytes())).collect();
    for ((line, one), other) in lines.iter().zip(&first).zip(second.iter().rev()) {
        assert_eq!(one, other, "{line}");
    }
}

#[test]
fn lines_that_two_types_write_alike_follow_the_source() {
    let access = br#"10.0.0.1 - - [22/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "curl/8""#;
    let mut bench = Bench::new();
    assert_eq!(bench.fields(access)["sperwer.source_type"], "nginx-access");
    bench.fields(b"[Sun Nov 22 11:05:10 2026] [error] [client 203.0.113.61] File does not exist: /x");
    assert_eq!(bench.fields(access)["sperwer.source_type"], "apache-access");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn random_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        parse::fuzz::line(&bytes);
        parse::fuzz::stream(&bytes);
    }

    #[test]
    fn columns_that_headers_tell(
        parts in proptest::collection::vec(
            "(#fields|#types|#path|#separator \\\\x09|#Fields: |#unset_field|ts|1795348800.5|10.0.0.1|time|string|date|-|T|é|\"|,| |\t|\t|\t|\n|\n)",
            0..60,
        ),
    ) {
        parse::fuzz::lines(parts.concat().as_bytes());
    }

    #[test]
    fn texts_with_brackets(parts in proptest::collection::vec("(<a|<b|</a>|</b>|/>|>| x='|'|&amp;|&#6|;|<!--|-->|<![CDATA[|]]>|<?|[a-cé ])", 0..60)) {
        parse::fuzz::xml(parts.concat().as_bytes());
    }

    #[test]
    fn samples_with_a_few_bytes_changed(
        pick in any::<prop::sample::Index>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = pick.get(samples()).clone().into_bytes();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        parse::fuzz::line(&bytes);
    }
}
