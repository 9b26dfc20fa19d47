//! Sensors and gateways: Suricata at Watervast, a web application firewall (CEF) at Lindebeke, a web proxy (LEEF) at
//! Open Ruimte.

use super::Lines;
use super::cast::{SERVICES, VISITORS, lindebeke, openruimte, watervast};
use super::dice::Dice;
use super::linux::syslog;
use super::moment::{Day, Moment};
use serde_json::{Value, json};

pub fn office(lines: &mut Lines, day: &Day, dice: &mut Dice) {
    for at in day.moments(dice, 1300) {
        let event = if dice.chance(55) { dns(at, dice) } else { tls(at, dice) };
        lines.push("watervast-ids", at, event);
    }
    for at in day.moments(dice, 560) {
        let client = *dice.pick(VISITORS);
        let page = *dice.pick(&["/", "/afspraak", "/attesten", "/contact"]);
        lines.push("lindebeke-waf", at, waf(at, "ALLOW", "Request allowed", 2, client, page));
    }
    for at in day.moments(dice, 40) {
        let port = dice.between(1, 24);
        let text = format!("port {port} is now on-line");
        lines.push("lindebeke-waf", at, syslog(189, at, lindebeke::SWITCH.name, "ports", &text));
    }
    for at in day.moments(dice, 950) {
        proxy_visit(lines, at, dice);
    }
}

/// One record of Suricata's EVE log.
pub fn eve(
    at: Moment,
    kind: &str,
    from: (&str, u64),
    to: (&str, u64),
    dice: &mut Dice,
    body: Value,
) -> String {
    let mut event = json!({
        "timestamp": at.local_as("%Y-%m-%dT%H:%M:%S%.6f%z"),
        "flow_id": dice.between(100_000_000_000, 900_000_000_000),
        "in_iface": "ens192",
        "event_type": kind,
        "src_ip": from.0,
        "src_port": from.1,
        "dest_ip": to.0,
        "dest_port": to.1,
        "proto": if kind == "dns" { "UDP" } else { "TCP" },
        "host": watervast::SENSOR,
    });
    if let (Value::Object(event), Value::Object(body)) = (&mut event, body) {
        event.extend(body);
    }
    event.to_string()
}

fn dns(at: Moment, dice: &mut Dice) -> String {
    let (from, port) = (dice.pick(watervast::PEOPLE).address, dice.port());
    let (address, name) = *dice.pick(SERVICES);
    let answer = json!({"dns": {
        "version": 2, "type": "answer", "id": dice.below(65_536), "flags": "8180", "qr": true, "rd": true, "ra": true,
        "rrname": name, "rrtype": "A", "rcode": "NOERROR",
        "answers": [{"rrname": name, "rrtype": "A", "ttl": 300, "rdata": address}],
    }});
    eve(at, "dns", (from, port), ("10.20.1.10", 53), dice, answer)
}

fn tls(at: Moment, dice: &mut Dice) -> String {
    let (from, port) = (dice.pick(watervast::PEOPLE).address, dice.port());
    let (address, name) = *dice.pick(SERVICES);
    let hello = json!({"tls": {
        "subject": format!("CN={name}"), "issuerdn": "C=BE, O=Voorbeeld CA, CN=Voorbeeld TLS", "sni": name, "version": "TLS 1.3",
    }});
    eve(at, "tls", (from, port), (address, 443), dice, hello)
}

/// A verdict of the web application firewall.
pub fn waf(at: Moment, code: &str, name: &str, severity: u8, client: &str, path: &str) -> String {
    let action = if code == "ALLOW" { "allowed" } else { "blocked" };
    let event = format!(
        "CEF:0|Poortwacht|WAF|4.2|{code}|{name}|{severity}|rt={} src={client} spt=51022 dst=10.40.1.10 dpt=443 proto=TCP \
         dhost=www.lindebeke.example requestMethod=GET request=https://www.lindebeke.example{path} act={action} dvchost={}",
        at.epoch_ms(),
        lindebeke::WAF,
    );
    format!("<134>{} {} {event}", at.bsd(), lindebeke::WAF)
}

fn proxy_visit(lines: &mut Lines, at: Moment, dice: &mut Dice) {
    let person = dice.pick(openruimte::PEOPLE);
    let (address, name) = *dice.pick(SERVICES);
    let visit = leef(
        at,
        "transaction:permitted",
        1,
        person.address,
        person.user,
        address,
        name,
        dice.between(300, 80_000),
    );
    lines.push("openruimte-proxy", at, visit);
}

/// A line of the web proxy (LEEF 2.0 with its default delimiter, a tab).
#[expect(clippy::too_many_arguments, reason = "they are the columns of one line")]
pub fn leef(
    at: Moment,
    code: &str,
    severity: u8,
    from: &str,
    user: &str,
    to: &str,
    name: &str,
    bytes: u64,
) -> String {
    let event = format!(
        "LEEF:2.0|Sluiswachter|WebProxy|8.5|{code}|devTime={}\tdevTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSX\tsrc={from}\tusrName={user}\t\
         dst={to}\tdstPort=443\tproto=TCP\tsev={severity}\turl=https://{name}/\tmethod=GET\tdstBytes={bytes}\tcat=web",
        at.rfc3339(),
    );
    format!("<134>{} {} {event}", at.bsd(), openruimte::PROXY.name)
}
