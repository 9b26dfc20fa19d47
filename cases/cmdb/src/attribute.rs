//! The attributes of a CI (D3.2), and what a value of each must look like.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// One attribute. The last seven are lists of identifiers; the others hold one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Attribute {
    Client,
    Class,
    Name,
    Provider,
    Environment,
    Criticality,
    Confidentiality,
    Integrity,
    Availability,
    AlwaysOn,
    SupportGroup,
    Lifecycle,
    Logging,
    Hostname,
    Fqdn,
    Ip,
    Network,
    Mac,
    Serial,
    Agent,
}

use Attribute as A;

/// Each attribute with the column names that mean it; the first is the one in the store and in reports.
const NAMES: &[(Attribute, &[&str])] = &[
    (A::Client, &["client", "klant"]),
    (A::Class, &["class", "klasse"]),
    (A::Name, &["name", "naam"]),
    (A::Provider, &["provider", "dienstverlener"]),
    (A::Environment, &["environment", "omgeving"]),
    (A::Criticality, &["criticality", "kritikaliteit"]),
    (A::Confidentiality, &["confidentiality", "vertrouwelijkheid"]),
    (A::Integrity, &["integrity", "integriteit"]),
    (A::Availability, &["availability", "beschikbaarheid"]),
    (A::AlwaysOn, &["always_on", "24x7", "24_7"]),
    (A::SupportGroup, &["support_group", "supportgroep"]),
    (A::Lifecycle, &["lifecycle", "status"]),
    (A::Logging, &["logging", "should_log"]),
    (A::Hostname, &["hostname", "hostnames", "host"]),
    (A::Fqdn, &["fqdn", "fqdns"]),
    (A::Ip, &["ip", "ips", "ip_address", "ip_addresses"]),
    (A::Network, &["network", "networks", "subnet", "subnets"]),
    (A::Mac, &["mac", "macs", "mac_address", "mac_addresses"]),
    (A::Serial, &["serial", "serials", "serial_number"]),
    (A::Agent, &["agent", "agents", "agent_id"]),
];

/// What firmware says when nobody filled in a serial number.
const NO_SERIALS: &[&str] =
    &["to be filled by o.e.m.", "none", "n/a", "na", "unknown", "default string", "0"];

impl Attribute {
    /// All attributes.
    pub fn all() -> impl Iterator<Item = Attribute> {
        NAMES.iter().map(|(attribute, _)| *attribute)
    }

    /// The name in the store and in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(attribute, _)| *attribute == self).map_or("", |(_, names)| names[0])
    }

    /// The attribute that a column name means, whatever its case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Attribute> {
        NAMES.iter().find(|(_, names)| names.contains(&name)).map(|(attribute, _)| *attribute)
    }

    /// Whether it is a list of identifiers.
    #[must_use]
    pub fn is_identifier(self) -> bool {
        self >= A::Hostname
    }

    /// A value in its one normal form; nothing for a value that says "not known".
    ///
    /// # Errors
    /// What is wrong with it, for the person who wrote it.
    pub(crate) fn normal(self, value: &str) -> Result<Option<String>, String> {
        let value = value.trim();
        if value.is_empty() {
            return Ok(None);
        }
        match self {
            A::Name | A::SupportGroup | A::Agent => Ok(Some(value.to_owned())),
            A::Client | A::Provider => Ok(Some(value.to_lowercase())),
            A::Class | A::Environment => Ok(Some(snake(value))),
            A::Criticality => number(value, 1..=4),
            A::Confidentiality | A::Integrity | A::Availability => number(value, 1..=5),
            A::AlwaysOn | A::Logging => flag(value),
            A::Lifecycle => lifecycle(value),
            A::Hostname => host(value),
            A::Fqdn => fqdn(value),
            A::Ip => address(value),
            A::Network => network(value),
            A::Mac => mac(value),
            A::Serial => {
                Ok((!NO_SERIALS.contains(&value.to_lowercase().as_str())).then(|| value.to_uppercase()))
            }
        }
    }
}

/// `Business Service` and `business-service` are `business_service`.
pub(crate) fn snake(value: &str) -> String {
    let words: Vec<String> =
        value.split([' ', '-', '_']).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    words.join("_")
}

fn number(value: &str, range: std::ops::RangeInclusive<u8>) -> Result<Option<String>, String> {
    match value.parse::<u8>() {
        Ok(number) if range.contains(&number) => Ok(Some(number.to_string())),
        _ => Err(format!("must be a number from {} to {}, got {value:?}", range.start(), range.end())),
    }
}

