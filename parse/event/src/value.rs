//! The closed set of values a field can have.

use crate::Timestamp;
use std::fmt;
use std::net::IpAddr;

/// One value. Text borrows from the received bytes or from the batch's arena. A list is the same field several
/// times in a row, so there is no list here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Text; always UTF-8 (bytes that are not are replaced here and kept in [`crate::Event::raw`]).
    Str(&'a str),
    /// A whole number. One too big for it stays text, so that no digit is lost.
    Int(i64),
    /// A number with a fraction or an exponent.
    Float(f64),
    /// `true` or `false`.
    Bool(bool),
    /// An address, in normal form (an IPv4-mapped IPv6 address is the IPv4 one).
    Ip(IpAddr),
    /// An instant.
    Time(Timestamp),
    /// Present and explicitly empty (JSON `null`), which is not the same as absent.
    Null,
}

impl<'a> Value<'a> {
    /// The text, if it is text.
    #[must_use]
    pub fn as_str(&self) -> Option<&'a str> {
        match *self {
            Value::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The whole number, if it is one.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        match *self {
            Value::Int(number) => Some(number),
            _ => None,
        }
    }
}

/// As people write it: text as it is, addresses and instants (RFC 3339) in their normal form, nothing for null.
impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Str(text) => f.write_str(text),
            Value::Int(number) => number.fmt(f),
            Value::Float(number) => number.fmt(f),
            Value::Bool(flag) => flag.fmt(f),
            Value::Ip(address) => address.fmt(f),
            Value::Time(instant) => instant.fmt(f),
            Value::Null => Ok(()),
        }
    }
}
