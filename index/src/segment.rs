//! Segment files: made from events in memory, opened for searching, flushed, deleted.

use crate::IndexError;
use crate::directory::SplitDirectory;
use crate::document::EngineDocument;
use crate::error::{engine_error, io_error};
use crate::manifest::SegmentInfo;
use crate::{schema, token};
use event::Event;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use tantivy::index::SegmentId;
use tantivy::indexer::{AddOperation, SegmentWriter};
use tantivy::{Segment, SegmentReader};

/// The files of a segment.
const EXTENSIONS: [&str; 6] = ["idx", "pos", "term", "store", "fast", "fieldnorm"];

/// The engine on the directory of one split.
#[derive(Clone)]
pub(crate) struct Engine {
    path: PathBuf,
    index: tantivy::Index,
}

impl Engine {
    /// On a directory that exists.
    pub(crate) fn open(path: &Path, durable: bool) -> Result<Engine, IndexError> {
        let directory = SplitDirectory::open(path, durable).map_err(engine_error(path))?;
        let (schema, _) = schema::schema();
        let builder = tantivy::Index::builder()
            .schema(schema)
            .settings(schema::engine_settings())
            .tokenizers(token::tokenizers());
        let index = builder.open_or_create(directory).map_err(engine_error(path))?;
        Ok(Engine { path: path.to_owned(), index })
    }

    pub(crate) fn segment(&self, info: &SegmentInfo) -> Result<Segment, IndexError> {
        let damaged = |_| IndexError::Damaged {
            path: self.path.clone(),
            what: format!("'{}' is not a segment id", info.id),
        };
        let id = SegmentId::from_uuid_string(&info.id).map_err(damaged)?;
        Ok(self.index.segment(self.index.new_segment_meta(id, info.events)))
    }

    pub(crate) fn reader(&self, info: &SegmentInfo) -> Result<SegmentReader, IndexError> {
        SegmentReader::open(&self.segment(info)?).map_err(engine_error(&self.path))
    }

    /// Begins a segment. `memory_bytes` sizes its first hash table, not its limit.
    pub(crate) fn start(&self, memory_bytes: usize) -> Result<NewSegment, IndexError> {
        let segment = self.index.new_segment();
        let id = segment.id().uuid_string();
        let writer = SegmentWriter::for_segment(memory_bytes, segment).map_err(engine_error(&self.path))?;
        let info = SegmentInfo { id, events: 0, bytes: 0, ids: (u64::MAX, 0), times: (i64::MAX, i64::MIN) };
        Ok(NewSegment { path: self.path.clone(), writer, info })
    }
}

/// A segment in the making.
pub(crate) struct NewSegment {
    path: PathBuf,
    writer: SegmentWriter,
    info: SegmentInfo,
}

impl NewSegment {
    pub(crate) fn add(&mut self, event: &Event<'_>, document: EngineDocument) -> Result<(), IndexError> {
        let operation = AddOperation { opstamp: u64::from(self.info.events), document };
        self.writer.add_document(operation).map_err(engine_error(&self.path))?;
        self.info.events += 1;
        self.info.ids = (self.info.ids.0.min(event.id.0), self.info.ids.1.max(event.id.0));
        self.info.times = (self.info.times.0.min(event.time.0), self.info.times.1.max(event.time.0));
        Ok(())
    }

    pub(crate) fn events(&self) -> u32 {
        self.info.events
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.writer.mem_usage()
    }

    /// Writes the files.
    pub(crate) fn finish(self) -> Result<SegmentInfo, IndexError> {
        let NewSegment { path, writer, mut info } = self;
        writer.finalize().map_err(engine_error(&path))?;
        info.bytes = bytes_on_disk(&path, &info.id)?;
        Ok(info)
    }
}

/// Size of a segment's files.
pub(crate) fn bytes_on_disk(split: &Path, id: &str) -> Result<u64, IndexError> {
    let mut bytes = 0;
    for file in files(split, id) {
        match fs::metadata(&file) {
            Ok(metadata) => bytes += metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(io_error("read", &file)(error)),
        }
    }
    Ok(bytes)
}

/// Puts a segment's files on disk for good; the directory is the caller's.
pub(crate) fn sync(split: &Path, id: &str) -> Result<(), IndexError> {
    for path in files(split, id) {
        match File::open(&path) {
            Ok(file) => file.sync_data().map_err(io_error("flush", &path))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(io_error("flush", &path)(error)),
        }
    }
    Ok(())
}

/// Deletes a segment's files. Whoever has them open keeps them until done.
pub(crate) fn delete(split: &Path, id: &str) {
    for path in files(split, id) {
        if let Err(error) = fs::remove_file(&path)
            && error.kind() != io::ErrorKind::NotFound
        {
            // Left over, it costs space until the next start, which deletes what no manifest names.
            tracing::warn!(path = %path.display(), %error, "cannot delete a file of a replaced segment");
        }
    }
}

fn files(split: &Path, id: &str) -> impl Iterator<Item = PathBuf> {
    let stem = id.to_owned();
    EXTENSIONS.iter().map(move |extension| split.join(format!("{stem}.{extension}")))
}
