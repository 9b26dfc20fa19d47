//! Every limit of this crate, in one place: what it bounds, its unit, and what happens at it.

use std::time::Duration;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// The largest body that a journal block may have, in bytes: a longer one on disk is corrupt by definition, so a
/// damaged length can never make a reader allocate more than this.
pub const BLOCK_BYTES_MAX: usize = 64 * MIB;

/// A batch is full at this size, in bytes of encoded records: the sender's task hands it over and starts another.
/// Far below [`BLOCK_BYTES_MAX`], so that one block always holds at least the batches that open it.
pub const BATCH_BYTES_MAX: usize = 16 * MIB;

/// The largest payload of one record, in bytes. Listeners truncate far below it.
pub const RECORD_BYTES_MAX: usize = 8 * MIB;

/// Default of [`crate::JournalSettings::block_bytes_target`]: one commit takes what is queued until it has this many
/// bytes. 4 MiB is some 13 000 events of 300 B, so the disk's sync latency is shared by that many.
pub const BLOCK_BYTES_TARGET: usize = 4 * MIB;

/// Default of [`crate::JournalSettings::segment_bytes`]: a segment is closed once it is this long. It is also the
/// most that a start has to check, about 0.1 s.
pub const SEGMENT_BYTES: u64 = 128 * MIB as u64;

/// Default of [`crate::JournalSettings::queue_bytes_max`]: bytes waiting for the disk. At the limit every
/// listener stops reading: TCP, TLS, HTTP and followed files hold their senders back; for UDP the kernel's buffer fills
/// and the kernel drops, which is counted.
pub const QUEUE_BYTES_MAX: usize = 64 * MIB;

/// Default of [`crate::JournalSettings::queue_batches_max`]; the same behaviour at the limit as
/// [`QUEUE_BYTES_MAX`].
pub const QUEUE_BATCHES_MAX: usize = 8192;

/// How long the writer waits between two attempts after the disk refused a write.
pub const WRITE_RETRY_INTERVAL: Duration = Duration::from_millis(250);

/// Default of [`Limits::frame_bytes_max`]: a longer syslog frame is cut here, marked and counted; its tail is
/// skipped.
pub const FRAME_BYTES_MAX: usize = 64 * KIB;

/// Default of [`Limits::line_bytes_max`]: the same for a line of an HTTP body or a followed file.
pub const LINE_BYTES_MAX: usize = MIB;

/// Default of [`Limits::connections_max`]: open connections of one listener. One more is closed at once and
/// counted.
pub const CONNECTIONS_MAX: usize = 4096;

/// Default of [`Limits::connections_per_peer_max`]: of these, from one address. One more is closed at once and
/// counted.
pub const CONNECTIONS_PER_PEER_MAX: usize = 256;

/// Default of [`Limits::idle_timeout`]: a connection that completed no frame for this long is closed and
/// counted. Bytes that complete nothing do not count, so a sender that trickles cannot hold a place.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(900);

/// Default of [`Limits::handshake_timeout`]: a TLS handshake that takes longer is closed and counted.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Default of [`Limits::drain_timeout`]: how long a shutdown waits for what was read to become durable.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// Default of [`Limits::udp_receive_buffer_bytes`]: asked from the kernel per UDP socket; when it grants less
/// (`net.core.rmem_max`), a warning says so.
pub const UDP_RECEIVE_BUFFER_BYTES: usize = 8 * MIB;

/// The largest UDP payload: no datagram is ever cut by the socket.
pub const DATAGRAM_BYTES_MAX: usize = 65_535;

/// One turn of a UDP listener takes at most this many datagrams before it hands the batch over.
pub const DATAGRAMS_PER_BATCH: usize = 1024;

/// One read of a connection asks for at least this much room, in bytes.
pub const READ_BYTES_MIN: usize = 16 * KIB;

/// A connection's buffer aims at this much room per read once the sender fills it, in bytes.
pub const READ_BYTES_TARGET: usize = 256 * KIB;

/// Default of [`Limits::body_bytes_max`]: an HTTP body, before and after decompression, gets 413 beyond it.
pub const BODY_BYTES_MAX: usize = 10 * MIB;

/// Default of [`Limits::bodies_in_flight_max`]: HTTP bodies held in memory at one time. Further requests wait
/// for [`Limits::queue_timeout`], then get 429.
pub const BODIES_IN_FLIGHT_MAX: usize = 16;

/// Default of [`Limits::bodies_per_source_max`]: of these, of one source. The same behaviour at the limit.
pub const BODIES_PER_SOURCE_MAX: usize = 4;

/// Default of [`Limits::queue_timeout`]: how long an HTTP request waits for room, then for durability, before
/// it gets 503 with `Retry-After`.
pub const QUEUE_TIMEOUT: Duration = Duration::from_secs(5);

/// Default of [`Limits::body_timeout`]: an HTTP body that takes longer to arrive gets 408.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// The value of `Retry-After` with 429 and 503, in seconds.
pub const RETRY_AFTER_SECONDS: u32 = 2;

