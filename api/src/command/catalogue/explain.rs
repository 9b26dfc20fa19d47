//! `sperwer catalogue explain`: what became of each line, and why.

use crate::command::own_types::OwnTypes;
use anyhow::Context;
use parse::{Explained, Explainer, Explanation, SourceSettings, Tz};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// Arguments of `sperwer catalogue explain`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The lines; standard input without a file.
    file: Option<PathBuf>,
    /// Read all lines as of this source type, as if it had been fixed for their source.
    #[arg(long = "type", value_name = "NAME")]
    source_type: Option<String>,
    /// The zone of times that carry none.
    #[arg(long, default_value = "UTC", value_name = "ZONE")]
    zone: Tz,
    #[command(flatten)]
    own: OwnTypes,
    /// Print one JSON object for each line.
    #[arg(long)]
    json: bool,
}

/// A longer line is cut here.
const LINE_BYTES_MAX: u64 = 1 << 20;

/// Runs the command.
///
/// # Errors
/// When something cannot be read or the result cannot be printed.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let catalogue = args.own.catalogue()?;
    if let Some(name) = args.source_type.as_deref().filter(|name| catalogue.find(name).is_none()) {
        eprintln!("sperwer: there is no source type {name:?}");
        return Ok(ExitCode::from(2));
    }
    let settings = SourceSettings { zone: args.zone, source_type: args.source_type };
    let mut explainer = Explainer::new(Arc::new(catalogue), settings);
    let input: Box<dyn Read> = match &args.file {
        Some(path) => {
            let unreadable = || format!("cannot read {}", path.display());
            Box::new(std::fs::File::open(path).with_context(unreadable)?)
        }
        None => Box::new(std::io::stdin().lock()),
    };
    let mut output = BufWriter::new(std::io::stdout().lock());
    let mut lines = BufReader::new(input);
    let mut number = 0;
    while let Some(line) = next_line(&mut lines).context("reading the lines")? {
        number += 1;
        let explanation = explainer.explain(&line, crate::clock::now());
        if args.json {
            writeln!(output, "{}", object(number, &explanation))?;
        } else {
            write!(output, "{}", text(number, &line, &explanation))?;
        }
    }
    output.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// The next line without its end, cut at the limit; `None` at the end of the input.
fn next_line(input: &mut impl BufRead) -> std::io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    if input.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if !line.ends_with(b"\n") && line.len() as u64 == LINE_BYTES_MAX {
        input.skip_until(b'\n')?;
    }
    while line.ends_with(b"\n") || line.ends_with(b"\r") {
        line.pop();
    }
    Ok(Some(line))
}

/// An explanation for people.
fn text(number: usize, line: &[u8], it: &Explanation) -> String {
    let mut text = format!("line {number}: {}\n", String::from_utf8_lossy(line));
    let mut say = |what: &str, said: &str| {
        // Writing to text cannot fail.
        let _ = writeln!(text, "  {what:<9} {said}");
    };
    let at = it.reason_at.map(|at| format!(" (byte {at})")).unwrap_or_default();
    let sure = it.sureness.name();
    say("type", &format!("{}, {sure}: {}{at}", it.source_type, it.reason));
    if !it.also.is_empty() {
        say("also", &format!("{} would take it too; `--type NAME` shows how", it.also.join(", ")));
    }
    for pattern in &it.patterns {
        say(pattern.kind, &pattern.text);
    }
    if it.envelope.kind == "none" {
        say("envelope", "none");
    } else {
        let parts: Vec<String> =
            it.envelope.parts.iter().map(|(name, value)| format!("{name} {value}")).collect();
        let before = it.envelope.message_at;
        say("envelope", &format!("{}, {before} bytes: {}", it.envelope.kind, parts.join(", ")));
    }
    say("time", &format!("{}, of the {}", it.time, it.time_from));
    say("status", it.status);
    for (kind, at) in &it.defects {
        say("defect", &format!("{kind} at byte {at}"));
    }
    for near in &it.near {
        let place = match near.at {
            Some(at) => format!("fits up to byte {at}, where it wants {}", near.wanted),
            None => format!("lacks {}", near.wanted),
        };
        say("near", &format!("{} {place}", near.source_type));
        say("", &near.what);
    }
    fields(it, &mut text);
    text
}

fn fields(it: &Explanation, text: &mut String) {
    let width = it.fields.iter().map(|field| field.name.len()).max().unwrap_or(0);
    for field in &it.fields {
        let _ = writeln!(text, "  {:>9} {:<width$}  {}", origin(field), field.name, field.value);
    }
}

/// Where a field is from, in few letters.
fn origin(field: &Explained) -> String {
    match (field.place, field.constant) {
        (Some((from, to)), _) => format!("{from}-{to}"),
        (None, true) => "type".to_owned(),
        (None, false) => "made".to_owned(),
    }
}

