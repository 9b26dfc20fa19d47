//! How ids and instants look in JSON: numbers and RFC 3339. The types of `event` know nothing of JSON.

use event::{CiId, ClientId, ProviderId, SourceId};
use serde::{Serialize, Serializer};
use std::fmt::Display;

pub(crate) fn client<S: Serializer>(id: &ClientId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u32(id.0)
}

pub(crate) fn source<S: Serializer>(id: &SourceId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u32(id.0)
}

pub(crate) fn optional_source<S: Serializer>(
    id: &Option<SourceId>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    id.map(|id| id.0).serialize(serializer)
}

pub(crate) fn optional_ci<S: Serializer>(id: &Option<CiId>, serializer: S) -> Result<S::Ok, S::Error> {
    id.map(|id| id.0).serialize(serializer)
}

pub(crate) fn provider<S: Serializer>(id: &Option<ProviderId>, serializer: S) -> Result<S::Ok, S::Error> {
    id.map(|id| id.0).serialize(serializer)
}

pub(crate) fn cis<S: Serializer>(ids: &[CiId], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(ids.iter().map(|id| id.0))
}

pub(crate) fn text<S: Serializer>(value: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

pub(crate) fn optional_text<S: Serializer>(
    value: &Option<impl Display>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    value.as_ref().map(ToString::to_string).serialize(serializer)
}
