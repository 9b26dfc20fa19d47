//! The state store: one relational database for CMDB, alerts, cases, orders, metering and audit: SQLite (WAL). The SQL is
//! kept such that PostgreSQL takes it too; the feature `postgres` builds for it, which the program that ships does not.
//!
//! [`Store`] hands out reads (a pool) and one [`Tx`] at a time for writes. All migrations of all crates lie in
//! `cases/store/migrations`, so that one folder tells the whole schema. The crate knows the parties (D1) because every
//! other table refers to them; it knows nothing of cases, CIs or invoices.
//!
//! ```no_run
//! # async fn example() -> Result<(), store::StoreError> {
//! use store::{Store, StoreSettings};
//!
//! let store = Store::open("sqlite:///var/lib/sperwer/state.db", StoreSettings::default()).await?;
//! let mut tx = store.write().await?;
//! let client = tx.put_client(&store::ClientEntry::new("anb", "Agentschap Natuur en Bos")).await?;
//! tx.set_position("cases", event::EventId(42)).await?;
//! tx.commit().await?;
//! # let _ = client; Ok(()) }
//! ```

mod actor;
mod audit;
mod error;
mod hex;
mod migration;
mod party;
mod position;
mod setting;
mod sql;
mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod tx;

pub use crate::actor::{Actor, Organisation};
pub use crate::audit::{AUDIT_PAGE_MAX, AuditChain, AuditEntry, AuditRow};
pub use crate::error::StoreError;
pub use crate::hex::hex;
pub use crate::migration::{Migration, migrations};
pub use crate::party::{Client, ClientEntry, Directory, Provider};
pub use crate::sql::{Bind, SqlBuilder, like_containing, placeholders, scope_sql};
pub use crate::store::{Dialect, Store, StoreSettings};
pub use crate::tx::Tx;