fn flag(value: &str) -> Result<Option<String>, String> {
    match value.to_lowercase().as_str() {
        "1" | "true" | "yes" | "y" | "ja" | "j" => Ok(Some("1".to_owned())),
        "0" | "false" | "no" | "n" | "nee" => Ok(Some("0".to_owned())),
        _ => Err(format!("must be yes or no, got {value:?}")),
    }
}

fn lifecycle(value: &str) -> Result<Option<String>, String> {
    let value = snake(value);
    match value.as_str() {
        "planned" | "active" | "maintenance" | "retired" => Ok(Some(value)),
        "operational" | "in_use" | "live" => Ok(Some("active".to_owned())),
        _ => Err(format!("must be planned, active, maintenance or retired, got {value:?}")),
    }
}

/// The length limit is that of DNS (RFC 1035 section 2.3.4); underscores occur in real host names.
fn host(value: &str) -> Result<Option<String>, String> {
    let value = value.trim_end_matches('.').to_lowercase();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if value == "localhost" || value.starts_with("localhost.") {
        return Err("localhost names every machine".to_owned());
    }
    if value.is_empty() || value.len() > 253 || !value.bytes().all(plain) {
        return Err(format!("is not a host name: {value:?}"));
    }
    Ok(Some(value))
}

fn fqdn(value: &str) -> Result<Option<String>, String> {
    if value.trim_end_matches('.').contains('.') {
        return host(value);
    }
    Err(format!("has no domain: {value:?}"))
}

fn address(value: &str) -> Result<Option<String>, String> {
    let address: IpAddr = value.parse().map_err(|_| format!("is not an IP address: {value:?}"))?;
    let address = address.to_canonical();
    if address.is_loopback() || address.is_unspecified() || address.is_multicast() {
        return Err(format!("identifies no machine: {address}"));
    }
    Ok(Some(address.to_string()))
}

fn network(value: &str) -> Result<Option<String>, String> {
    let network: IpNet =
        value.parse().map_err(|_| format!("is not a network such as 10.1.0.0/16: {value:?}"))?;
    if network.prefix_len() == 0 {
        return Err(format!("is the whole Internet: {network}"));
    }
    Ok(Some(network.trunc().to_string()))
}

fn mac(value: &str) -> Result<Option<String>, String> {
    let number = mac_number(value).ok_or_else(|| format!("is not a MAC address: {value:?}"))?;
    if number == 0 || number == 0xffff_ffff_ffff {
        return Err(format!("identifies no machine: {value}"));
    }
    let bytes = number.to_be_bytes();
    let parts: Vec<String> = bytes[2..].iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Some(parts.join(":")))
}

/// A MAC address as a number, however it is punctuated.
pub(crate) fn mac_number(value: &str) -> Option<u64> {
    let mut number = 0_u64;
    let mut digits = 0;
    for byte in value.bytes() {
        let digit = match byte {
            b':' | b'-' | b'.' => continue,
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            b'A'..=b'F' => byte - b'A' + 10,
            _ => return None,
        };
        digits += 1;
        if digits > 12 {
            return None;
        }
        number = number << 4 | u64::from(digit);
    }
    (digits == 12).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_one_form() {
        for (attribute, written, normal) in [
            (A::Class, "Business Service", "business_service"),
            (A::Mac, "00-1A-2B-3C-4D-5E", "00:1a:2b:3c:4d:5e"),
            (A::Mac, "001a.2b3c.4d5e", "00:1a:2b:3c:4d:5e"),
            (A::Ip, "::ffff:10.0.0.1", "10.0.0.1"),
            (A::Network, "10.1.2.3/16", "10.1.0.0/16"),
            (A::Fqdn, "Web01.ANB.be.", "web01.anb.be"),
            (A::AlwaysOn, "Ja", "1"),
            (A::Lifecycle, "Operational", "active"),
        ] {
            assert_eq!(attribute.normal(written).unwrap().as_deref(), Some(normal));
        }
        assert_eq!(A::Serial.normal("To Be Filled By O.E.M.").unwrap(), None);
        assert_eq!(A::Name.normal("  ").unwrap(), None);
    }

    #[test]
    fn what_identifies_nothing_is_refused() {
        for (attribute, written) in [
            (A::Ip, "127.0.0.1"),
            (A::Ip, "10.0.0.256"),
            (A::Mac, "00:00:00:00:00:00"),
            (A::Mac, "00:11"),
            (A::Hostname, "localhost"),
            (A::Hostname, "web 01"),
            (A::Fqdn, "web01"),
            (A::Network, "0.0.0.0/0"),
            (A::Criticality, "5"),
            (A::AlwaysOn, "sometimes"),
        ] {
            assert!(attribute.normal(written).is_err(), "{attribute:?} {written}");
        }
    }
}
