//! A configuration item as everybody reads it: reconciled.

use crate::CmdbError;
use event::{CiId, ClientId, ProviderId};
use sqlx::Row;
use sqlx::any::AnyRow;

/// A configuration item (D3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ci {
    /// Its number.
    pub id: CiId,
    /// Whose it is.
    pub client: ClientId,
    /// `business_service`, `application`, `server`, `database`, `network_device`, `endpoint`, `cloud_resource`, …
    pub class: String,
    /// What people call it.
    pub name: String,
    /// Who operates it.
    pub provider: Option<ProviderId>,
    /// `production`, `acceptance`, `test`, …
    pub environment: Option<String>,
    /// 1 (highest) to 4.
    pub criticality: Option<u8>,
    /// Information class, confidentiality: 1 to 5 (highest).
    pub confidentiality: Option<u8>,
    /// Information class, integrity: 1 to 5.
    pub integrity: Option<u8>,
    /// Information class, availability: 1 to 5.
    pub availability: Option<u8>,
    /// Whether 24/7 availability was agreed (D5.2).
    pub always_on: bool,
    /// Who supports it.
    pub support_group: Option<String>,
    /// `planned`, `active`, `maintenance` or `retired`.
    pub lifecycle: String,
    /// Whether it should send logs.
    pub logging: bool,
}

impl Ci {
    /// The highest of its three information classes.
    #[must_use]
    pub fn information_class(&self) -> Option<u8> {
        [self.confidentiality, self.integrity, self.availability].into_iter().flatten().max()
    }
}

/// The columns that [`from_row`] reads, of a table called `ci`.
pub(crate) const COLUMNS: &str = "ci.id, ci.client_id, ci.class, ci.name, ci.provider_id, ci.environment, \
    ci.criticality, ci.confidentiality, ci.integrity, ci.availability, ci.always_on, ci.support_group, \
    ci.lifecycle, ci.logging";

pub(crate) fn from_row(row: &AnyRow) -> Result<Ci, CmdbError> {
    let small = |at: usize| -> Result<Option<u8>, CmdbError> {
        Ok(row.try_get::<Option<i64>, _>(at)?.map(|value| value as u8))
    };
    Ok(Ci {
        id: CiId(row.try_get::<i64, _>(0)? as u32),
        client: ClientId(row.try_get::<i64, _>(1)? as u32),
        class: row.try_get(2)?,
        name: row.try_get(3)?,
        provider: row.try_get::<Option<i64>, _>(4)?.map(|id| ProviderId(id as u32)),
        environment: row.try_get(5)?,
        criticality: small(6)?,
        confidentiality: small(7)?,
        integrity: small(8)?,
        availability: small(9)?,
        always_on: row.try_get::<i64, _>(10)? != 0,
        support_group: row.try_get(11)?,
        lifecycle: row.try_get(12)?,
        logging: row.try_get::<i64, _>(13)? != 0,
    })
}
