//! What happened to a case, and the clocks that follow from it (D5, D8). Events are only ever added.

use crate::{CaseId, DeskError, State};
use event::ProviderId;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use store::{Actor, Tx};

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum EventKind {
    Registered,
    State,
    Assigned,
    Priority,
    Verdict,
    Title,
    /// An alert group was tied to it; `to` is the group.
    Linked,
    Unlinked,
    /// Another case went up in this one; `to` is its number.
    Absorbed,
}

impl EventKind {
    const ALL: [EventKind; 9] = [
        EventKind::Registered,
        EventKind::State,
        EventKind::Assigned,
        EventKind::Priority,
        EventKind::Verdict,
        EventKind::Title,
        EventKind::Linked,
        EventKind::Unlinked,
        EventKind::Absorbed,
    ];

    /// The name in the store and in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            EventKind::Registered => "registered",
            EventKind::State => "state",
            EventKind::Assigned => "assigned",
            EventKind::Priority => "priority",
            EventKind::Verdict => "verdict",
            EventKind::Title => "title",
            EventKind::Linked => "linked",
            EventKind::Unlinked => "unlinked",
            EventKind::Absorbed => "absorbed",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<EventKind> {
        EventKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseEvent {
    /// Its place on the timeline, from 1.
    pub seq: i64,
    /// When, unix milliseconds.
    pub at_ms: i64,
    /// Who.
    pub actor: String,
    /// On whose behalf, as [`store::Organisation`] is written.
    pub organisation: String,
    /// Whether it was a person.
    pub human: bool,
    /// What.
    pub kind: EventKind,
    /// What it was before.
    pub from: Option<String>,
    /// What it is since.
    pub to: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// The moments that figures are made of, unix milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clocks {
    /// Registered: the month that it is billed in.
    pub registered_ms: i64,
    /// When its targets began to run: at its registration, or at that of the oldest case that went up in it.
    pub started_ms: i64,
    /// The first thing that a person did to it, or to a case that went up in it.
    pub acknowledged_ms: Option<i64>,
    /// First contained.
    pub contained_ms: Option<i64>,
    /// Resolved for the last time; none while it is open (again).
    pub resolved_ms: Option<i64>,
    /// Closed for the last time; none while it is not.
    pub closed_ms: Option<i64>,
    /// Merged into another.
    pub merged_ms: Option<i64>,
    /// Withdrawn.
    pub withdrawn_ms: Option<i64>,
    /// Times on hold, or resolved until it was reopened, from and until: the resolution clock stands still.
    pub held: Vec<(i64, i64)>,
    /// On hold now, since.
    pub held_since_ms: Option<i64>,
}

impl Clocks {
    /// What the events of one case, in order, come to.
    #[must_use]
    pub fn fold(events: &[CaseEvent]) -> Clocks {
        let mut clocks = Clocks::default();
        for event in events {
            clocks.apply(event);
        }
        clocks
    }

    fn apply(&mut self, event: &CaseEvent) {
        if event.kind == EventKind::Registered {
            (self.registered_ms, self.started_ms) = (event.at_ms, event.at_ms);
        }
        // Registering by hand is a reaction too.
        if event.human {
            self.acknowledged_ms.get_or_insert(event.at_ms);
        }
        let state = event.to.as_deref().and_then(State::from_name);
        if let (EventKind::State, Some(state)) = (event.kind, state) {
            self.enter(state, event.at_ms);
        }
    }

    fn enter(&mut self, state: State, at_ms: i64) {
        if let Some(since) = self.held_since_ms.take() {
            self.held.push((since, at_ms));
        }
        match state {
            State::OnHold => self.held_since_ms = Some(at_ms),
            State::Contained => drop(self.contained_ms.get_or_insert(at_ms)),
            State::Resolved => self.resolved_ms = Some(at_ms),
            State::Closed => self.closed_ms = Some(at_ms),
            State::Reopened => {
                let over = self.resolved_ms.take().or(self.closed_ms);
                self.closed_ms = None;
                self.held.extend(over.map(|since| (since, at_ms)));
            }
            State::Merged => self.merged_ms = Some(at_ms),
            State::Withdrawn => self.withdrawn_ms = Some(at_ms),
            State::New | State::Triage | State::Investigating => {}
        }
    }

    /// The clocks of the earliest are kept: another case, with these of its own, went up in this one.
    pub fn absorb(&mut self, started_ms: i64, acknowledged_ms: Option<i64>) {
        self.started_ms = self.started_ms.min(started_ms);
        let both = [self.acknowledged_ms, acknowledged_ms];
        self.acknowledged_ms = both.into_iter().flatten().min();
    }

    /// Time during which the clock stood still, up to the end of the last time.
    #[must_use]
    pub fn held_ms(&self) -> i64 {
        self.held.iter().map(|(from, until)| until - from).sum()
    }

    /// Whether no target is open any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.resolved_ms.is_some() || self.merged_ms.is_some() || self.withdrawn_ms.is_some()
    }
}

/// What is to be written.
pub(crate) struct NewEvent<'a> {
    pub kind: EventKind,
    pub from: Option<String>,
    pub to: Option<String>,
    pub reason: Option<&'a str>,
}

