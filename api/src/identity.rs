//! Who is asking, and what they may see and do: local users, sessions, API tokens, roles and tenancy (D1, D9.3, D9.4).
//!
//! A request becomes a [`Caller`] in one place, [`guard`]; a handler gets data only with the caller's
//! [`Scope`](event::Scope). Knows nothing of pages: what a refusal looks like is [`crate::web::fault`]'s.

mod caller;
pub mod guard;
pub mod password;
mod role;
mod row;
mod secret;
pub mod session;
pub mod throttle;
pub mod token;
pub mod user;

pub use caller::{Caller, Credential};
pub use role::{Action, PERMISSIONS, Role};
pub use secret::Secret;
pub(crate) use secret::sha256_hex;
pub use user::{Language, NewUser, Organisation, Theme, User, UserId};

use event::Timestamp;

/// Why an operation on users, sessions or tokens failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// The state store refused.
    #[error("the state store failed while it handled {what}")]
    Store {
        /// What was being read or written.
        what: &'static str,
        /// What the database said.
        #[source]
        source: sqlx::Error,
    },
    /// A stored value that this version does not know.
    #[error("user {user} has the unknown {what} `{value}`")]
    Unknown {
        /// Whose.
        user: String,
        /// Which column.
        what: &'static str,
        /// What it holds.
        value: String,
    },
    /// The login name is taken.
    #[error("login `{0}` exists already")]
    LoginTaken(String),
    /// A login name outside the allowed shape.
    #[error("login `{0}` must be 2 to 64 of a-z, 0-9, `.`, `-`, `_` or `@`")]
    LoginShape(String),
    /// A password outside the allowed lengths.
    #[error("a password has {min} to {max} bytes, this one {got}")]
    PasswordLength {
        /// Fewest bytes.
        min: usize,
        /// Most bytes.
        max: usize,
        /// Bytes given.
        got: usize,
    },
    /// Hashing failed, which only a broken parameter or exhausted memory can cause.
    #[error("the password could not be hashed: {0}")]
    Hash(String),
    /// A role that a user of this organisation cannot have.
    #[error("role {role} is not for a user of organisation kind `{organisation}`")]
    RoleNotForOrganisation {
        /// The role.
        role: &'static str,
        /// The kind of organisation.
        organisation: &'static str,
    },
    /// A user without a role could do nothing.
    #[error("a user needs at least one role")]
    NoRole,
    /// More tokens than one user may hold.
    #[error("a user has at most {max} live tokens")]
    TooManyTokens {
        /// The limit.
        max: usize,
    },
    /// The operating system gave no randomness.
    #[error("the operating system gave no random bytes")]
    Random,
}

/// Attaches what was being done to a database error.
pub(crate) fn while_doing(what: &'static str) -> impl Fn(sqlx::Error) -> IdentityError {
    move |source| IdentityError::Store { what, source }
}

fn millis(at: Timestamp) -> i64 {
    at.millis()
}