/// A compressed body is fed to the decompressor in pieces of this many bytes, so that one piece of the worst ratio
/// (about 1 000 to 1) adds no more than 4 MiB before the limit is looked at.
pub const GZIP_PIECE_BYTES: usize = 4 * KIB;

/// What a connection or socket has taken is handed to the journal at this size, in bytes of encoded
/// records, also within one read: records of one octet are 30 times their payload, and every connection may hold one
/// such batch.
pub const INTAKE_BATCH_BYTES: usize = 256 * KIB;

/// Default of [`Limits::quarantine_bytes_per_hour`]: payload of unknown senders that is kept, per hour and in
/// total. A frame counts for at least [`QUARANTINE_FRAME_BYTES_MIN`]. Beyond it UDP drops and counts, and a TCP or TLS
/// connection is closed.
pub const QUARANTINE_BYTES_PER_HOUR: u64 = 100 * MIB as u64;

/// What a frame of an unknown sender costs at least of that budget, in bytes: as much as it takes in journal and index,
/// however short it is.
pub const QUARANTINE_FRAME_BYTES_MIN: u64 = 512;

/// The unknown senders listed for the operator. Beyond it the one heard longest ago gives way.
pub const QUARANTINE_SENDERS_MAX: usize = 1000;

/// The sample line kept per unknown sender, in bytes; longer ones are cut.
pub const QUARANTINE_SAMPLE_BYTES_MAX: usize = 512;

/// How often a followed file is looked at again after its end was reached.
pub const FOLLOW_POLL_INTERVAL: Duration = Duration::from_millis(250);

/// Files followed at one time; each has a thread. More is a configuration error.
pub const FOLLOWED_FILES_MAX: usize = 128;

/// The head of a followed file that tells it apart from another with the same inode number, in bytes.
pub const FOLLOW_FINGERPRINT_BYTES: usize = 1024;

/// How often kernel drop counters are read and certificate files looked at.
pub const HOUSEKEEPING_INTERVAL: Duration = Duration::from_secs(2);

/// Default of [`Limits::ack_timeout`]: how long an HTTP request whose lines are queued waits for the disk, before it
/// gets 503. Longer than [`QUEUE_TIMEOUT`], as the lines may still become durable and a retry would double them.
pub const ACK_TIMEOUT: Duration = Duration::from_secs(30);

/// What may be set per installation; everything else above is fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// See [`FRAME_BYTES_MAX`].
    pub frame_bytes_max: usize,
    /// See [`LINE_BYTES_MAX`].
    pub line_bytes_max: usize,
    /// See [`CONNECTIONS_MAX`].
    pub connections_max: usize,
    /// See [`CONNECTIONS_PER_PEER_MAX`].
    pub connections_per_peer_max: usize,
    /// See [`IDLE_TIMEOUT`].
    pub idle_timeout: Duration,
    /// See [`HANDSHAKE_TIMEOUT`].
    pub handshake_timeout: Duration,
    /// See [`DRAIN_TIMEOUT`].
    pub drain_timeout: Duration,
    /// See [`UDP_RECEIVE_BUFFER_BYTES`].
    pub udp_receive_buffer_bytes: usize,
    /// See [`BODY_BYTES_MAX`].
    pub body_bytes_max: usize,
    /// See [`BODIES_IN_FLIGHT_MAX`].
    pub bodies_in_flight_max: usize,
    /// See [`BODIES_PER_SOURCE_MAX`].
    pub bodies_per_source_max: usize,
    /// See [`BODY_TIMEOUT`].
    pub body_timeout: Duration,
    /// See [`QUEUE_TIMEOUT`].
    pub queue_timeout: Duration,
    /// See [`ACK_TIMEOUT`].
    pub ack_timeout: Duration,
    /// See [`QUARANTINE_BYTES_PER_HOUR`].
    pub quarantine_bytes_per_hour: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            frame_bytes_max: FRAME_BYTES_MAX,
            line_bytes_max: LINE_BYTES_MAX,
            connections_max: CONNECTIONS_MAX,
            connections_per_peer_max: CONNECTIONS_PER_PEER_MAX,
            idle_timeout: IDLE_TIMEOUT,
            handshake_timeout: HANDSHAKE_TIMEOUT,
            drain_timeout: DRAIN_TIMEOUT,
            udp_receive_buffer_bytes: UDP_RECEIVE_BUFFER_BYTES,
            body_bytes_max: BODY_BYTES_MAX,
            bodies_in_flight_max: BODIES_IN_FLIGHT_MAX,
            bodies_per_source_max: BODIES_PER_SOURCE_MAX,
            body_timeout: BODY_TIMEOUT,
            queue_timeout: QUEUE_TIMEOUT,
            ack_timeout: ACK_TIMEOUT,
            quarantine_bytes_per_hour: QUARANTINE_BYTES_PER_HOUR,
        }
    }
}
