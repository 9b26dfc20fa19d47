//! What told the source type: the steps of recognition once more, for a type that is known by now.

use super::{Line, Sureness};
use crate::catalogue::lint::recognition::is_generic;
use crate::catalogue::written::{Entry, Format};
use crate::pattern::{Pattern, Spans};
use crate::prefix::PREFIX_BYTES_MIN;
use crate::sight::Form;
use event::known;

/// A reason, how sure it is, and where in the line it stands.
pub(super) struct Why {
    pub(super) text: String,
    pub(super) sureness: Sureness,
    pub(super) at: Option<usize>,
    /// Whether it counts whatever other types would make of the line.
    pub(super) settled: bool,
}

impl Why {
    fn new(sureness: Sureness, text: impl Into<String>) -> Why {
        Why { text: text.into(), sureness, at: None, settled: false }
    }

    fn at(self, at: Option<usize>) -> Why {
        Why { at, ..self }
    }

    fn settled(self) -> Why {
        Why { settled: true, ..self }
    }
}

impl Line<'_, '_> {
    /// Why the line is of the type that it is of. The order is that of recognition (`content.rs`).
    pub(super) fn why(&self) -> Why {
        let name = self.event.source_type;
        let Some(entry) = self.entry(name) else {
            let text = match name {
                "raw" => "nothing in the line tells its type",
                _ => "it has a syslog envelope; nothing in its message tells a type",
            };
            return Why::new(Sureness::None, text);
        };
        if self.explainer.settings.source_type.as_deref() == Some(name) {
            let text = "it was said beforehand (`--type`, or the source's settings)";
            return Why::new(Sureness::Certain, text).settled();
        }
        self.by_data(entry)
            .or_else(|| self.by_form(entry))
            .or_else(|| self.by_columns(entry))
            .or_else(|| self.by_text(entry))
            .or_else(|| self.by_pattern(entry))
            .or_else(|| self.by_keys(entry, &self.sight.pairs))
            .or_else(|| self.by_holds(entry))
            .or_else(|| self.by_lead(entry))
            .or_else(|| self.by_giver(entry))
            .unwrap_or_else(|| self.by_default(entry))
    }

    fn by_data(&self, entry: &Entry) -> Option<Why> {
        let id = entry.recognise.data.iter().find(|id| self.sight.header.data.contains(id.as_str()))?;
        let why = Why::new(Sureness::Certain, format!("the id of its structured data is `{id}`"));
        Some(why.at(self.text.find(id.as_str())).settled())
    }

    fn by_form(&self, entry: &Entry) -> Option<Why> {
        match self.sight.form {
            Form::Json | Form::Xml => {
                let form = if self.sight.form == Form::Json { "JSON" } else { "XML" };
                if is_generic(&entry.name) && entry.recognise.keys.is_empty() {
                    let text = format!("it is {form}; no source type claims the names in it");
                    return Some(Why::new(Sureness::Guess, text));
                }
                self.by_keys(entry, &self.sight.pairs)
            }
            Form::Cef | Form::Leef => {
                let (vendor, product) = self.sight.device?;
                let form = if self.sight.form == Form::Cef { "CEF" } else { "LEEF" };
                if is_generic(&entry.name) {
                    let text = format!("it is {form}; no source type claims the device `{vendor}|{product}`");
                    return Some(Why::new(Sureness::Guess, text));
                }
                let text = format!("the header of {form} names the device `{vendor}|{product}`");
                Some(Why::new(Sureness::Certain, text).at(self.at(vendor)).settled())
            }
            Form::Kv | Form::Text => None,
        }
    }

    fn by_keys(&self, entry: &Entry, pairs: &[(String, String)]) -> Option<Why> {
        let has = |key: &String| pairs.iter().any(|(name, _)| name == key);
        let lists = entry.recognise.keys.iter().filter(|keys| keys.iter().all(has));
        let keys = lists.max_by_key(|keys| keys.len())?;
        let text = format!("it has the names {} together", quoted(keys));
        let sureness = if keys.len() > 1 { Sureness::Certain } else { Sureness::Likely };
        Some(Why::new(sureness, text).at(keys.first().and_then(|key| self.text.find(key.as_str()))))
    }

    fn by_columns(&self, entry: &Entry) -> Option<Why> {
        if !matches!(entry.format, Format::Table | Format::Csv) {
            return None;
        }
        let action = self.event.text(known::EVENT_ACTION);
        if action == Some("log-header") {
            return Some(Why::new(Sureness::Certain, "it is a header line that names columns"));
        }
        if entry.format == Format::Csv {
            return None;
        }
        let orders = entry.layout.len();
        let text =
            format!("its columns fit one of the type's {orders} orders, or an order that a header told");
        Some(Why::new(Sureness::Likely, text))
    }

