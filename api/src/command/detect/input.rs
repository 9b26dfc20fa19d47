//! Files in blocks of whole lines.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Bytes that are read at a time.
const BLOCK_BYTES: usize = 1 << 20;

/// A longer line ends the run: it is no file of events.
const LINE_BYTES_MAX: usize = 64 << 20;

/// Whole lines of a file, in order.
#[derive(Debug)]
pub struct Block {
    bytes: Vec<u8>,
    // The number of the first line, from 1.
    first_line: u64,
}

impl Block {
    /// Each line that is not blank, with its number.
    pub fn lines(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let lines = self.bytes.split(|byte| *byte == b'\n').zip(self.first_line..);
        let trimmed = lines.map(|(line, number)| (number, line.trim_ascii()));
        trimmed.filter(|(_, line)| !line.is_empty())
    }
}

/// A file that is being read.
pub struct Blocks {
    source: Box<dyn Read>,
    // The start of a line whose end has not been read yet.
    rest: Vec<u8>,
    next_line: u64,
    at_end: bool,
}

impl Blocks {
    /// Opens a file; `-` is standard input.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(path: &Path) -> io::Result<Blocks> {
        let source: Box<dyn Read> =
            if path.as_os_str() == "-" { Box::new(io::stdin()) } else { Box::new(File::open(path)?) };
        Ok(Blocks { source, rest: Vec::new(), next_line: 1, at_end: false })
    }

    /// The next lines; `None` at the end.
    ///
    /// # Errors
    /// When reading fails, or a line has no end within [`LINE_BYTES_MAX`].
    pub fn next(&mut self) -> io::Result<Option<Block>> {
        let mut bytes = std::mem::take(&mut self.rest);
        while !self.at_end {
            let before = bytes.len();
            let read = self.source.by_ref().take(BLOCK_BYTES as u64).read_to_end(&mut bytes)?;
            self.at_end = read < BLOCK_BYTES;
            if let Some(end) = bytes[before..].iter().rposition(|byte| *byte == b'\n') {
                self.rest = bytes.split_off(before + end + 1);
                return Ok(Some(self.block(bytes)));
            }
            if bytes.len() > LINE_BYTES_MAX {
                return Err(io::Error::other(format!("line {} is longer than 64 MiB", self.next_line)));
            }
        }
        Ok((!bytes.is_empty()).then(|| self.block(bytes)))
    }

    fn block(&mut self, bytes: Vec<u8>) -> Block {
        let first_line = self.next_line;
        self.next_line += bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        Block { bytes, first_line }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(text: &str) -> Vec<(u64, String)> {
        let source = Box::new(io::Cursor::new(text.as_bytes().to_vec()));
        let mut blocks = Blocks { source, rest: Vec::new(), next_line: 1, at_end: false };
        let mut lines = Vec::new();
        while let Some(block) = blocks.next().expect("memory can be read") {
            lines.extend(
                block.lines().map(|(number, line)| (number, String::from_utf8_lossy(line).into_owned())),
            );
        }
        lines
    }

    #[test]
    fn lines_keep_their_numbers_across_blocks() {
        assert_eq!(numbered("a\n\nb"), [(1, "a".into()), (3, "b".into())]);
        assert_eq!(numbered(""), []);
        let long = "x".repeat(BLOCK_BYTES - 3);
        let text = format!("{long}\r\n{long}\nlast\n");
        assert_eq!(numbered(&text), [(1, long.clone()), (2, long), (3, "last".into())]);
    }
}
