//! The states of a case and the steps between them, as data.

use crate::DeskError;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// Where a case stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Registered; nobody has looked.
    New,
    /// Somebody looks.
    Triage,
    /// It is an incident and is worked on.
    Investigating,
    /// Waiting for somebody outside.
    OnHold,
    /// It spreads no further.
    Contained,
    /// Service is restored.
    Resolved,
    /// Done, with a verdict.
    Closed,
    /// Went up in another case.
    Merged,
    /// Resolved or closed too soon.
    Reopened,
    /// Registered by mistake; not counted (D7.6).
    Withdrawn,
}

impl State {
    /// All states.
    pub const ALL: [State; 10] = [
        State::New,
        State::Triage,
        State::Investigating,
        State::OnHold,
        State::Contained,
        State::Resolved,
        State::Closed,
        State::Merged,
        State::Reopened,
        State::Withdrawn,
    ];

    /// The name in the store, in data and in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            State::New => "new",
            State::Triage => "triage",
            State::Investigating => "investigating",
            State::OnHold => "on_hold",
            State::Contained => "contained",
            State::Resolved => "resolved",
            State::Closed => "closed",
            State::Merged => "merged",
            State::Reopened => "reopened",
            State::Withdrawn => "withdrawn",
        }
    }

    /// The state with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether there is still work on it.
    #[must_use]
    pub fn is_open(self) -> bool {
        !matches!(self, State::Resolved | State::Closed | State::Merged | State::Withdrawn)
    }
}

/// Which steps there are.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workflow {
    step: Vec<Step>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    from: Vec<State>,
    to: State,
    #[serde(default)]
    reason: bool,
    #[serde(default)]
    verdict: bool,
}

static BUILTIN: LazyLock<Workflow> = LazyLock::new(|| {
    Workflow::parse(include_str!("data/workflow.toml")).expect("a test reads the same file")
});

impl Workflow {
    /// The workflow that ships.
    #[must_use]
    pub fn builtin() -> &'static Workflow {
        &BUILTIN
    }

    /// Reads a workflow from TOML.
    ///
    /// # Errors
    /// [`DeskError::Data`].
    pub fn parse(text: &str) -> Result<Workflow, DeskError> {
        toml::from_str(text).map_err(|source| DeskError::Data { what: "workflow", source: Box::new(source) })
    }

    /// The states that may follow, for buttons; merging is not among them, because it needs the other case.
    pub fn next(&self, from: State) -> impl Iterator<Item = State> + '_ {
        let steps = self.step.iter().filter(move |step| step.from.contains(&from));
        steps.map(|step| step.to).filter(|to| *to != State::Merged)
    }

    /// Whether a step asks for a reason.
    #[must_use]
    pub fn needs_reason(&self, from: State, to: State) -> bool {
        self.find(from, to).is_some_and(|step| step.reason)
    }

    /// Whether a case may take a step.
    pub(crate) fn check(
        &self,
        from: State,
        to: State,
        has_reason: bool,
        has_verdict: bool,
    ) -> Result<(), DeskError> {
        let step = self.find(from, to).ok_or(DeskError::Step { from, to })?;
        if step.reason && !has_reason {
            return Err(DeskError::Missing("reason"));
        }
        if step.verdict && !has_verdict {
            return Err(DeskError::Missing("verdict"));
        }
        Ok(())
    }

    fn find(&self, from: State, to: State) -> Option<&Step> {
        self.step.iter().find(|step| step.to == to && step.from.contains(&from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_can_be_reached_and_left_or_is_an_end() {
        let workflow = Workflow::builtin();
        for state in State::ALL {
            let entered = workflow.step.iter().any(|step| step.to == state);
            assert!(entered || state == State::New, "{state:?}");
            let left = workflow.step.iter().any(|step| step.from.contains(&state));
            assert_eq!(left, !matches!(state, State::Merged | State::Withdrawn), "{state:?}");
        }
    }
}
