//! What can go wrong at the desk.

use crate::{GroupId, GroupState, State};
use store::StoreError;

/// An error of the desk. The first six are the caller's and say what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeskError {
    /// It is not there, or not within the caller's scope; which of the two is nobody's business.
    #[error("there is no {what} {id}")]
    NotFound {
        /// `case` or `alert group`.
        what: &'static str,
        /// Its number.
        id: String,
    },
    /// Somebody else changed the case in the meantime: look again.
    #[error("case {number} is at version {found}, not {asked}: somebody changed it in the meantime")]
    Conflict {
        /// The case.
        number: String,
        /// The version that the caller saw.
        asked: i64,
        /// The version it has.
        found: i64,
    },
    /// The workflow has no such step.
    #[error("a case cannot go from {} to {}", from.name(), to.name())]
    Step {
        /// The state it is in.
        from: State,
        /// The state that was asked for.
        to: State,
    },
    /// The step needs something that was not given.
    #[error("this needs a {0}")]
    Missing(&'static str),
    /// A value outside its range or not fitting the case.
    #[error("{what} {why}")]
    Invalid {
        /// Which value.
        what: &'static str,
        /// What is wrong with it.
        why: Unfit,
    },
    /// A text is longer than its limit.
    #[error("{what} has {bytes} bytes, at most {bytes_max} are kept")]
    TooLong {
        /// Which text.
        what: &'static str,
        /// Its length.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// A file of policy or rules cannot be read.
    #[error("cannot read the {what}")]
    Data {
        /// Which.
        what: &'static str,
        /// Why.
        source: Box<toml::de::Error>,
    },
    /// The state store failed.
    #[error("desk query failed")]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for DeskError {
    fn from(error: sqlx::Error) -> DeskError {
        DeskError::Store(error.into())
    }
}

impl DeskError {
    pub(crate) fn corrupt(what: &'static str, found: &impl ToString) -> DeskError {
        DeskError::Store(StoreError::Corrupt { what, found: found.to_string() })
    }

    pub(crate) fn invalid(what: &'static str, why: Unfit) -> DeskError {
        DeskError::Invalid { what, why }
    }
}

/// What is wrong with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unfit {
    /// Priorities are 1 to 4.
    #[error("must be 1 to 4, got {0}")]
    Priority(i64),
    /// A case is registered of open groups of its own client.
    #[error("must be open and of the case's client, {0} is not")]
    NotForNewCase(GroupId),
    /// Each group is in one case, of its own client.
    #[error("must be of the case's client and in no other case")]
    NotForCase,
    /// Only what is in a case can leave it.
    #[error("is not part of the case")]
    NotInCase,
    /// Only an open group can be put aside.
    #[error("is {}, not open", .0.name())]
    NotOpen(GroupState),
    /// A case merges into another one of its client.
    #[error("must be another case of the same client")]
    NotAnother,
    /// Nothing merges into a case that is itself no more.
    #[error("is {}", .0.name())]
    Gone(State),
}

/// A reason that is more than blanks.
pub(crate) fn reason(given: &str) -> Result<&str, DeskError> {
    const REASON_BYTES_MAX: usize = 4_000;
    let given = given.trim();
    if given.is_empty() {
        return Err(DeskError::Missing("reason"));
    }
    within("reason", given, REASON_BYTES_MAX)?;
    Ok(given)
}

/// The start of a text, cut between characters.
pub(crate) fn cut(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

pub(crate) fn within(what: &'static str, text: &str, bytes_max: usize) -> Result<(), DeskError> {
    if text.len() > bytes_max {
        return Err(DeskError::TooLong { what, bytes: text.len(), bytes_max });
    }
    Ok(())
}