    /// By what the message starts with, or by the program's name.
    fn by_text(&self, entry: &Entry) -> Option<Why> {
        let (body, known) = (self.sight.body, &entry.recognise);
        let start = known.start.iter().find(|start| body.starts_with(start.as_str()));
        if let Some(start) = start.filter(|_| body.contains(&known.contains)) {
            let text = format!("its message starts with `{start}`");
            return Some(Why::new(Sureness::Certain, text).at(self.at(body)));
        }
        let app = self.sight.header.app.text;
        let family = app.split_inclusive('/').next().unwrap_or("");
        let named = known.app.iter().any(|name| name == self.sight.app() || name == family)
            || (app.contains("(pam_") && known.app.iter().any(|name| name == "pam_unix"));
        if !named || app.is_empty() {
            return None;
        }
        let taken = self.patterns().iter().any(|hit| !hit.is_front());
        let (text, sureness) = match (taken, entry.pattern.is_empty()) {
            (true, _) => ("its program is `{}`, and a pattern took the whole message", Sureness::Certain),
            (false, true) => ("its program is `{}`", Sureness::Certain),
            (false, false) => {
                ("its program is `{}`; none of its patterns took the message", Sureness::Likely)
            }
        };
        let why = Why::new(sureness, text.replace("{}", app)).at(self.at(app));
        Some(if sureness == Sureness::Certain { why.settled() } else { why })
    }

    /// By an entry that reads lines in a way of its own and hands what it read to this one.
    fn by_giver(&self, entry: &Entry) -> Option<Why> {
        let mut givers = self.explainer.catalogue.entries.iter().filter(|giver| giver.gives == entry.name);
        givers.find_map(|giver| {
            let why = self.by_columns(giver).or_else(|| self.by_text(giver))?;
            Some(Why { text: format!("as `{}` writes it: {}", giver.name, why.text), ..why })
        })
    }

    fn by_pattern(&self, entry: &Entry) -> Option<Why> {
        let hits = self.patterns();
        let hit = hits.iter().rfind(|hit| !hit.is_front() && hit.of_type(&entry.name))?;
        let text = if hit.from == self.at(self.sight.body).unwrap_or(0) {
            "a pattern took the whole message"
        } else {
            "a pattern took all that stands behind the front of the message"
        };
        Some(Why::new(Sureness::Certain, text).at(Some(hit.from)))
    }

    fn by_holds(&self, entry: &Entry) -> Option<Why> {
        let body = self.sight.body;
        let found = |text: &&String| body.contains(text.as_str());
        let text = entry.recognise.holds.iter().find(found)?;
        let at = body.find(text.as_str()).zip(self.at(body)).map(|(inside, body)| inside + body);
        Some(Why::new(Sureness::Likely, format!("its message holds the text `{text}`")).at(at))
    }

    /// By what an application wrote in front, and what is behind it.
    fn by_lead(&self, entry: &Entry) -> Option<Why> {
        let plan = &self.explainer.plan;
        let logger = [known::LOG_LOGGER, known::PROCESS_NAME, known::LOG_SYSLOG_APPNAME];
        let logger = logger.into_iter().filter_map(|id| self.event.text(id));
        if let Some(app) = logger.into_iter().find(|app| entry.recognise.app.iter().any(|name| name == app)) {
            let text = format!("the front of its message names the program `{app}`");
            return Some(Why::new(Sureness::Likely, text).at(self.text.find(app)));
        }
        let of = *plan.by_name.get(&entry.name)?;
        if entry.lead.is_empty() && plan.types[usize::from(of)].heads.is_empty() {
            return None;
        }
        let mut spans = Spans::new();
        let body = self.sight.body;
        let head = plan.types[usize::from(of)].heads.iter().any(|head| head.matches(body, &mut spans));
        let text = match head {
            true => "the front of its message is written as the type's `head` says",
            false => {
                "time, severity, thread or logger in front of its message are written as applications do"
            }
        };
        Some(Why::new(Sureness::Likely, text).at(self.at(body)))
    }

    fn by_default(&self, entry: &Entry) -> Why {
        if let Some(at) = ["CEF:", "LEEF:", "{\""].iter().find_map(|mark| self.text.find(mark)) {
            let text = "a format that says what it is stands inside its message";
            return Why::new(Sureness::Likely, text).at(Some(at));
        }
        let text = match entry.name.as_str() {
            "kv" => "it is key=value; no source type claims the names in it",
            "text" => "it is text that no source type knows; what can safely be read from any text was read",
            name if is_generic(name) => "a part of it has this format; no source type claims it",
            _ => "a part of it is written as this type does",
        };
        Why::new(Sureness::Guess, text)
    }

    /// Other types than its own that would take the line, by name.
    pub(super) fn also(&self) -> Vec<String> {
        let (plan, body, own) = (&self.explainer.plan, self.sight.body, self.event.source_type);
        let mut spans = Spans::new();
        let mut found: Vec<String> = Vec::new();
        for entry in &self.explainer.catalogue.entries {
            let Some(of) = plan.by_name.get(&entry.name) else { continue };
            if entry.name == own || is_generic(&entry.name) || entry.gives == own {
                continue;
            }
            let open = entry.pattern.iter().flat_map(|written| written.text.iter().map(|_| !written.own));
            let bound = &plan.types[usize::from(*of)];
            let tried = |pattern: &Pattern| match pattern.prefix().len() {
                0 => entry.recognise.bare,
                bytes => bytes >= PREFIX_BYTES_MIN,
            };
            let mut patterns =
                bound.patterns.iter().zip(open).filter(|((pattern, _), open)| *open && tried(pattern));
            let apart = entry.recognise.behind_head || !bound.heads.is_empty();
            let by_pattern = !apart && patterns.any(|((pattern, _), _)| pattern.matches(body, &mut spans));
            if by_pattern || self.by_keys(entry, &self.sight.pairs).is_some() {
                found.push(entry.name.clone());
            }
        }
        found.sort();
        found
    }
}

/// Names in backquotes, with commas between.
pub(super) fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
