//! How far a followed file was read: stored by replacing a small file, so that it is whole at every moment.
//!
//! One line of text: `1 DEVICE INODE OFFSET HEAD_BYTES HEAD_CRC`, all decimal. The checksum of the file's first bytes
//! tells it from a later one that was given the same inode number.

use crate::limits::FOLLOW_FINGERPRINT_BYTES;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

const VERSION: u64 = 1;

/// A position in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Checkpoint {
    device: u64,
    inode: u64,
    /// The first byte that was not taken.
    pub offset: u64,
    /// At most [`FOLLOW_FINGERPRINT_BYTES`] and at most `offset`.
    head_bytes: u64,
    head_crc: u32,
}

impl Checkpoint {
    pub(super) fn of(file: &File, offset: u64) -> io::Result<Checkpoint> {
        let metadata = file.metadata()?;
        let head_bytes = offset.min(FOLLOW_FINGERPRINT_BYTES as u64);
        let head_crc = head_crc(file, head_bytes)?;
        Ok(Checkpoint { device: metadata.dev(), inode: metadata.ino(), offset, head_bytes, head_crc })
    }

    /// Whether it is a position in this file.
    pub(super) fn is_of(&self, file: &File) -> io::Result<bool> {
        let metadata = file.metadata()?;
        Ok((metadata.dev(), metadata.ino()) == (self.device, self.inode)
            && metadata.len() >= self.offset
            && head_crc(file, self.head_bytes)? == self.head_crc)
    }

    fn parse(text: &str) -> Option<Checkpoint> {
        let numbers: Option<Vec<u64>> =
            text.split_ascii_whitespace().map(|number| number.parse().ok()).collect();
        match numbers?[..] {
            [VERSION, device, inode, offset, head_bytes, crc]
                if head_bytes <= FOLLOW_FINGERPRINT_BYTES as u64 =>
            {
                Some(Checkpoint { device, inode, offset, head_bytes, head_crc: u32::try_from(crc).ok()? })
            }
            _ => None,
        }
    }
}

fn head_crc(file: &File, bytes: u64) -> io::Result<u32> {
    let mut head = [0; FOLLOW_FINGERPRINT_BYTES];
    let head = &mut head[..bytes as usize];
    file.read_exact_at(head, 0)?;
    Ok(crc32c::crc32c(head))
}

/// Where the checkpoint of one listener is kept.
pub(super) struct CheckpointFile {
    directory: PathBuf,
    path: PathBuf,
}

impl CheckpointFile {
    pub(super) fn new(directory: &Path, listener: &str) -> io::Result<CheckpointFile> {
        fs::create_dir_all(directory)?;
        // A name is free text; whatever is not safe in a file name becomes its number.
        let name: String = listener
            .bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => char::from(byte).to_string(),
                other => format!("%{other:02x}"),
            })
            .collect();
        Ok(CheckpointFile {
            directory: directory.to_owned(),
            path: directory.join(format!("{name}.checkpoint")),
        })
    }

    /// The last one stored; `None` when there is none, or none that can be read.
    pub(super) fn load(&self) -> Option<Checkpoint> {
        Checkpoint::parse(&fs::read_to_string(&self.path).ok()?)
    }

    pub(super) fn store(&self, checkpoint: &Checkpoint) -> io::Result<()> {
        let Checkpoint { device, inode, offset, head_bytes, head_crc } = checkpoint;
        let temporary = self.path.with_extension("new");
        let mut file = File::create(&temporary)?;
        writeln!(file, "{VERSION} {device} {inode} {offset} {head_bytes} {head_crc}")?;
        file.sync_data()?;
        fs::rename(&temporary, &self.path)?;
        File::open(&self.directory)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_comes_back_and_knows_its_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        fs::write(&path, "one\ntwo\n").unwrap();
        let checkpoints = CheckpointFile::new(&directory.path().join("state"), "a/b log").unwrap();
        assert_eq!(checkpoints.load(), None);
        let file = File::open(&path).unwrap();
        let checkpoint = Checkpoint::of(&file, 4).unwrap();
        checkpoints.store(&checkpoint).unwrap();
        assert_eq!(checkpoints.load(), Some(checkpoint));
        assert!(checkpoint.is_of(&file).unwrap());
        fs::write(&path, "ONE\ntwo\n").unwrap();
        assert!(!checkpoint.is_of(&File::open(&path).unwrap()).unwrap(), "same inode, other content");
        fs::write(&path, "one").unwrap();
        assert!(!checkpoint.is_of(&File::open(&path).unwrap()).unwrap(), "shorter than the position");
    }

    #[test]
    fn a_damaged_checkpoint_is_none() {
        for text in ["", "1 2 3", "2 1 1 1 1 1", "1 1 1 9 2000 1", "1 1 1 1 1 99999999999", "x"] {
            assert_eq!(Checkpoint::parse(text), None, "{text}");
        }
    }
}
