//! What applications write in front of their messages: a time, a severity, a thread, a logger. The leads of all source
//! types are tried on lines that nothing else knows; what stands behind one is understood like a message of its own.

use crate::pattern::{Pattern, Spans, level_length};
use crate::plan::TypeIndex;
use crate::word::Word;
use crate::work::Work;
use event::{FieldId, FieldTable, ParseStatus, Timestamp, Value, known};

/// A lead inside a lead, as of a container's line: one level is usual, two have been seen.
const NESTING_MAX: u8 = 2;

/// How a lead that starts with a time is written in the catalogue.
const TIMES: [&str; 2] = ["{@timestamp:time}", "[{@timestamp:time}]"];

/// The leads of all source types.
#[derive(Debug)]
pub(crate) struct Leads {
    leads: Vec<Lead>,
    /// Those that start with a time, by the first byte behind it and blanks, the most telling first.
    timed: Vec<Vec<u16>>,
    /// The others, by their first byte.
    plain: Vec<Vec<u16>>,
}

#[derive(Debug)]
struct Lead {
    of: TypeIndex,
    pattern: Pattern,
    timed: bool,
    /// Whether it tells a time, in front or later.
    time: bool,
    /// Whether it starts with a text or a severity, not with a word that could be any.
    tells: bool,
    /// Whether it starts with a severity.
    level: bool,
}

impl Leads {
    pub(crate) fn new() -> Leads {
        let buckets = || std::iter::repeat_with(Vec::new).take(256).collect();
        Leads { leads: Vec::new(), timed: buckets(), plain: buckets() }
    }

    /// Adds a lead as it is written.
    pub(crate) fn add(&mut self, of: TypeIndex, written: &str, fields: &FieldTable) -> Result<(), String> {
        let behind = TIMES.iter().find_map(|time| written.strip_prefix(time));
        let text = behind.map_or(written, |behind| {
            let behind = behind.strip_prefix(": ").unwrap_or(behind);
            behind.strip_prefix("{ }").unwrap_or(behind).trim_start()
        });
        if text.is_empty() {
            return Err(format!("a lead needs more than a time: {written:?}"));
        }
        let (timed, time) = (behind.is_some(), written.contains("{@timestamp"));
        let pattern = Pattern::compile(text, fields)?;
        let level = pattern.starts_with_level();
        let tells = level || !pattern.prefix().is_empty();
        self.leads.push(Lead { of, pattern, timed, time, tells, level });
        Ok(())
    }

    /// To be called once all leads are there.
    pub(crate) fn arrange(&mut self) {
        let telling = |lead: &Lead| lead.pattern.literals().map(str::len).sum::<usize>();
        self.leads.sort_by_key(|lead| std::cmp::Reverse(telling(lead)));
        for (index, lead) in self.leads.iter().enumerate() {
            let buckets = if lead.timed { &mut self.timed } else { &mut self.plain };
            for (byte, bucket) in (0..=255).zip(buckets) {
                if lead.pattern.may_start_with(byte) {
                    bucket.push(index as u16);
                }
            }
        }
    }
}

impl Leads {
    /// The first lead that fits, of those in `buckets` that may start like `text` and that `may` allows.
    fn find(
        &self,
        buckets: &[Vec<u16>],
        text: &str,
        may: impl Fn(&Lead) -> bool,
        spans: &mut Spans,
    ) -> Option<&Lead> {
        let first = *text.as_bytes().first()?;
        let level = first.is_ascii_alphabetic() && level_length(text.as_bytes()).is_some();
        let candidates = buckets[usize::from(first)].iter().map(|index| &self.leads[usize::from(*index)]);
        let mut candidates = candidates.filter(|lead| (level || !lead.level) && may(lead));
        candidates.find(|lead| lead.pattern.matches(text, spans))
    }
}

