//! What a line looks like to those who speak about it: its envelope, its format, the names and values in it. The parser
//! itself has no use for this: it decides and takes in one pass.

use crate::json::{self, Pairs};
use crate::names::{Names, ROOT};
use crate::pairs::{self, Sink};
use crate::shape::Shapes;
use crate::signals::Signals;
use crate::syslog::{self, Header};
use crate::time::{Clock, Zone};
use crate::word;
use crate::xml;
use bumpalo::Bump;
use chrono_tz::Tz;
use event::{Timestamp, Value};
use std::collections::HashMap;

/// A format that says what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Form {
    Json,
    Xml,
    Cef,
    Leef,
    Kv,
    Text,
}

/// A line as it looks.
#[derive(Debug)]
pub(crate) struct Sight<'a> {
    pub(crate) header: Header<'a>,
    /// The message without its envelope and without blanks in front.
    pub(crate) body: &'a str,
    pub(crate) form: Form,
    /// Native names and values, in their order. Of CEF and LEEF those behind the header.
    pub(crate) pairs: Vec<(String, String)>,
    /// Vendor and product, of CEF and LEEF.
    pub(crate) device: Option<(&'a str, &'a str)>,
}

/// Looks at a line that was received at `received`.
pub(crate) fn sight<'a>(text: &'a str, received: Timestamp, zone: Tz, arena: &'a Bump) -> Sight<'a> {
    let zone = Zone::new(zone);
    let mut header = Header::none(text);
    syslog::read(&mut header, &Clock { received, zone: &zone }, &mut Shapes::new());
    let body = header.body.trim_start_matches(|char: char| char.is_whitespace() || char == '\u{feff}');
    let mut sight = Sight { header, body, form: Form::Text, pairs: Vec::new(), device: None };
    sight.look(arena);
    sight
}

impl<'a> Sight<'a> {
    fn look(&mut self, arena: &'a Bump) {
        let mut names = Names::new(HashMap::new());
        let mut found = Pairs::new_in(arena);
        let object = self.body.strip_prefix("@cee:").map_or(self.body, str::trim_start);
        if object.starts_with('{') {
            json::flatten(object, ROOT, &mut names, arena, &mut found);
            self.form = Form::Json;
        } else if self.body.starts_with('<') {
            xml::flatten(self.body, ROOT, &mut names, arena, &mut found);
            self.form = Form::Xml;
        } else {
            let (pairs, signals) = (&mut found, Signals::default());
            let mut sink = Sink { arena, names: &mut names, parent: ROOT, pairs, signals, labels: false };
            self.look_for_pairs(&mut sink);
        }
        if found.is_empty() && matches!(self.form, Form::Json | Form::Xml) {
            self.form = Form::Text;
        }
        let text = |value: &Value<'_>| match value {
            Value::Null => String::new(),
            value => value.to_string(),
        };
        self.pairs = found.iter().map(|(node, value)| (names.full(*node), text(value))).collect();
    }

    fn look_for_pairs(&mut self, sink: &mut Sink<'a, '_>) {
        let body = self.body;
        // What was in front of the version may have been lost on the way.
        let version = |versions: &[&str], bars: usize| {
            versions.iter().any(|version| body.starts_with(version)) && body.matches('|').count() >= bars
        };
        if body.starts_with("CEF:") || version(&["0|", "1|"], 7) {
            let (parts, count, extension) = pairs::header::<7>(body);
            pairs::cef_extension(extension, sink);
            self.headed(Form::Cef, &parts[..count]);
        } else if body.starts_with("LEEF:") || version(&["1.0|", "2.0|"], 5) {
            let (parts, count, attributes) = pairs::header::<5>(body);
            let tabs = attributes.contains('\t');
            if tabs {
                pairs::leef_attributes(attributes, "\t", sink);
            } else {
                pairs::cef_extension(attributes, sink);
            }
            self.headed(Form::Leef, &parts[..count]);
        } else if body.as_bytes().get(word::key_length(body.as_bytes())) == Some(&b'=') {
            let bare = pairs::key_values(body, sink);
            if sink.pairs.len() >= 2 && bare <= sink.pairs.len() {
                self.form = Form::Kv;
            }
        }
    }

    fn headed(&mut self, form: Form, parts: &[&'a str]) {
        if let [_, vendor, product, ..] = parts {
            self.form = form;
            self.device = Some((vendor.trim(), product.trim()));
        }
    }

    /// Whether the line has a native name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.pairs.iter().any(|(native, _)| native == name)
    }

    /// The program's name in the envelope, without what its path and its process say.
    pub(crate) fn app(&self) -> &'a str {
        self.header.app.base_name().split('(').next().unwrap_or("")
    }
}
