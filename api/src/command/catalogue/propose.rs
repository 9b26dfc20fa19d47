//! `sperwer catalogue new`: a source type proposed from sample lines.

use crate::command::own_types::OwnTypes;
use crate::source_types::pairs;
use anyhow::{Context, ensure};
use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `sperwer catalogue new`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of the source type: lower case with dashes, the vendor first.
    #[arg(long, value_name = "VENDOR-PRODUCT", value_parser = name)]
    name: String,
    /// The file of sample lines, one event a line; `-` for standard input. A few of each kind tell more than many of
    /// one.
    #[arg(long, value_name = "FILE")]
    sample: PathBuf,
    /// The file to write; standard output without it. One that is there is not overwritten.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    own: OwnTypes,
}

/// More than this is no sample, and what it holds beyond is left out.
const SAMPLE_BYTES_MAX: u64 = 4 * 1024 * 1024;

fn name(text: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let good = text.starts_with(|first: char| first.is_ascii_lowercase()) && text.bytes().all(plain);
    let fault = || "use lower case, digits and dashes, such as acme-gate".to_owned();
    good.then(|| text.to_owned()).ok_or_else(fault)
}

/// Runs the command.
///
/// # Errors
/// When the samples or the installation's source types cannot be read, nothing can be proposed, or the file is there or
/// cannot be written.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if let Some(out) = &args.out {
        ensure!(!out.exists(), "{} is there already: choose another name", out.display());
    }
    let sample = sample(&args.sample)?;
    let lines: Vec<&str> = sample.lines().collect();
    let own = args.own.files()?;
    let proposal = parse::propose(&args.name, &lines, &pairs(&own))?;
    match &args.out {
        Some(out) => {
            std::fs::write(out, &proposal.text).with_context(|| format!("cannot write {}", out.display()))?;
        }
        None => print!("{}", proposal.text),
    }
    for remark in &proposal.remarks {
        eprintln!("note: {remark}");
    }
    let (lines, recognised, parsed) = (proposal.lines, proposal.recognised, proposal.parsed);
    eprintln!("{lines} lines, {recognised} recognised as {}, {parsed} parsed as a whole", args.name);
    Ok(ExitCode::SUCCESS)
}

fn sample(path: &std::path::Path) -> anyhow::Result<String> {
    let unreadable = || format!("cannot read {}", path.display());
    let input: Box<dyn Read> = if path.as_os_str() == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(std::fs::File::open(path).with_context(unreadable)?)
    };
    let mut bytes = Vec::new();
    input.take(SAMPLE_BYTES_MAX).read_to_end(&mut bytes).with_context(unreadable)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proposal_is_written_once() {
        let folder = tempfile::tempdir().unwrap();
        let (lines, out) = (folder.path().join("lines.log"), folder.path().join("gate.toml"));
        std::fs::write(
            &lines,
            "<38>Nov 22 10:00:00 door1 gated[7]: Gate opened for an from 192.0.2.7\n\
             <38>Nov 22 10:00:01 door1 gated[7]: Gate opened for bo from 192.0.2.8\n",
        )
        .unwrap();
        let args = |out: &std::path::Path| Args {
            name: "acme-gate".to_owned(),
            sample: lines.clone(),
            out: Some(out.to_owned()),
            own: OwnTypes::default(),
        };
        run(&args(&out)).unwrap();
        insta::assert_snapshot!(std::fs::read_to_string(&out).unwrap(), @r#"
# Proposed from 2 sample lines. Check what is marked so.
name = "acme-gate"
# Check: what people see when they order it.
title = { nl = "Acme Gate", en = "Acme Gate" }
description = { nl = "Gebeurtenissen van Acme Gate.", en = "Events of Acme Gate." }
vendor = "Acme"
product = "Gate"
# Check: letters a to l of Regulation (EU) 2024/2690, annex 3.2.3.
categories = "cd"
# Check: of one usual sender.
events_per_day = 10000
prefix = "acme_gate."

# Check: what tells its lines from those of all others.
[recognise]
app = ["gated"]

[set]
"event.module" = "acme-gate"
"event.kind" = "event"

# Check: what each hole is called, and that nothing is a hole that should not be.
[[pattern]]
text = "Gate opened for {user.name:word|account} from {source.ip}"

# Check: this is what comes of each line now, not yet what should. Names of people and
# machines have no place here: invent others.
[[sample]]
line = "<38>Nov 22 10:00:00 door1 gated[7]: Gate opened for an from 192.0.2.7"
[sample.expect]
"@timestamp" = "2026-11-22T10:00:00Z"
"host.name" = "door1"
"process.name" = "gated"
"process.pid" = "7"
"source.ip" = "192.0.2.7"
"sperwer.parse.status" = "parsed"
"user.name" = "an"

[[sample]]
line = "<38>Nov 22 10:00:01 door1 gated[7]: Gate opened for bo from 192.0.2.8"
[sample.expect]
"@timestamp" = "2026-11-22T10:00:01Z"
"host.name" = "door1"
"process.name" = "gated"
"process.pid" = "7"
"source.ip" = "192.0.2.8"
"sperwer.parse.status" = "parsed"
"user.name" = "bo"
"#);
        let again = run(&args(&out)).unwrap_err();
        assert!(again.to_string().ends_with("gate.toml is there already: choose another name"), "{again}");
    }

    #[test]
    fn a_name_is_plain() {
        assert!(name("acme-gate2").is_ok());
        for bad in ["", "Acme", "acme gate", "-x", "7up", "a.b"] {
            assert!(name(bad).is_err(), "{bad}");
        }
    }
}
