//! What is stored, and its end: by the client's retention, or because the client leaves (D9.1, D9.6).

use crate::Index;
use crate::find::DropWhen;
use crate::split::SplitKey;
use event::{ClientId, Scope, Timestamp};
use std::collections::BTreeMap;
use std::sync::PoisonError;

/// What a client has in the index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientUsage {
    /// Bytes on disk: raw events, fields and everything that makes them searchable. What metering calls stored (D7.1).
    pub bytes_stored: u64,
    /// Events.
    pub events: u64,
    /// Days (UTC, by receipt) with at least one event.
    pub days: u32,
}

impl Index {
    /// What each client has in the index, as far as the scope sees it; the quarantine is the client of that name. A client
    /// of which only damaged splits are left has nothing, but is named. To a provider nothing is told: what of a client
    /// is its own is not kept apart.
    ///
    /// # Errors
    /// Only when the index is open for reading only and cannot be read.
    pub fn usage(&self, scope: &Scope) -> Result<BTreeMap<ClientId, ClientUsage>, crate::IndexError> {
        let mut usage: BTreeMap<ClientId, ClientUsage> = BTreeMap::new();
        if scope.provider_filter().is_some() {
            return Ok(usage);
        }
        for (key, _) in self.shared.aside()?.iter().filter(|(key, _)| scope.allows(key.client)) {
            usage.entry(key.client).or_default();
        }
        for (key, view) in self.shared.snapshot(scope)?.0 {
            // One that was emptied is about to go.
            if view.segments.is_empty() {
                continue;
            }
            let client = usage.entry(key.client).or_default();
            client.bytes_stored += view.bytes();
            client.events += view.events();
            client.days += u32::from(view.events() > 0);
        }
        Ok(usage)
    }

    /// What each client has in the index by the day of receipt (UTC, days since 1970-01-01), in bytes on disk, as far as
    /// the scope sees it. A day that was deleted is not there any more.
    ///
    /// # Errors
    /// As [`usage`](Self::usage).
    pub fn stored_by_day(&self, scope: &Scope) -> Result<BTreeMap<(ClientId, i32), u64>, crate::IndexError> {
        let views = self.shared.snapshot(scope)?.0;
        Ok(views.into_iter().map(|(key, view)| ((key.client, key.day), view.bytes())).collect())
    }

    /// Drops every day of a client that lies more than `days` days before the day of `now`: today and the `days` days
    /// before it stay. The writer does it soon, within [`commit_if_due`](crate::IndexWriter::commit_if_due), or when it
    /// starts; also on a full disk. Without such a day there is nothing to do.
    pub fn retain(&self, client: ClientId, days: u32, now: Timestamp) {
        let oldest = i64::from(now.day()) - i64::from(days);
        let is_old = move |key: SplitKey| key.client == client && i64::from(key.day) < oldest;
        let aside = self.shared.aside().unwrap_or_default();
        if self.shared.keys().into_iter().chain(aside.into_iter().map(|(key, _)| key)).any(is_old) {
            self.drop_when(Box::new(is_old));
        }
    }

    /// Deletes everything of a client that the writer has been given until it hears of this; what it is given later is
    /// indexed again. Done as [`retain`](Self::retain).
    pub fn erase(&self, client: ClientId) {
        self.drop_when(Box::new(move |key| key.client == client));
    }

    fn drop_when(&self, drop: DropWhen) {
        self.shared.drops.lock().unwrap_or_else(PoisonError::into_inner).push(drop);
    }
}
