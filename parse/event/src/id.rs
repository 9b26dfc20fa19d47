//! One type per id, so that a client can never be passed where a source is meant.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $inner:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// A client (D1.1): the number of its row in the state store. Zero is [`ClientId::QUARANTINE`].
    ClientId,
    u32
);
id!(
    /// A provider (D1.2): the number of its row in the state store.
    ProviderId,
    u32
);
id!(
    /// A registered log source: the number of its row in the state store. Zero is [`SourceId::UNKNOWN`].
    SourceId,
    u32
);
id!(
    /// A configuration item of the CMDB (D3.2): the number of its row in the state store.
    CiId,
    u32
);
id!(
    /// An event's id is its place in the journal: the count of records before it. Dense, in order of receipt, the
    /// same after every replay, so whatever is derived from it is idempotent too.
    EventId,
    u64
);

impl ClientId {
    /// Owns what came from senders that belong to nobody; only an operator sees it.
    pub const QUARANTINE: ClientId = ClientId(0);
}

impl SourceId {
    /// The source of a frame whose sender is not registered.
    pub const UNKNOWN: SourceId = SourceId(0);
}

impl EventId {
    /// The id of the record after this one, and so the position of a reader that is done with this one.
    #[must_use]
    pub fn next(self) -> EventId {
        EventId(self.0 + 1)
    }
}