impl<'a> NewEvent<'a> {
    pub(crate) fn new(kind: EventKind, from: Option<String>, to: Option<String>) -> NewEvent<'a> {
        NewEvent { kind, from, to, reason: None }
    }

    pub(crate) fn because(self, reason: Option<&'a str>) -> NewEvent<'a> {
        NewEvent { reason, ..self }
    }
}

/// Adds an event to a case's timeline.
pub(crate) async fn add(
    tx: &mut Tx,
    case: CaseId,
    actor: &Actor,
    at_ms: i64,
    event: &NewEvent<'_>,
) -> Result<(), DeskError> {
    let sql = "INSERT INTO case_event (case_id, seq, at_ms, actor, organisation, human, kind, from_value,
               to_value, reason)
               SELECT $1, COALESCE(MAX(seq), 0) + 1, $2, $3, $4, $5, $6, $7, $8, $9
               FROM case_event WHERE case_id = $10";
    sqlx::query(sql)
        .bind(case.0)
        .bind(at_ms)
        .bind(&actor.user)
        .bind(actor.organisation.to_string())
        .bind(i64::from(actor.human))
        .bind(event.kind.name())
        .bind(event.from.clone())
        .bind(event.to.clone())
        .bind(event.reason.map(str::to_owned))
        .bind(case.0)
        .execute(tx.connection())
        .await?;
    Ok(())
}

pub(crate) async fn load(connection: &mut AnyConnection, case: CaseId) -> Result<Vec<CaseEvent>, DeskError> {
    let sql = "SELECT seq, at_ms, actor, organisation, human, kind, from_value, to_value, reason
               FROM case_event WHERE case_id = $1 ORDER BY seq";
    let rows = sqlx::query(sql).bind(case.0).fetch_all(connection).await?;
    rows.iter().map(event).collect()
}

/// The clocks of a case: its own events, and the starts of the cases that went up in it. A merged case no longer changes,
/// and its row holds what went up in it before.
pub(crate) async fn clocks(
    connection: &mut AnyConnection,
    case: CaseId,
    events: &[CaseEvent],
) -> Result<Clocks, DeskError> {
    let mut clocks = Clocks::fold(events);
    let sql = "SELECT started_ms, acknowledged_ms FROM security_case WHERE merged_into_id = $1";
    for row in sqlx::query(sql).bind(case.0).fetch_all(connection).await? {
        clocks.absorb(row.try_get(0)?, row.try_get(1)?);
    }
    Ok(clocks)
}

/// The provider in the text of an [`EventKind::Assigned`] event (`provider:7 user:els`), if it names one.
#[must_use]
pub fn assigned_provider(assignment: &str) -> Option<ProviderId> {
    let id = assignment.split(' ').next()?.strip_prefix("provider:")?;
    id.parse().ok().map(ProviderId)
}

fn event(row: &AnyRow) -> Result<CaseEvent, DeskError> {
    let kind: String = row.try_get(5)?;
    Ok(CaseEvent {
        seq: row.try_get(0)?,
        at_ms: row.try_get(1)?,
        actor: row.try_get(2)?,
        organisation: row.try_get(3)?,
        human: row.try_get::<i64, _>(4)? != 0,
        kind: EventKind::from_name(&kind).ok_or_else(|| DeskError::corrupt("case event", &kind))?,
        from: row.try_get(6)?,
        to: row.try_get(7)?,
        reason: row.try_get(8)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(at_ms: i64, human: bool, kind: EventKind, to: &str) -> CaseEvent {
        CaseEvent {
            seq: at_ms,
            at_ms,
            actor: "x".into(),
            organisation: "integrator".into(),
            human,
            kind,
            from: None,
            to: Some(to.into()),
            reason: None,
        }
    }

    #[test]
    fn clocks_follow_from_events() {
        use EventKind::{Assigned, Registered, State};
        let mut events = vec![
            event(10, false, Registered, "SC-1"),
            event(11, false, Assigned, "netwerken"),
            event(20, true, State, "triage"),
            event(30, true, State, "on_hold"),
            event(50, true, State, "contained"),
            event(60, true, State, "resolved"),
            event(70, true, State, "closed"),
        ];
        let closed = Clocks::fold(&events);
        assert_eq!(
            (closed.registered_ms, closed.acknowledged_ms, closed.contained_ms),
            (10, Some(20), Some(50))
        );
        assert_eq!((closed.resolved_ms, closed.closed_ms, closed.held_ms()), (Some(60), Some(70), 20));
        assert!(closed.is_over());
        events.extend([event(80, true, State, "reopened"), event(90, true, State, "contained")]);
        // Resolved at 60, reopened at 80: nobody had anything to do in between.
        assert_eq!(Clocks::fold(&events).held, [(30, 50), (60, 80)]);
        events.push(event(95, true, State, "resolved"));
        let again = Clocks::fold(&events);
        assert_eq!((again.contained_ms, again.resolved_ms, again.closed_ms), (Some(50), Some(95), None));
    }
}
