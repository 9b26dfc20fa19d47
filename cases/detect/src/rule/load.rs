//! Rule files: YAML documents into [`Rule`]s, and whatever cannot be used into [`Refusal`]s that say where and why.

use crate::nearest::nearest;
use crate::rule::condition::{self, Condition};
use crate::rule::{Expression, Level, LogSource, Reason, Refusal, Rule, Sample, modifier};
use crate::yaml::{self, Entry, Kind, Node};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// A bigger file is no rule file.
const FILE_BYTES_MAX: u64 = 4 << 20;

const KEYS: &[&str] = &[
    "author",
    "correlation",
    "date",
    "description",
    "detection",
    "falsepositives",
    "fields",
    "filter",
    "id",
    "level",
    "license",
    "logsource",
    "modified",
    "name",
    "references",
    "regression_tests_path",
    "related",
    "scope",
    "simulation",
    "sperwer",
    "status",
    "tags",
    "taxonomy",
    "title",
];

/// What a set of files gave.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// The rules that can be used, in order of file name and place in the file.
    pub rules: Vec<Rule>,
    /// The ones that cannot.
    pub refusals: Vec<Refusal>,
}

impl Loaded {
    /// Adds what another set gave.
    pub fn extend(&mut self, other: Loaded) {
        self.rules.extend(other.rules);
        self.refusals.extend(other.refusals);
    }
}

/// Reads every `.yml` and `.yaml` file in a directory and below it, in order of path; a path that is a file is read
/// as one. What cannot be read is a [`Refusal`], so that one bad file never stops the others.
#[must_use]
pub fn read_directory(path: &Path) -> Loaded {
    let mut loaded = Loaded::default();
    let mut pending = vec![path.to_owned()];
    let mut files = Vec::new();
    while let Some(path) = pending.pop() {
        match list(&path) {
            Ok(None) => files.push(path),
            Ok(Some(below)) => pending.extend(below),
            Err(error) => loaded.refusals.push(unreadable(&path, &error)),
        }
    }
    files.sort();
    for file in files {
        match read_file(&file) {
            Ok(text) => loaded.extend(read_rules(&file.to_string_lossy(), &text)),
            Err(error) => loaded.refusals.push(unreadable(&file, &error)),
        }
    }
    loaded
}

/// What lies in a directory and may be or hold rules; `None` for a file. Links are not followed below the first
/// level, so there is no way round in a circle.
fn list(path: &Path) -> std::io::Result<Option<Vec<PathBuf>>> {
    if !path.is_dir() {
        return Ok(None);
    }
    let mut below = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let path = entry.path();
        let is_rule = path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml");
        if kind.is_dir() || (is_rule && path.is_file()) {
            below.push(path);
        }
    }
    Ok(Some(below))
}

