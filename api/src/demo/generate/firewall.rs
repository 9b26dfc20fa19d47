//! Firewalls and the remote-access gateway: FortiGate, Cisco ASA and PAN-OS.

use super::Lines;
use super::cast::{Person, SERVICES, oostermeer, watervast};
use super::dice::Dice;
use super::moment::{Day, Moment};

pub fn office(lines: &mut Lines, day: &Day, dice: &mut Dice) {
    for at in day.moments(dice, 3600) {
        let person = dice.pick(watervast::PEOPLE);
        let (to, name) = *dice.pick(SERVICES);
        let (sent, received) = (dice.between(600, 90_000), dice.between(900, 900_000));
        let flow = Flow { from: person.address, to, name, sent, received };
        lines.push("watervast-fw", at, fortigate_traffic(at, &flow, dice));
    }
    for at in day.moments(dice, 620) {
        asa_connection(lines, at, dice);
    }
    for at in day.moments(dice, 60) {
        let person = dice.pick(watervast::PEOPLE);
        let home = format!("192.0.2.{}", dice.between(120, 126));
        asa_vpn_logon(lines, at, person.user, &home, "10.20.99.20");
    }
    for at in day.moments(dice, 1700) {
        lines.push("oostermeer-fw", at, panos_traffic(at, dice));
    }
    for at in day.moments(dice, 60) {
        lines.push("oostermeer-fw", at, panos_system(at, dice));
    }
}

/// A connection through a firewall.
pub struct Flow<'a> {
    pub from: &'a str,
    pub to: &'a str,
    pub name: &'a str,
    pub sent: u64,
    pub received: u64,
}

fn fortigate_head(at: Moment, log_id: &str, kind: &str, level: &str) -> String {
    format!(
        "<189>date={} time={} devname=\"{}\" devid=\"FG100FTK20001234\" eventtime={}000000 tz=\"{}\" logid=\"{log_id}\" {kind} \
         level=\"{level}\" vd=\"root\"",
        at.local_as("%Y-%m-%d"),
        at.local_as("%H:%M:%S"),
        watervast::FIREWALL,
        at.epoch_ms(),
        at.local_as("%z"),
    )
}

pub fn fortigate_traffic(at: Moment, flow: &Flow<'_>, dice: &mut Dice) -> String {
    let head = fortigate_head(at, "0000000013", "type=\"traffic\" subtype=\"forward\"", "notice");
    let Flow { from, to, name, sent, received } = flow;
    format!(
        "{head} srcip={from} srcport={} srcintf=\"internal\" srcintfrole=\"lan\" dstip={to} dstport=443 dstintf=\"wan1\" \
         dstintfrole=\"wan\" srccountry=\"Reserved\" dstcountry=\"Belgium\" sessionid={} proto=6 action=\"close\" policyid=12 \
         policytype=\"policy\" service=\"HTTPS\" hostname=\"{name}\" trandisp=\"snat\" duration={} sentbyte={sent} \
         rcvdbyte={received} sentpkt={} rcvdpkt={} appcat=\"unscanned\"",
        dice.port(),
        dice.between(100_000, 9_999_999),
        dice.between(1, 400),
        sent / 900 + 1,
        received / 1200 + 1,
    )
}

pub fn fortigate_virus(at: Moment, person: &Person, from: &str, file: &str) -> String {
    let head =
        fortigate_head(at, "0211008192", "type=\"utm\" subtype=\"virus\" eventtype=\"infected\"", "warning");
    format!(
        "{head} msg=\"File is infected.\" action=\"blocked\" service=\"HTTPS\" sessionid=771202 srcip={} dstip={from} srcport=51220 \
         dstport=443 srcintf=\"internal\" dstintf=\"wan1\" policyid=12 proto=6 direction=\"incoming\" filename=\"{file}\" \
         virus=\"VBA/Agent.SPW!tr\" dtype=\"av-engine\" ref=\"http://www.fortinet.com/ve?vn=VBA%2FAgent.SPW%21tr\" \
         url=\"https://{from}/{file}\" profile=\"default\" user=\"{}\" crscore=50 craction=2 crlevel=\"critical\"",
        person.address, person.user,
    )
}

pub fn asa(severity: u8, code: u32, at: Moment, text: &str) -> String {
    // Facility local4 (20), as the device ships.
    format!("<{}>{} {} : %ASA-{severity}-{code}: {text}", 160 + severity, at.asa(), watervast::VPN)
}

