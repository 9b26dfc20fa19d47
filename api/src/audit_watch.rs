//! Whether the chain of the audit log holds, without following all of it at every look.

use event::Timestamp;
use store::{AuditChain, Store, StoreError};
use tokio::sync::Mutex;

/// The whole chain is followed again after this time; between, only the rows that are new.
const WHOLE_INTERVAL_SECS: i64 = 3_600;

/// Remembers how far the chain was followed.
#[derive(Debug, Default)]
pub struct AuditWatch(Mutex<Option<Followed>>);

#[derive(Clone, Debug)]
struct Followed {
    begun: Timestamp,
    reached: AuditChain,
}

impl AuditWatch {
    /// The number of rows that hold, and the first that does not. Callers wait for each other, so that many of them make
    /// no more work than one.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn look(&self, store: &Store, now: Timestamp) -> Result<(i64, Option<i64>), StoreError> {
        let mut known = self.0.lock().await;
        let young = |one: &Followed| now.secs() - one.begun.secs() < WHOLE_INTERVAL_SECS;
        let from =
            known.take().filter(young).unwrap_or(Followed { begun: now, reached: AuditChain::default() });
        let (reached, broken) = store.audit_follow(from.reached).await?;
        let holds = reached.rows;
        // A chain that broke is followed from its beginning again.
        *known = broken.is_none().then_some(Followed { begun: from.begun, reached });
        Ok((holds, broken))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::{Actor, AuditEntry, Tx};

    async fn note(tx: &mut Tx) {
        let actor = Actor::program("test");
        let (action, subject) = ("test.note", "test");
        let entry = AuditEntry { at_ms: 1, actor: &actor, action, client: None, subject, detail: "" };
        tx.audit(&entry).await.unwrap();
    }

    #[tokio::test]
    async fn new_rows_are_followed_at_once_and_old_ones_again_within_the_hour() {
        let store = store::testing::open().await;
        let (watch, start) = (AuditWatch::default(), 1_795_424_400);
        let look = async |secs| watch.look(&store, Timestamp::from_secs(start + secs)).await.unwrap();
        let mut tx = store.write().await.unwrap();
        note(&mut tx).await;
        note(&mut tx).await;
        tx.commit().await.unwrap();
        assert_eq!(look(0).await, (2, None));

        let mut tx = store.write().await.unwrap();
        sqlx::query("UPDATE audit SET actor = 'nobody' WHERE id = 1").execute(tx.connection()).await.unwrap();
        note(&mut tx).await;
        tx.commit().await.unwrap();
        assert_eq!(look(60).await, (3, None), "what was followed is not followed at every look");
        assert_eq!(look(WHOLE_INTERVAL_SECS).await, (0, Some(1)));
        assert_eq!(look(WHOLE_INTERVAL_SECS + 1).await, (0, Some(1)), "a broken chain stays broken");
    }
}