/// An explanation for programs.
fn object(number: usize, it: &Explanation) -> Value {
    let field = |field: &Explained| {
        let from = match (field.place, field.constant) {
            (Some((from, to)), _) => json!({ "from": from, "to": to }),
            (None, true) => json!("type"),
            (None, false) => json!("made"),
        };
        json!({ "name": field.name, "value": field.value, "origin": from })
    };
    let parts: serde_json::Map<String, Value> =
        it.envelope.parts.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    json!({
        "line": number,
        "source_type": it.source_type,
        "status": it.status,
        "confidence": it.sureness.name(),
        "reason": it.reason,
        "reason_at": it.reason_at,
        "also": it.also,
        "patterns": it.patterns.iter().map(|hit| json!({ "kind": hit.kind, "text": hit.text })).collect::<Vec<_>>(),
        "envelope": { "kind": it.envelope.kind, "message_at": it.envelope.message_at, "parts": parts },
        "time": it.time.to_string(),
        "time_from": it.time_from,
        "message": it.message,
        "fields": it.fields.iter().map(field).collect::<Vec<_>>(),
        "defects": it.defects.iter().map(|(kind, at)| json!({ "kind": kind, "at": at })).collect::<Vec<_>>(),
        "near": it.near.iter().map(|near| json!({
            "source_type": near.source_type, "what": near.what, "at": near.at, "wanted": near.wanted,
        })).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use event::Timestamp;
    use parse::Catalogue;

    /// 2026-11-22T12:00:00Z.
    const RECEIVED: Timestamp = Timestamp(1_795_348_800_000_000_000);

    const GATE: &str = r#"name = "acme-gate"
[recognise]
app = ["gated"]
[[pattern]]
text = "Gate {acme.gate:number} opened for {user.name:word} from {source.ip}"
set = { "event.action" = "open" }
"#;

    fn explained(lines: &[&str]) -> String {
        let catalogue = Catalogue::with_own(&[("gate.toml", GATE)]).expect("a good entry");
        let mut explainer = Explainer::new(Arc::new(catalogue), SourceSettings::default());
        let mut all = String::new();
        for (at, line) in (1..).zip(lines) {
            all += &text(at, line.as_bytes(), &explainer.explain(line.as_bytes(), RECEIVED));
        }
        all
    }

    #[test]
    fn a_line_that_was_understood_says_why() {
        insta::assert_snapshot!(explained(&[
            "<38>Nov 22 10:00:00 door1 gated[2211]: Gate 7 opened for an from 192.0.2.7",
            r#"{"timestamp":"2026-11-22T10:00:00Z","event_type":"alert","src_ip":"192.0.2.7","flow_id":7}"#,
            "CEF:0|Acme|Gate|1|7|Opened|3|src=192.0.2.7 suser=an",
        ]), @r#"
line 1: <38>Nov 22 10:00:00 door1 gated[2211]: Gate 7 opened for an from 192.0.2.7
  type      acme-gate, certain: its program is `gated`, and a pattern took the whole message (byte 26)
  pattern   Gate {acme.gate:number} opened for {user.name:word} from {source.ip}
  envelope  RFC 3164, 39 bytes: priority 38, time 2026-11-22T10:00:00Z, host door1, program gated, process 2211
  time      2026-11-22T10:00:00Z, of the envelope
  status    parsed
       made log.syslog.facility.code  4
       made log.syslog.severity.code  6
       made log.syslog.severity.name  informational
      20-25 log.syslog.hostname       door1
      26-31 log.syslog.appname        gated
      32-36 log.syslog.procid         2211
      44-45 acme.gate                 7
      57-59 user.name                 an
      65-74 source.ip                 192.0.2.7
       type event.action              open
      20-25 host.name                 door1
      26-31 process.name              gated
      32-36 process.pid               2211
line 2: {"timestamp":"2026-11-22T10:00:00Z","event_type":"alert","src_ip":"192.0.2.7","flow_id":7}
  type      suricata-eve, certain: it has the names `event_type`, `timestamp`, `flow_id` together (byte 37)
  envelope  none
  time      2026-11-22T10:00:00Z, of the message
  status    parsed
      14-34 suricata.timestamp   2026-11-22T10:00:00Z
      50-55 suricata.event_type  alert
      50-55 event.action         alert
      67-76 suricata.src_ip      192.0.2.7
      67-76 source.ip            192.0.2.7
       made suricata.flow_id     7
       type event.category       network
       type event.category       intrusion_detection
       type event.kind           alert
       type event.type           info
       made ocsf.class_uid       2004
       made ocsf.activity_id     1
       type event.module         suricata
       type observer.product     Suricata
       type observer.type        ids
line 3: CEF:0|Acme|Gate|1|7|Opened|3|src=192.0.2.7 suser=an
  type      cef, guess: it is CEF; no source type claims the device `Acme|Gate`
  envelope  none
  time      2026-11-22T12:00:00Z, of the receipt
  status    parsed
        4-5 cef.version                0
       6-10 cef.device.vendor          Acme
       6-10 observer.vendor            Acme
      11-15 cef.device.product         Gate
      11-15 observer.product           Gate
      16-17 cef.device.version         1
      16-17 observer.version           1
      18-19 cef.device.event_class_id  7
      18-19 event.code                 7
      18-19 rule.id                    7
      20-26 cef.name                   Opened
      27-28 cef.severity               3
      33-42 cef.src                    192.0.2.7
      33-42 source.ip                  192.0.2.7
      49-51 cef.suser                  an
      49-51 user.name                  an
      49-51 source.user.name           an
      20-26 event.action               Opened
       type event.kind                 event
"#);
    }

    #[test]
    fn a_line_that_was_not_says_who_came_near() {
        insta::assert_snapshot!(explained(&[
            "<38>Nov 22 10:00:00 door1 gated[2211]: Gate 7 opened for an form 192.0.2.7",
            "Gate 7 opened for an from afar",
            "logid=0000000013 type=traffic srcip=192.0.2.7",
            "the gate is open",
        ]), @r#"
line 1: <38>Nov 22 10:00:00 door1 gated[2211]: Gate 7 opened for an form 192.0.2.7
  type      acme-gate, likely: its program is `gated`; none of its patterns took the message (byte 26)
  envelope  RFC 3164, 39 bytes: priority 38, time 2026-11-22T10:00:00Z, host door1, program gated, process 2211
  time      2026-11-22T10:00:00Z, of the envelope
  status    partial
  near      acme-gate fits up to byte 57, where it wants a word ({user.name:word}) with ` from ` behind it
            Gate {acme.gate:number} opened for {user.name:word} from {source.ip}
       made log.syslog.facility.code  4
       made log.syslog.severity.code  6
       made log.syslog.severity.name  informational
      20-25 log.syslog.hostname       door1
      26-31 log.syslog.appname        gated
      32-36 log.syslog.procid         2211
      20-25 host.name                 door1
      26-31 process.name              gated
      32-36 process.pid               2211
line 2: Gate 7 opened for an from afar
  type      text, guess: it is text that no source type knows; what can safely be read from any text was read
  envelope  none
  time      2026-11-22T12:00:00Z, of the receipt
  status    partial
  near      acme-gate fits up to byte 26, where it wants an address ({source.ip})
            Gate {acme.gate:number} opened for {user.name:word} from {source.ip}
  near      lemonldap-ng fits up to byte 18, where it wants ` (` somewhere behind here
            {?[{log.level:level}] ?}{?Lemonldap::NG : ?}{event.reason:any} for {user.name:any} ({source.ip})
      18-20 user.name  an
line 3: logid=0000000013 type=traffic srcip=192.0.2.7
  type      kv, guess: it is key=value; no source type claims the names in it
  envelope  none
  time      2026-11-22T12:00:00Z, of the receipt
  status    partial
  near      fortigate lacks `devid`
            `devid`, `logid`, `type` together
  near      fortigate lacks `eventtime`
            `logid`, `eventtime`, `type` together
  near      fortigate lacks `devname`
            `devname`, `logid` together
       6-16 kv.logid   0000000013
      22-29 kv.type    traffic
      36-45 kv.srcip   192.0.2.7
      36-45 source.ip  192.0.2.7
line 4: the gate is open
  type      raw, none: nothing in the line tells its type
  envelope  none
  time      2026-11-22T12:00:00Z, of the receipt
  status    raw
"#);
    }

    #[test]
    fn programs_get_an_object_a_line() {
        let catalogue = Catalogue::with_own(&[("gate.toml", GATE)]).expect("a good entry");
        let mut explainer = Explainer::new(Arc::new(catalogue), SourceSettings::default());
        let object = object(1, &explainer.explain(b"Gate 7 opened for an from 192.0.2.7", RECEIVED));
        assert_eq!((&object["source_type"], &object["confidence"]), (&json!("acme-gate"), &json!("certain")));
        let origins = [json!({ "from": 5, "to": 6 }), json!({ "from": 18, "to": 20 })];
        for (at, (name, origin)) in ["acme.gate", "user.name"].iter().zip(origins).enumerate() {
            assert_eq!(
                (&object["fields"][at]["name"], &object["fields"][at]["origin"]),
                (&json!(name), &origin)
            );
        }
        assert_eq!(object["fields"][3]["origin"], "type");
        assert_eq!(object["patterns"][0]["kind"], "pattern");
    }

    #[test]
    fn lines_are_cut_at_their_ends_and_at_the_limit() {
        let long = vec![b'x'; LINE_BYTES_MAX as usize + 10];
        let input = [b"one\r\n\n".as_slice(), &long, b"\nlast"].concat();
        let mut input = input.as_slice();
        let mut lengths = Vec::new();
        while let Some(line) = next_line(&mut input).expect("it is in memory") {
            lengths.push(line.len());
        }
        assert_eq!(lengths, [3, 0, LINE_BYTES_MAX as usize, 4]);
    }
}