impl<'a> Work<'_, 'a> {
    /// Understands a line by what an application wrote in front of its message.
    pub(crate) fn lead(&mut self, body: &'a str, nesting: u8) -> bool {
        let time = self.time_in_front(body);
        let plan = self.plan;
        let mut spans = Spans::new();
        if let Some((time, rest)) = time {
            if let Some(lead) = plan.leads.find(&plan.leads.timed, rest, |_| true, &mut spans) {
                self.take_time(time, body, rest);
                return self.take_lead(lead, &spans, rest, nesting);
            }
        } else if nesting == 0 && self.draft.time.is_some() {
            // The envelope took the time; what it left is read as if the time stood in front.
            if let Some(lead) = plan.leads.find(&plan.leads.timed, body, |lead| lead.tells, &mut spans) {
                let message = self.draft.message;
                self.take_lead(lead, &spans, body, nesting);
                self.draft.message = message;
                return true;
            }
        }
        // Behind a lead, a word that could name a severity is more likely a word.
        let may = |lead: &Lead| nesting == 0 || lead.time;
        if let Some(lead) = plan.leads.find(&plan.leads.plain, body, may, &mut spans) {
            return self.take_lead(lead, &spans, body, nesting);
        }
        let Some((time, rest)) = time.filter(|(_, rest)| !rest.is_empty()) else {
            return nesting == 0 && self.behind_file(body);
        };
        self.take_time(time, body, rest);
        let (app, rest) = self.program(rest);
        self.draft.message = rest;
        if !self.behind(rest, app, nesting) {
            self.prose(rest);
        }
        true
    }

    /// Of two times, the envelope's is the one that all lines of a sender have; the other counts if it tells its zone.
    fn take_time(&mut self, time: Timestamp, body: &str, rest: &str) {
        let stamp = body[..body.len() - rest.len()].trim_end_matches([' ', '\t', ']', ':']).as_bytes();
        let sign = stamp.len().checked_sub(6).map(|at| &stamp[at..]);
        let zoned =
            stamp.ends_with(b"Z") || sign.is_some_and(|end| end.iter().take(2).any(|byte| *byte == b'+'));
        if zoned {
            self.draft.time = Some(time);
        }
        self.draft.time.get_or_insert(time);
    }

    /// A line with the name of the file in front that it was read from.
    fn behind_file(&mut self, body: &'a str) -> bool {
        let Some((file, line)) = body.split_once(' ') else { return false };
        let is_file = memchr::memmem::find(file.as_bytes(), b".log").is_some();
        let starts = line.as_bytes().first().is_some_and(|byte| byte.is_ascii_digit() || *byte == b'[');
        let found = is_file && starts && self.time_in_front(line).is_some() && self.lead(line, 1);
        if found {
            self.put_if_absent(known::LOG_FILE_PATH, Value::Str(file));
        }
        found
    }

    /// A time at the start of the line, in brackets or not, and what follows it.
    fn time_in_front(&self, body: &'a str) -> Option<(Timestamp, &'a str)> {
        let bytes = body.as_bytes();
        let bracket = usize::from(bytes.first() == Some(&b'['));
        let starts = match bytes.get(bracket)? {
            b'0'..=b'9' => {
                bytes.get(bracket + 1)?.is_ascii_digit() || matches!(bytes[bracket + 1], b'/' | b'-' | b':')
            }
            b'@' => bracket == 0,
            // Months and weekdays, in English or not, are short.
            byte if byte.is_ascii_alphabetic() => {
                bytes[bracket..].iter().take(6).any(|byte| matches!(byte, b' ' | b',' | b'.'))
            }
            _ => false,
        };
        let starts = starts && has_digit(&bytes[bracket..]);
        let (time, used) = starts.then(|| self.clock.read(&bytes[bracket..])).flatten()?;
        let rest = body.get(bracket + used..)?;
        let rest = if bracket == 1 { rest.strip_prefix(']')? } else { rest };
        let rest = if rest.starts_with(": ") { &rest[1..] } else { rest };
        let apart = !rest.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric);
        (apart || bracket == 1).then(|| (time, rest.trim_start_matches([' ', '\t'])))
    }

    /// The program that `rest` names with its process id, or by a name that the catalogue knows; and what follows.
    fn program(&mut self, rest: &'a str) -> (&'a str, &'a str) {
        let (first, after) = rest.split_once(' ').unwrap_or((rest, ""));
        let (second, after_second) = after.split_once(' ').unwrap_or((after, ""));
        for (host, word, after) in [("", first, after), (first, second, after_second)] {
            let tag = word.strip_suffix(':').unwrap_or(word);
            let (app, pid) = match tag.strip_suffix(']').and_then(|tag| tag.split_once('[')) {
                Some((app, pid)) if crate::text::int(pid).is_some() => (app, pid),
                _ => (tag, ""),
            };
            let name = app.split('(').next().unwrap_or("");
            let known = tag.len() < word.len() && self.plan.by_app.contains_key(name);
            if name.is_empty() || (pid.is_empty() && !known) {
                continue;
            }
            for (id, text) in [
                (known::HOST_NAME, host),
                (known::LOG_SYSLOG_APPNAME, app),
                (known::PROCESS_NAME, crate::text::base_name(app)),
            ] {
                if !text.is_empty() {
                    self.put_if_absent(id, Value::Str(text));
                }
            }
            if let Some(pid) = crate::text::int(pid) {
                self.put_if_absent(known::PROCESS_PID, Value::Int(pid));
            }
            return (app, after.trim_start());
        }
        ("", rest)
    }

    /// A date with its time that stands near the start of the line, behind something that nobody knows.
    fn time_within(&self, body: &'a str) -> Option<Timestamp> {
        const NEAR_BYTES: usize = 80;
        let bytes = body.as_bytes();
        let near = &bytes[..bytes.len().min(NEAR_BYTES)];
        let dated = |at: &usize| {
            let starts = near[*at].is_ascii_digit() && (*at == 0 || !near[*at - 1].is_ascii_alphanumeric());
            starts && {
                let is = |ahead: usize, wanted: &[u8]| {
                    bytes.get(at + ahead).is_some_and(|byte| wanted.contains(byte))
                };
                (is(4, b"-/") && is(7, b"-/") && is(10, b" T"))
                    || (is(2, b"/") && is(6, b"/") && is(11, b" :"))
                    || (is(2, b"/") && is(5, b"/") && is(10, b" -"))
            }
        };
        let (time, _) = (0..near.len()).find(dated).and_then(|at| self.clock.read(&bytes[at..]))?;
        Some(time)
    }

    fn take_lead(&mut self, lead: &Lead, spans: &Spans, body: &'a str, nesting: u8) -> bool {
        let rest = self.put_spans(lead.of, &lead.pattern, spans, body, false).trim_start();
        let whole = std::ptr::eq(rest, body);
        if !whole && self.own_pattern(lead.of, rest) {
            return true;
        }
        let app = |id: FieldId| self.draft.get(id).and_then(|value| value.as_str());
        let logger = [known::LOG_LOGGER, known::PROCESS_NAME].into_iter().find_map(app).unwrap_or("");
        let known = !whole && self.behind(rest, logger, nesting);
        let plan = self.plan;
        if known {
            self.put_sets(&plan.types[usize::from(lead.of)].sets);
        } else {
            let status = if whole { ParseStatus::Parsed } else { ParseStatus::Partial };
            self.finish(lead.of, status, rest);
        }
        true
    }

    /// Understands what stands behind a lead, or what a collector hands on.
    pub(crate) fn behind(&mut self, rest: &'a str, app: &'a str, nesting: u8) -> bool {
        !rest.is_empty()
            && (self.structured(rest, app)
                || self.by_start(rest).is_some()
                || self.by_app(rest, Word::of(app)).is_some()
                || self.by_pattern(rest, None).is_some()
                || self.by_pairs(rest)
                || self.by_text(rest, app)
                || (nesting < NESTING_MAX && self.lead(rest, nesting + 1)))
    }

    /// What can safely be read from text that no source type knows.
    pub(crate) fn prose(&mut self, body: &'a str) {
        let plan = self.plan;
        let Some(of) = plan.prose else { return };
        let before = self.draft.field_count();
        self.scan(of, body);
        if self.draft.time.is_none() {
            self.draft.time = self.time_within(body);
        }
        let none = self.draft.status == ParseStatus::Raw;
        if none && (self.draft.field_count() > before || self.draft.time.is_some()) {
            self.draft.source_type = plan.types[usize::from(of)].name;
            self.draft.status = ParseStatus::Partial;
        }
    }
}

/// Whether there is a digit near: whatever else a time has, it has one.
#[inline]
fn has_digit(bytes: &[u8]) -> bool {
    const NEAR_BYTES: usize = 16;
    let any = |near: &[u8]| near.iter().fold(false, |any, byte| any | byte.is_ascii_digit());
    // Of a known length it is a few instructions with wide registers.
    match bytes.first_chunk::<NEAR_BYTES>() {
        Some(near) => any(near),
        None => any(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lead_needs_more_than_a_time_and_the_most_telling_comes_first() {
        let fields = FieldTable::new();
        let mut leads = Leads::new();
        assert!(leads.add(0, "{@timestamp:time}", &fields).is_err());
        for text in
            ["{@timestamp:time} {log.level:level} {@body:rest}", "[{@timestamp:time}] INFO x: {@body:rest}"]
        {
            leads.add(0, text, &fields).expect("a good lead");
        }
        leads.arrange();
        let first = leads.timed[usize::from(b'I')].first().map(|index| &leads.leads[usize::from(*index)]);
        assert_eq!(first.map(|lead| lead.pattern.prefix()), Some("INFO x: "));
        assert!(leads.plain.iter().all(Vec::is_empty));
    }
}