fn read_file(path: &Path) -> std::io::Result<String> {
    if std::fs::metadata(path)?.len() > FILE_BYTES_MAX {
        return Err(std::io::Error::other(format!("longer than {FILE_BYTES_MAX} bytes")));
    }
    std::fs::read_to_string(path)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Refusal {
    let file = path.to_string_lossy().into_owned();
    Refusal { file, line: 1, title: None, reason: Reason::Unreadable(error.to_string()) }
}

/// Reads the rules of one text; `file` is its name in messages.
#[must_use]
pub fn read_rules(file: &str, text: &str) -> Loaded {
    let mut loaded = Loaded::default();
    let (documents, fault) = yaml::documents(text);
    for document in &documents {
        match rule(file, document) {
            Ok(rule) => loaded.rules.push(rule),
            Err(Blame { line, reason }) => {
                let title = document.get("title").and_then(Node::text).map(str::to_owned);
                loaded.refusals.push(Refusal { file: file.into(), line, title, reason });
            }
        }
    }
    if let Some(fault) = fault {
        let reason = Reason::Yaml(fault.reason);
        loaded.refusals.push(Refusal { file: file.into(), line: fault.line, title: None, reason });
    }
    loaded
}

/// A reason with the line that is to blame.
struct Blame {
    line: usize,
    reason: Reason,
}

impl Reason {
    fn at(self, line: usize) -> Blame {
        Blame { line, reason: self }
    }
}

fn rule(file: &str, document: &Node) -> Result<Rule, Blame> {
    let Some(entries) = document.entries() else {
        return Err(shape("the document", "a map", document));
    };
    refuse_other_kinds(document)?;
    let title = required_text(document, "title")?;
    let level = match text(document, "level")? {
        None => Level::default(),
        Some(name) => Level::from_name(&name.to_lowercase()).ok_or_else(|| {
            let expected = "informational, low, medium, high or critical";
            let line = document.get("level").map_or(document.line, |node| node.line);
            Reason::Shape { key: "level".into(), expected, found: format!("`{name}`") }.at(line)
        })?,
    };
    let own = document.get("sperwer");
    let date = text(document, "modified")?.or(text(document, "date")?);
    let version = own.and_then(|own| own.get("version")).and_then(Node::text).map(str::to_owned);
    let mut remarks = unknown_keys(entries);
    Ok(Rule {
        id: text(document, "id")?.unwrap_or_else(|| title.clone()),
        level,
        status: text(document, "status")?.unwrap_or_default(),
        description: text(document, "description")?.unwrap_or_default().trim().to_owned(),
        author: text(document, "author")?.unwrap_or_default(),
        version: version.or(date).unwrap_or_default(),
        references: texts(document, "references"),
        tags: texts(document, "tags"),
        falsepositives: texts(document, "falsepositives"),
        fields: texts(document, "fields"),
        logsource: log_source(document)?,
        detection: detection(document, &mut remarks)?,
        samples: own.map(samples).transpose()?.unwrap_or_default(),
        file: file.into(),
        line: document.line,
        title,
        remarks,
    })
}

fn refuse_other_kinds(document: &Node) -> Result<(), Blame> {
    let kinds = [
        ("correlation", "correlation rules are not supported yet: this one is skipped"),
        ("filter", "Sigma filters are not supported yet: this one is skipped"),
        ("action", "rule collections (`action: global`) are no longer part of Sigma: write each rule out"),
    ];
    for (key, message) in kinds {
        if let Some(node) = document.get(key) {
            return Err(Reason::Kind(message).at(node.line));
        }
    }
    Ok(())
}

/// The specification allows keys of one's own, so an unknown key is only remarked when it looks like a known one.
fn unknown_keys(entries: &[Entry]) -> Vec<(usize, String)> {
    let unknown = entries.iter().filter(|entry| !KEYS.contains(&entry.key.as_str()));
    let near = unknown.filter_map(|entry| {
        let known = nearest(&entry.key, KEYS.iter().copied())?;
        Some((entry.line, format!("the key `{}` is not known; did you mean `{known}`?", entry.key)))
    });
    near.collect()
}

fn log_source(document: &Node) -> Result<LogSource, Blame> {
    let node = document.get("logsource").ok_or_else(|| Reason::Missing("logsource").at(document.line))?;
    if node.entries().is_none() {
        return Err(shape("logsource", "a map", node));
    }
    let part = |key| text(node, key).map(|text| text.map(|text| text.to_lowercase()));
    let source =
        LogSource { category: part("category")?, product: part("product")?, service: part("service")? };
    if source == LogSource::default() {
        return Err(Reason::Missing("logsource: category, product or service").at(node.line));
    }
    Ok(source)
}

fn detection(document: &Node, remarks: &mut Vec<(usize, String)>) -> Result<Expression, Blame> {
    let node = document.get("detection").ok_or_else(|| Reason::Missing("detection").at(document.line))?;
    let entries = node.entries().ok_or_else(|| shape("detection", "a map", node))?;
    let condition =
        node.get("condition").ok_or_else(|| Reason::Missing("detection: condition").at(node.line))?;
    let mut searches = HashMap::new();
    let mut names = Vec::new();
    for entry in entries.iter().filter(|entry| !matches!(entry.key.as_str(), "condition" | "timeframe")) {
        searches.insert(entry.key.as_str(), search(&entry.value)?);
        names.push(entry.key.as_str());
    }
    let mut conditions = Vec::new();
    for text in condition_texts(condition)? {
        let parsed =
            condition::parse(text, &names).map_err(|why| Reason::Condition(why).at(condition.line))?;
        conditions.push(parsed);
    }
    for entry in entries.iter().filter(|entry| searches.contains_key(entry.key.as_str())) {
        if !entry.key.starts_with('_') && !conditions.iter().any(|condition| uses(condition, &entry.key)) {
            remarks.push((entry.line, format!("the condition does not use the search `{}`", entry.key)));
        }
    }
    Ok(Expression::any(conditions.iter().map(|condition| put_in_place(condition, &searches)).collect()))
}

/// A condition is one text, or a list of texts of which one must hold.
fn condition_texts(node: &Node) -> Result<Vec<&str>, Blame> {
    let nodes = match &node.kind {
        Kind::Sequence(items) => items.iter().collect(),
        _ => vec![node],
    };
    let texts: Option<Vec<&str>> = nodes.into_iter().map(Node::text).collect();
    match texts {
        Some(texts) if !texts.is_empty() => Ok(texts),
        _ => Err(shape("condition", "text or a list of texts", node)),
    }
}

fn uses(condition: &Condition, name: &str) -> bool {
    match condition {
        Condition::Search(search) => search == name,
        Condition::OneOf(names) | Condition::AllOf(names) => names.iter().any(|search| search == name),
        Condition::Not(inner) => uses(inner, name),
        Condition::And(parts) | Condition::Or(parts) => parts.iter().any(|part| uses(part, name)),
    }
}

fn put_in_place(condition: &Condition, searches: &HashMap<&str, Expression>) -> Expression {
    let search = |name: &String| searches[name.as_str()].clone();
    let below = |parts: &[Condition]| parts.iter().map(|part| put_in_place(part, searches)).collect();
    match condition {
        Condition::Search(name) => search(name),
        Condition::OneOf(names) => Expression::any(names.iter().map(search).collect()),
        Condition::AllOf(names) => Expression::all(names.iter().map(search).collect()),
        Condition::Not(inner) => Expression::Not(Box::new(put_in_place(inner, searches))),
        Condition::And(parts) => Expression::all(below(parts)),
        Condition::Or(parts) => Expression::any(below(parts)),
    }
}

/// A search: a map (all of its fields), a list (one of its parts), or a single keyword.
fn search(node: &Node) -> Result<Expression, Blame> {
    match &node.kind {
        Kind::Mapping(entries) if !entries.is_empty() => {
            let fields = entries.iter().map(|entry| {
                modifier::expression(&entry.key, &entry.value).map_err(|reason| reason.at(entry.line))
            });
            Ok(Expression::all(fields.collect::<Result<_, _>>()?))
        }
        Kind::Sequence(items) if !items.is_empty() => {
            Ok(Expression::any(items.iter().map(search).collect::<Result<_, _>>()?))
        }
        Kind::Scalar(_) => modifier::keyword(node).map_err(|reason| reason.at(node.line)),
        _ => Err(shape("a search", "a map, a list or a keyword, and not empty", node)),
    }
}

fn samples(own: &Node) -> Result<Vec<Sample>, Blame> {
    let Some(tests) = own.get("tests") else { return Ok(Vec::new()) };
    let mut samples = Vec::new();
    for test in tests.items().ok_or_else(|| shape("tests", "a list", tests))? {
        let source_type = text(test, "type")?;
        for (key, fires) in [("fires", true), ("silent", false)] {
            for line in test.get(key).and_then(Node::items).unwrap_or_default() {
                let text = line.text().ok_or_else(|| shape(key, "a list of log lines", line))?;
                let line_text = text.trim_end_matches('\n').to_owned();
                let source_type = source_type.clone();
                samples.push(Sample { source_type, line: line_text, fires, file_line: line.line });
            }
        }
    }
    Ok(samples)
}

fn required_text(node: &Node, key: &'static str) -> Result<String, Blame> {
    match text(node, key)? {
        Some(text) if !text.trim().is_empty() => Ok(text),
        _ => Err(Reason::Missing(key).at(node.line)),
    }
}

fn text(node: &Node, key: &str) -> Result<Option<String>, Blame> {
    match node.get(key) {
        None => Ok(None),
        Some(Node { kind: Kind::Null, .. }) => Ok(None),
        Some(node) => match node.text() {
            Some(text) => Ok(Some(text.to_owned())),
            None => Err(shape(key, "text", node)),
        },
    }
}

fn texts(node: &Node, key: &str) -> Vec<String> {
    let Some(node) = node.get(key) else { return Vec::new() };
    match &node.kind {
        Kind::Sequence(items) => items.iter().filter_map(Node::text).map(str::to_owned).collect(),
        _ => node.text().map(str::to_owned).into_iter().collect(),
    }
}

fn shape(key: &str, expected: &'static str, node: &Node) -> Blame {
    Reason::Shape { key: key.into(), expected, found: node.shape().into() }.at(node.line)
}
