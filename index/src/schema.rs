//! What a segment consists of.
//!
//! There is no column per field name and no JSON tree: a field's value is one term `name NUL value` in one field, so
//! the number of names costs nothing, numbers and texts that look alike compare alike, and wildcards, ranges and
//! networks are a walk over the names' part of the dictionary.

use crate::token;
use tantivy::IndexSettings;
use tantivy::schema::{Field, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions};
use tantivy::store::{Compressor, ZstdCompressor};

/// Events per compressed block depend on this: 64 KiB took a quarter off the disk against 16 KiB at no cost in rate.
const STORE_BLOCK_BYTES: usize = 65_536;
const ZSTD_LEVEL: i32 = 3;

/// Event id, u64 column.
pub(crate) const ID: &str = "id";
/// Event time in nanoseconds, i64 column.
pub(crate) const TIME: &str = "time";
/// Time of receipt in nanoseconds, i64 column.
pub(crate) const RECEIVED: &str = "received";

/// The fields by their handles; the order in [`schema`] is the order of a document's values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields {
    pub(crate) id: Field,
    pub(crate) time: Field,
    pub(crate) received: Field,
    /// Words of the message and of all values, with positions.
    pub(crate) words: Field,
    /// Terms `name NUL value`, and `NUL name` for values too long to be a term.
    pub(crate) values: Field,
    /// The event itself ([`crate::record`]).
    pub(crate) record: Field,
}

/// The one schema of all segments.
pub(crate) fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let column = || NumericOptions::default().set_fast();
    let text = |tokenizer: &str, option: IndexRecordOption| {
        let indexing = TextFieldIndexing::default()
            .set_tokenizer(tokenizer)
            .set_index_option(option)
            .set_fieldnorms(false);
        TextOptions::default().set_indexing_options(indexing)
    };
    let fields = Fields {
        id: builder.add_u64_field(ID, column()),
        time: builder.add_i64_field(TIME, column()),
        received: builder.add_i64_field(RECEIVED, column()),
        words: builder.add_text_field("words", text(token::WORDS, IndexRecordOption::WithFreqsAndPositions)),
        values: builder.add_text_field("values", text(token::VALUES, IndexRecordOption::Basic)),
        record: builder.add_bytes_field("record", tantivy::schema::BytesOptions::default().set_stored()),
    };
    (builder.build(), fields)
}

/// How segments are stored.
pub(crate) fn engine_settings() -> IndexSettings {
    IndexSettings {
        docstore_compression: Compressor::Zstd(ZstdCompressor { compression_level: Some(ZSTD_LEVEL) }),
        docstore_compress_dedicated_thread: false,
        docstore_blocksize: STORE_BLOCK_BYTES,
        ..IndexSettings::default()
    }
}