fn asa_connection(lines: &mut Lines, at: Moment, dice: &mut Dice) {
    let person = dice.pick(watervast::PEOPLE);
    let (to, _) = *dice.pick(SERVICES);
    let (connection, port) = (dice.between(100_000, 999_999), dice.port());
    let built = format!(
        "Built outbound TCP connection {connection} for outside:{to}/443 ({to}/443) to inside:{}/{port} (192.0.2.250/{port})",
        person.address
    );
    lines.push("watervast-vpn", at, asa(6, 302_013, at, &built));
    let seconds = dice.between(1, 59);
    let later = at.plus_s(seconds as i64);
    let torn_down = format!(
        "Teardown TCP connection {connection} for outside:{to}/443 to inside:{}/{port} duration 0:00:{seconds:02} bytes {} TCP FINs",
        person.address,
        dice.between(500, 400_000)
    );
    lines.push("watervast-vpn", later, asa(6, 302_014, later, &torn_down));
}

/// The lines of a user who opens the VPN.
pub fn asa_vpn_logon(lines: &mut Lines, at: Moment, user: &str, from: &str, given: &str) {
    let texts = [
        (6, 113_004, format!("AAA user authentication Successful : server =  10.20.1.10 : user = {user}")),
        (
            6,
            113_039,
            format!("Group <Watervast> User <{user}> IP <{from}> AnyConnect parent session started."),
        ),
        (
            4,
            722_051,
            format!(
                "Group <Watervast> User <{user}> IP <{from}> IPv4 Address <{given}> IPv6 address <::> assigned to session"
            ),
        ),
    ];
    for (severity, code, text) in texts {
        lines.push("watervast-vpn", at, asa(severity, code, at, &text));
    }
}

pub fn asa_vpn_refused(lines: &mut Lines, at: Moment, user: &str, from: &str) {
    let text = format!(
        "AAA user authentication Rejected : reason = AAA failure : server = 10.20.1.10 : user = {user} : user IP = {from}"
    );
    lines.push("watervast-vpn", at, asa(6, 113_005, at, &text));
}

fn panos_traffic(at: Moment, dice: &mut Dice) -> String {
    let person = dice.pick(oostermeer::PEOPLE);
    let (to, _) = *dice.pick(SERVICES);
    let (time, port) = (at.slashes(), dice.port());
    let (sent, received) = (dice.between(400, 60_000), dice.between(800, 700_000));
    format!(
        "<14>{} {} 1,{time},012801096514,TRAFFIC,end,2562,{time},{},{to},192.0.2.240,{to},kantoor-naar-internet,oostermeer\\{},,ssl,\
         vsys1,trust,untrust,ethernet1/2,ethernet1/1,naar-siem,{time},{},1,{port},443,{port},443,0x400053,tcp,allow,{},{sent},\
         {received},{},{time},{},business-and-economy,0,{},0x8000000000000000,10.0.0.0-10.255.255.255,Belgium,0,{},{},tcp-fin,0,0,\
         0,0,,{},from-policy,,,0,,0,,N/A,0,0,0,0",
        at.bsd(),
        oostermeer::FIREWALL,
        person.address,
        person.user,
        dice.between(10_000, 900_000),
        sent + received,
        (sent + received) / 900 + 2,
        dice.between(1, 300),
        dice.between(1_000_000, 9_999_999),
        sent / 900 + 1,
        received / 1200 + 1,
        oostermeer::FIREWALL,
    )
}

/// A threat that the firewall saw in a request to one of the city's web servers.
pub fn panos_threat(
    at: Moment,
    from: &str,
    to: &str,
    url: &str,
    threat: &str,
    action: &str,
    severity: &str,
) -> String {
    let time = at.slashes();
    format!(
        "<12>{} {} 1,{time},012801096514,THREAT,vulnerability,2562,{time},{from},{to},{from},{to},internet-naar-web,,,web-browsing,\
         vsys1,untrust,dmz,ethernet1/1,ethernet1/3,naar-siem,{time},41022,1,51811,443,51811,443,0x81402000,tcp,{action},\"{url}\",\
         {threat},any,{severity},client-to-server,7712233,0xa000000000000000,France,10.0.0.0-10.255.255.255,0,,0,,,1,,,,,,,,0,0,0,0,0,,\
         {},,,,,0,,0,,N/A,code-execution,AppThreat-8911-9113,0x0",
        at.bsd(),
        oostermeer::FIREWALL,
        oostermeer::FIREWALL,
    )
}

fn panos_system(at: Moment, dice: &mut Dice) -> String {
    let time = at.slashes();
    format!(
        "<14>{} {} 1,{time},012801096514,SYSTEM,general,0,{time},,general,,0,0,general,informational,\"Connection to Update server: \
         completed successfully, initiated by 10.30.0.1\",{},0x8000000000000000,0,0,0,0,,{}",
        at.bsd(),
        oostermeer::FIREWALL,
        dice.between(1_000_000, 9_999_999),
        oostermeer::FIREWALL,
    )
}
