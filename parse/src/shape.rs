//! Structured data of a shape seen before: a program writes the same elements and names on every line, so the text
//! between the values is compared instead of read.

use crate::syslog;
use crate::work::Found;

/// At most this many shapes are remembered; the parameters of others are read name by name.
const SHAPES_MAX: usize = 256;

/// Shapes that open alike share this many places.
const WAYS: usize = 4;

/// A shape of more parameters is not remembered.
const PARAMETERS_MAX: usize = 32;

/// A shape with more text between its values is not remembered: 256 KiB in all.
const GAPS_BYTES_MAX: usize = 1024;

/// A shape's place in [`Shapes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShapeIndex(u16);

/// One value's place in its structured data, and whether a backslash is in it.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    from: u32,
    to: u32,
    escaped: bool,
}

/// A parameter: the text from the value before it up to its own, quotes included, and what becomes of the value.
#[derive(Debug)]
struct Parameter {
    gap: Box<[u8]>,
    found: Found,
}

/// Shapes by their first bytes, and the spans of the latest match.
#[derive(Debug)]
pub(crate) struct Shapes {
    shapes: Vec<Box<[Parameter]>>,
    spans: [Span; PARAMETERS_MAX],
    // What the parameters of the line in hand became, while a shape may be learned from it.
    seen: Vec<(usize, usize, Found)>,
}

impl Shapes {
    pub(crate) fn new() -> Shapes {
        let mut shapes = Vec::new();
        shapes.resize_with(SHAPES_MAX, Box::default);
        let seen = Vec::with_capacity(PARAMETERS_MAX);
        Shapes { shapes, spans: [Span::default(); PARAMETERS_MAX], seen }
    }

    /// The shape that `text` starts with, and how many bytes that is. Its values are [`Shapes::values`] until the
    /// next call.
    #[inline]
    pub(crate) fn find(&mut self, text: &str) -> Option<(ShapeIndex, usize)> {
        let first = first_way(text)?;
        for way in first..first + WAYS {
            let shape = &self.shapes[way];
            if shape.is_empty() {
                return None;
            }
            if let Some(used) = matches(shape, text.as_bytes(), &mut self.spans) {
                return Some((ShapeIndex(way as u16), used));
            }
        }
        None
    }

    /// What becomes of each value of `data`, in which `shape` was found last; and whether it is still escaped.
    pub(crate) fn values<'a>(
        &self,
        shape: ShapeIndex,
        data: &'a str,
    ) -> impl Iterator<Item = (Found, &'a str, bool)> {
        let parameters = self.shapes[usize::from(shape.0)].iter().zip(&self.spans);
        parameters.map(move |(parameter, span)| {
            (parameter.found, &data[span.from as usize..span.to as usize], span.escaped)
        })
    }

    /// Forgets what [`Shapes::see`] noted of an earlier line.
    pub(crate) fn start(&mut self) {
        self.seen.clear();
    }

    /// Notes one parameter's value, a part of `data`.
    pub(crate) fn see(&mut self, data: &str, value: &str, found: Found) {
        if self.seen.len() <= PARAMETERS_MAX {
            let from = value.as_ptr() as usize - data.as_ptr() as usize;
            self.seen.push((from, from + value.len(), found));
        }
    }

    /// Remembers the shape of `data`, all of whose parameters were noted, if there is room for it.
    pub(crate) fn learn(&mut self, data: &str) {
        let Some(first) = first_way(data) else { return };
        let free = (first..first + WAYS).find(|way| self.shapes[*way].is_empty());
        let Some(free) = free.filter(|_| self.seen.len() <= PARAMETERS_MAX) else { return };
        let mut parameters = Vec::with_capacity(self.seen.len());
        let (mut at, mut bytes) = (0, 0);
        for (from, to, found) in &self.seen {
            let gap = &data.as_bytes()[at..*from];
            // Other quotes could close or open a value elsewhere on another line.
            let quotes = gap.iter().filter(|byte| **byte == b'"').count();
            if quotes != usize::from(at > 0) + 1 || gap.last() != Some(&b'"') {
                return;
            }
            bytes += gap.len();
            parameters.push(Parameter { gap: gap.into(), found: *found });
            at = *to;
        }
        if &data[at..] == "\"]" && bytes <= GAPS_BYTES_MAX {
            self.shapes[free] = parameters.into();
        }
    }
}

/// The first place of the shapes that open like `text`.
#[inline]
fn first_way(text: &str) -> Option<usize> {
    let first = u64::from_le_bytes(*text.as_bytes().first_chunk()?);
    let hash = first.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    Some(hash as usize % (SHAPES_MAX / WAYS) * WAYS)
}

fn matches(shape: &[Parameter], bytes: &[u8], spans: &mut [Span; PARAMETERS_MAX]) -> Option<usize> {
    let mut at = 0;
    for (parameter, span) in shape.iter().zip(spans) {
        if !bytes[at..].starts_with(&parameter.gap) {
            return None;
        }
        let from = at + parameter.gap.len();
        let (length, escaped) = syslog::quote_end(&bytes[from..])?;
        at = from + length;
        *span = Span { from: from as u32, to: at as u32, escaped };
    }
    let used = at + 2;
    (bytes[at..].starts_with(b"\"]") && bytes.get(used) != Some(&b'[')).then_some(used)
}
