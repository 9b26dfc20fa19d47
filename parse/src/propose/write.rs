//! A draft of an entry, and its text.

use std::collections::BTreeMap;
use std::fmt::Write;

/// An entry that is proposed. Values are TOML where they are not names.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) format: &'static str,
    pub(super) like: &'static str,
    pub(super) vendor: String,
    pub(super) product: String,
    pub(super) prefix: String,
    pub(super) time: Vec<String>,
    pub(super) message: Vec<String>,
    pub(super) recognise: Vec<(&'static str, String)>,
    pub(super) table: Vec<(&'static str, String)>,
    /// The columns of lines without a header.
    pub(super) columns: String,
    pub(super) map: Vec<(String, String)>,
    pub(super) patterns: Vec<DraftPattern>,
    pub(super) samples: Vec<(String, BTreeMap<String, String>)>,
    /// What the writer has to know, in front of everything.
    pub(super) remarks: Vec<String>,
}

/// A pattern, and how what it speaks of went.
#[derive(Clone, Debug)]
pub(super) struct DraftPattern {
    pub(super) text: String,
    pub(super) outcome: Option<&'static str>,
}

/// A text as TOML.
pub(super) fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// Texts as a list of TOML.
pub(super) fn list(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    format!("[{}]", texts.join(", "))
}

impl Draft {
    /// The draft's file.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to text cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "# Proposed from {} sample lines. Check what is marked so.", self.samples.len())?;
        for remark in &self.remarks {
            writeln!(out, "# {remark}")?;
        }
        writeln!(out, "name = {}", quoted(&self.name))?;
        if self.format != "pattern" {
            writeln!(out, "format = {}", quoted(self.format))?;
        }
        if !self.like.is_empty() {
            writeln!(out, "like = {}", quoted(self.like))?;
        }
        let title = quoted(&format!("{} {}", self.vendor, self.product));
        writeln!(out, "# Check: what people see when they order it.")?;
        writeln!(out, "title = {{ nl = {title}, en = {title} }}")?;
        let (nl, en) = ("Gebeurtenissen van ", "Events of ");
        let of = format!("{} {}.", self.vendor, self.product);
        let (nl, en) = (quoted(&format!("{nl}{of}")), quoted(&format!("{en}{of}")));
        writeln!(out, "description = {{ nl = {nl}, en = {en} }}")?;
        writeln!(out, "vendor = {}\nproduct = {}", quoted(&self.vendor), quoted(&self.product))?;
        writeln!(out, "# Check: letters a to l of Regulation (EU) 2024/2690, annex 3.2.3.")?;
        writeln!(out, "categories = {}", quoted(self.categories()))?;
        writeln!(out, "# Check: of one usual sender.\nevents_per_day = 10000")?;
        if !self.prefix.is_empty() {
            writeln!(out, "prefix = {}", quoted(&self.prefix))?;
        }
        if !self.time.is_empty() {
            writeln!(out, "time = [{}]", self.time.join(", "))?;
        }
        if !self.message.is_empty() {
            writeln!(out, "message = {}", list(&self.message))?;
        }
        self.write_parts(out)?;
        self.write_samples(out)
    }

    fn write_parts(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "\n# Check: what tells its lines from those of all others.\n[recognise]")?;
        for (key, value) in &self.recognise {
            writeln!(out, "{key} = {value}")?;
        }
        if !self.table.is_empty() {
            writeln!(out, "\n[table]")?;
            for (key, value) in &self.table {
                writeln!(out, "{key} = {value}")?;
            }
        }
        if !self.map.is_empty() {
            writeln!(
                out,
                "\n# Check: by names that are known; names that are not here stay below the prefix.\n[map]"
            )?;
            for (name, field) in &self.map {
                writeln!(out, "{} = {}", quoted_key(name), quoted(field))?;
            }
        }
        writeln!(out, "\n[set]\n\"event.module\" = {}\n\"event.kind\" = \"event\"", quoted(&self.name))?;
        if !self.columns.is_empty() {
            writeln!(out, "\n[[layout]]\nnames = {}", quoted(&self.columns))?;
        }
        if !self.patterns.is_empty() {
            writeln!(
                out,
                "\n# Check: what each hole is called, and that nothing is a hole that should not be."
            )?;
        }
        for (at, pattern) in self.patterns.iter().enumerate() {
            let apart = if at == 0 { "" } else { "\n" };
            writeln!(out, "{apart}[[pattern]]\ntext = {}", quoted(&pattern.text))?;
            if let Some(outcome) = pattern.outcome {
                writeln!(out, "set = {{ \"event.outcome\" = \"{outcome}\" }}")?;
            }
        }
        Ok(())
    }

    fn write_samples(&self, out: &mut String) -> std::fmt::Result {
        if !self.samples.is_empty() {
            writeln!(
                out,
                "\n# Check: this is what comes of each line now, not yet what should. Names of people and"
            )?;
            writeln!(out, "# machines have no place here: invent others.")?;
        }
        for (line, expect) in &self.samples {
            writeln!(out, "[[sample]]\nline = {}\n[sample.expect]", quoted(line))?;
            for (name, value) in expect {
                writeln!(out, "{} = {}", quoted_key(name), quoted(value))?;
            }
            writeln!(out)?;
        }
        while out.ends_with("\n\n") {
            out.pop();
        }
        Ok(())
    }

    /// Letters of the regulation that the fields speak for.
    fn categories(&self) -> &'static str {
        let maps = |field: &str| {
            self.map.iter().any(|(_, to)| to.starts_with(field))
                || self.patterns.iter().any(|pattern| pattern.text.contains(field))
        };
        match (maps("destination.ip"), maps("user.name")) {
            (true, _) => "a",
            (false, true) => "cd",
            (false, false) => "g",
        }
    }
}

/// A name as a key of TOML, in quotes always: most have points in them.
fn quoted_key(name: &str) -> String {
    if name.contains(['"', '\\']) || name.chars().any(char::is_control) {
        return quoted(name).replace('\n', "\\n");
    }
    format!("\"{name}\"")
}
