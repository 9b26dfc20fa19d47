//! Cloud audit and applications: CloudTrail, GELF, key=value and RFC 5424 with structured data.

use super::Lines;
use super::cast::{oostermeer, openruimte, watervast};
use super::dice::Dice;
use super::moment::{Day, Moment};
use serde_json::{Value, json};

pub fn office(lines: &mut Lines, day: &Day, dice: &mut Dice) {
    for at in day.moments(dice, 720) {
        let (service, name) = *dice.pick(&[
            ("s3.amazonaws.com", "GetObject"),
            ("s3.amazonaws.com", "ListObjectsV2"),
            ("ec2.amazonaws.com", "DescribeInstances"),
            ("sts.amazonaws.com", "GetCallerIdentity"),
            ("logs.amazonaws.com", "DescribeLogGroups"),
        ]);
        let call = Call {
            service,
            name,
            user: "peilmeetsysteem",
            from: "10.20.2.10",
            mfa: true,
            parameters: Value::Null,
        };
        lines.push("watervast-cloud", at, cloudtrail(at, &call, dice));
    }
    for at in day.moments(dice, 760) {
        lines.push("openruimte-maps", at, map_request(at, dice));
    }
    for at in day.moments(dice, 520) {
        lines.push("openruimte-docs", at, document_action(at, dice));
    }
    for at in day.moments(dice, 760) {
        lines.push("oostermeer-app", at, counter_action(at, dice));
    }
    for at in day.moments(dice, 30) {
        let cut = map_request(at, dice);
        let half = cut.len() / 2;
        lines.push_garbage("openruimte-maps", at, cut.as_bytes()[..half].to_vec());
    }
}

/// A call of the cloud's control plane.
pub struct Call<'a> {
    pub service: &'a str,
    pub name: &'a str,
    pub user: &'a str,
    pub from: &'a str,
    pub mfa: bool,
    pub parameters: Value,
}

pub fn cloudtrail(at: Moment, call: &Call<'_>, dice: &mut Dice) -> String {
    let account = watervast::CLOUD_ACCOUNT;
    let Call { service, name, user, from, mfa, parameters } = call;
    let identity = if *user == "root" {
        json!({"type": "Root", "principalId": account, "arn": format!("arn:aws:iam::{account}:root"), "accountId": account})
    } else {
        json!({"type": "IAMUser", "principalId": "AIDAEXAMPLE", "arn": format!("arn:aws:iam::{account}:user/{user}"),
               "accountId": account, "userName": user, "accessKeyId": "AKIAEXAMPLE"})
    };
    let signin = *name == "ConsoleLogin";
    let (response, extra) = if signin {
        (
            json!({"ConsoleLogin": "Success"}),
            json!({"MFAUsed": if *mfa { "Yes" } else { "No" }, "MobileVersion": "No"}),
        )
    } else {
        (Value::Null, Value::Null)
    };
    json!({
        "eventVersion": "1.09", "userIdentity": identity, "eventTime": at.rfc3339_seconds(), "eventSource": service,
        "eventName": name, "awsRegion": "eu-west-1", "sourceIPAddress": from, "userAgent": "aws-cli/2.17.0",
        "requestParameters": parameters, "responseElements": response, "additionalEventData": extra,
        "requestID": dice.hex(16), "eventID": format!("{}-{}", dice.hex(8), dice.hex(12)), "readOnly": !signin && parameters.is_null(),
        "eventType": if signin { "AwsConsoleSignIn" } else { "AwsApiCall" }, "managementEvent": true,
        "recipientAccountId": account, "eventCategory": "Management",
    })
    .to_string()
}

fn map_request(at: Moment, dice: &mut Dice) -> String {
    let (zoom, x) = (dice.between(7, 16), dice.below(65_536));
    let milliseconds = dice.between(3, 220);
    let client = dice.pick(super::cast::VISITORS);
    format!(
        "{{\"version\":\"1.1\",\"host\":\"{}\",\"short_message\":\"GET /tegels/{zoom}/{x}.png 200 in {milliseconds} ms\",\
         \"timestamp\":{},\"level\":6,\"_app\":\"kaartserver\",\"_zoom\":{zoom},\"_duration_ms\":{milliseconds},\
         \"_client_ip\":\"{client}\"}}",
        openruimte::MAPS.name,
        at.epoch(),
    )
}

fn document_action(at: Moment, dice: &mut Dice) -> String {
    let person = dice.pick(openruimte::PEOPLE);
    let action = *dice.pick(&["open", "open", "search", "save", "close"]);
    format!(
        "time={} level=info host={} app=documentbeheer user={} action={action} document=OR-{} src={} duration_ms={} \
         msg=\"document {action}\"",
        at.rfc3339_local(),
        openruimte::DOCUMENTS.name,
        person.user,
        dice.between(10_000, 99_999),
        person.address,
        dice.between(2, 900),
    )
}

fn counter_action(at: Moment, dice: &mut Dice) -> String {
    let step =
        *dice.pick(&["aanvraag gestart", "aanvraag ingediend", "attest gemaakt", "betaling bevestigd"]);
    format!(
        "<134>1 {} {} eloket {} REQ [verzoek@32473 id=\"{}\" dossier=\"{}\" ms=\"{}\"] {step}",
        at.rfc3339(),
        oostermeer::APP.name,
        dice.between(2000, 2010),
        dice.hex(8),
        dice.between(100_000, 999_999),
        dice.between(4, 400),
    )
}
