//! Where a value goes: the field, what its values are, and what is done to the value on the way.

use event::{FieldId, FieldKind, FieldTable, known};

/// What is done to a value before it is put into its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Func {
    None,
    /// Lower case.
    Lower,
    /// The part after the last slash or backslash.
    BaseName,
    /// A protocol's number or name → its usual name.
    Transport,
    /// An address, or a name where no address is given.
    Host,
    /// `DOMAIN\user` or `user@domain` → the domain apart.
    Account,
    /// `GET /path HTTP/1.1` → method, address, version.
    Request,
    /// A URL → its parts besides.
    Url,
    /// Text that auditd wrote in hexadecimal.
    HexText,
    /// `(3)www(7)example(0)`, as the DNS server of Windows writes it → `www.example`.
    DnsLabels,
    /// key=value pairs inside the value.
    Pairs,
    /// Labelled values inside the value.
    Labels,
    /// `SHA256=…,MD5=…` → one field each.
    Hashes,
    /// Only the part before the first blank.
    FirstWord,
    /// An address and a port: `10.0.0.1:80`, `[::1]:80`, `10.0.0.1#53`.
    Endpoint,
    /// The CN of a distinguished name.
    CommonName,
    /// A word for how it went → `success` or `failure`.
    Outcome,
    /// `user/REALM`, as Kerberos names its principals: the realm apart.
    Principal,
}

/// A field to put a value into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) id: FieldId,
    pub(crate) kind: FieldKind,
    pub(crate) func: Func,
    /// Vendor fields keep numbers as numbers; in the schema a keyword is always text.
    pub(crate) in_schema: bool,
    /// Whether of several values that are mapped here the first one stays alone.
    pub(crate) once: bool,
    pub(crate) way: Way,
}

/// What most texts need on their way into a field, told once for all lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Nothing.
    AsIs,
    /// To be read as a whole number.
    Number,
    /// To be read as an address.
    Address,
    /// What its function and kind say.
    Other,
}

impl Target {
    pub(crate) fn plain(id: FieldId, fields: &FieldTable) -> Target {
        Target::with(id, fields, Func::None)
    }

    fn with(id: FieldId, fields: &FieldTable, func: Func) -> Target {
        let kind = fields.kind(id);
        let special = matches!(id, known::TIMESTAMP | known::MESSAGE) || func == Func::Hashes;
        let way = match (kind, func) {
            (FieldKind::Keyword, Func::None | Func::Host) => Way::AsIs,
            (FieldKind::Long, Func::None) => Way::Number,
            (FieldKind::Ip, Func::None | Func::Host) => Way::Address,
            _ => Way::Other,
        };
        let in_schema = id.index() < known::FIELDS.len();
        Target { id, kind, func, in_schema, once: !special && !is_list(id), way }
    }

    /// From `field` or `field|function`.
    pub(crate) fn from_spec(spec: &str, fields: &FieldTable) -> Result<Target, String> {
        let (name, func) = spec.split_once('|').unwrap_or((spec, ""));
        let func = match func {
            "" => Func::None,
            "lower" => Func::Lower,
            "basename" => Func::BaseName,
            "transport" => Func::Transport,
            "host" => Func::Host,
            "account" => Func::Account,
            "request" => Func::Request,
            "url" => Func::Url,
            "hextext" => Func::HexText,
            "dnslabels" => Func::DnsLabels,
            "pairs" => Func::Pairs,
            "labels" => Func::Labels,
            "hashes" => Func::Hashes,
            "word" => Func::FirstWord,
            "endpoint" => Func::Endpoint,
            "cn" => Func::CommonName,
            "outcome" => Func::Outcome,
            "principal" => Func::Principal,
            other => return Err(format!("no function is called {other:?} (in {spec:?})")),
        };
        let id =
            fields.intern(name).ok_or_else(|| format!("field name {name:?} is too long or one too many"))?;
        Ok(Target::with(id, fields, func))
    }
}

/// For an address field, the field for what is no address, and the one for a name.
pub(crate) fn host_fields(id: FieldId) -> Option<(FieldId, Option<FieldId>)> {
    match id {
        known::SOURCE_IP => Some((known::SOURCE_ADDRESS, Some(known::SOURCE_DOMAIN))),
        known::DESTINATION_IP => Some((known::DESTINATION_ADDRESS, Some(known::DESTINATION_DOMAIN))),
        known::HOST_IP => Some((known::HOST_NAME, None)),
        known::OBSERVER_IP => Some((known::OBSERVER_NAME, None)),
        _ => None,
    }
}

/// For an address, the field for its port.
pub(crate) fn port_field(id: FieldId) -> Option<FieldId> {
    match id {
        known::SOURCE_IP => Some(known::SOURCE_PORT),
        known::DESTINATION_IP => Some(known::DESTINATION_PORT),
        known::SOURCE_NAT_IP => Some(known::SOURCE_NAT_PORT),
        known::DESTINATION_NAT_IP => Some(known::DESTINATION_NAT_PORT),
        known::CLIENT_IP => Some(known::CLIENT_PORT),
        known::SERVER_IP => Some(known::SERVER_PORT),
        _ => None,
    }
}

/// Whether a field that is mapped several times has all the values.
fn is_list(id: FieldId) -> bool {
    matches!(id, known::DNS_ANSWERS_DATA | known::EMAIL_TO_ADDRESS | known::PROCESS_ARGS | known::USER_ROLES)
}

/// For a user's name, the field for its domain.
pub(crate) fn domain_field(id: FieldId) -> Option<FieldId> {
    match id {
        known::USER_NAME => Some(known::USER_DOMAIN),
        known::SOURCE_USER_NAME => Some(known::SOURCE_USER_DOMAIN),
        known::DESTINATION_USER_NAME => Some(known::DESTINATION_USER_DOMAIN),
        known::USER_TARGET_NAME => Some(known::USER_TARGET_DOMAIN),
        _ => None,
    }
}
