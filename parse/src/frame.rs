//! Bytes of a stream → frames: octet counting and newlines (RFC 6587), told apart per frame.

use memchr::memchr;

/// How frames are told apart in a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Octet counting where a frame starts with a count, a space and `<`, a line otherwise. Decided per frame, because
    /// relays mix both on one connection.
    Auto,
    /// Octet counting (RFC 6587 section 3.4.1). What does not start with a count is taken as a line, which finds the
    /// next frame again after a wrong count.
    OctetCounted,
    /// One frame a line (RFC 6587 section 3.4.2): also JSON lines and followed files.
    Newline,
}

/// What the bytes at the start of the buffer are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Not enough bytes to tell: read more behind them and ask again.
    Need,
    /// A frame at `buffer[start..end]`; then drop `consumed` bytes from the front of the buffer.
    Frame {
        /// First byte of the payload.
        start: usize,
        /// One past its last byte; `start < end`, and `end - start` is at most the frame limit.
        end: usize,
        /// Bytes to drop from the front; at least `end`.
        consumed: usize,
        /// Whether the sender's frame was longer than what is given here.
        truncated: bool,
    },
    /// No frame in the first `consumed` bytes: drop them. They are an empty line or the tail of a frame that was cut.
    Skip {
        /// Bytes to drop from the front; at least 1.
        consumed: usize,
    },
}

/// More digits cannot be a count: a frame of a gigabyte is no log line.
const COUNT_DIGITS_MAX: usize = 9;

/// Finds the frames of one stream. It holds no bytes itself: the caller keeps a buffer, shows it from its first
/// unconsumed byte, and drops what a [`Step`] says. However the stream is cut into reads, the frames are the same.
///
/// A frame longer than the limit is given once, cut at the limit and marked; its tail is skipped.
#[derive(Debug)]
pub struct Splitter {
    framing: Framing,
    frame_bytes_max: usize,
    // The first `searched` bytes of the buffer hold no line feed, so no byte is searched twice.
    searched: usize,
    skipping: Skipping,
}

#[derive(Debug, PartialEq)]
enum Skipping {
    Nothing,
    /// The tail of a line that was cut, up to its line feed.
    Line,
    /// This many bytes of a counted frame that was cut; above zero.
    Octets(usize),
}

/// How the frame at the front is delimited.
enum Front {
    Undecided,
    Line,
    /// The payload has `octets` bytes and starts at `start`.
    Counted {
        start: usize,
        octets: usize,
    },
}

impl Splitter {
    /// For a stream whose frames are at most `frame_bytes_max` bytes (at least 1).
    #[must_use]
    pub fn new(framing: Framing, frame_bytes_max: usize) -> Splitter {
        let frame_bytes_max = frame_bytes_max.clamp(1, usize::MAX - 2);
        Splitter { framing, frame_bytes_max, searched: 0, skipping: Skipping::Nothing }
    }

    /// What the bytes at the start of `buffer` are. Between calls the buffer may only lose the bytes that the last
    /// step consumed and gain bytes at its end.
    pub fn next(&mut self, buffer: &[u8]) -> Step {
        if buffer.is_empty() {
            return Step::Need;
        }
        match self.skipping {
            Skipping::Line => return self.skip_line(buffer),
            Skipping::Octets(left) => return self.skip_octets(buffer, left),
            Skipping::Nothing => {}
        }
        match self.front(buffer, false) {
            Front::Undecided => Step::Need,
            Front::Counted { start, octets } => self.counted(buffer, start, octets),
            Front::Line => self.line(buffer),
        }
    }

    /// What is left when the stream has ended; call it once, after [`Splitter::next`] said [`Step::Need`]. A line
    /// without its line feed is a frame; a counted frame that stops short is one too, marked as truncated.
    pub fn finish(&mut self, rest: &[u8]) -> Step {
        self.searched = 0;
        if rest.is_empty() {
            return Step::Need;
        }
        if self.skipping != Skipping::Nothing {
            self.skipping = Skipping::Nothing;
            return Step::Skip { consumed: rest.len() };
        }
        match self.front(rest, true) {
            Front::Counted { start, .. } => self.frame(rest, start, rest.len(), rest.len(), true),
            Front::Line | Front::Undecided => self.frame(rest, 0, rest.len(), rest.len(), false),
        }
    }

    fn front(&self, buffer: &[u8], at_end: bool) -> Front {
        if self.framing == Framing::Newline {
            return Front::Line;
        }
        let digits =
            buffer.iter().take(COUNT_DIGITS_MAX + 1).take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 || digits > COUNT_DIGITS_MAX || buffer[0] == b'0' {
            return Front::Line;
        }
        // A count must be followed by a space; in doubt also by the PRI's bracket, or numbers that start a plain line
        // would be taken for counts.
        let wanted: &[u8] = if self.framing == Framing::Auto { b" <" } else { b" " };
        let rest = &buffer[digits..];
        if rest.len() < wanted.len() && wanted.starts_with(rest) {
            return if at_end { Front::Line } else { Front::Undecided };
        }
        if !rest.starts_with(wanted) {
            return Front::Line;
        }
        // At most nine digits, so it fits in 32 bits.
        let octets = buffer[..digits].iter().fold(0usize, |sum, digit| sum * 10 + usize::from(digit - b'0'));
        Front::Counted { start: digits + 1, octets }
    }

    fn counted(&mut self, buffer: &[u8], start: usize, octets: usize) -> Step {
        let kept = octets.min(self.frame_bytes_max);
        let Some(end) = start.checked_add(kept).filter(|end| *end <= buffer.len()) else {
            return Step::Need;
        };
        if octets > kept {
            self.skipping = Skipping::Octets(octets - kept);
        }
        self.frame(buffer, start, end, end, octets > kept)
    }

    fn line(&mut self, buffer: &[u8]) -> Step {
        // One byte more than the limit may be a carriage return, the next the line feed.
        let window = buffer.len().min(self.frame_bytes_max + 2);
        let from = self.searched.min(window);
        if let Some(at) = memchr(b'\n', &buffer[from..window]) {
            let end = from + at;
            return self.frame(buffer, 0, end, end + 1, false);
        }
        if window < self.frame_bytes_max + 2 {
            self.searched = window;
            return Step::Need;
        }
        self.skipping = Skipping::Line;
        let kept = self.frame_bytes_max;
        self.frame(buffer, 0, kept, kept, true)
    }

    /// The frame at `start..end` without its trailers, cut at the limit.
    fn frame(&mut self, buffer: &[u8], start: usize, end: usize, consumed: usize, truncated: bool) -> Step {
        self.searched = 0;
        let payload = &buffer[start..end];
        let trailers = payload.iter().rev().take_while(|byte| matches!(byte, b'\n' | b'\r' | 0)).count();
        let bytes = payload.len() - trailers;
        if bytes == 0 {
            return Step::Skip { consumed };
        }
        let kept = bytes.min(self.frame_bytes_max);
        Step::Frame { start, end: start + kept, consumed, truncated: truncated || kept < bytes }
    }

    fn skip_line(&mut self, buffer: &[u8]) -> Step {
        match memchr(b'\n', buffer) {
            Some(at) => {
                self.skipping = Skipping::Nothing;
                Step::Skip { consumed: at + 1 }
            }
            None => Step::Skip { consumed: buffer.len() },
        }
    }

    fn skip_octets(&mut self, buffer: &[u8], left: usize) -> Step {
        let consumed = left.min(buffer.len());
        self.skipping = match left - consumed {
            0 => Skipping::Nothing,
            left => Skipping::Octets(left),
        };
        Step::Skip { consumed }
    }
}
