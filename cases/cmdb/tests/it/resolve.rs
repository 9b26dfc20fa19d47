//! Events to CIs.

use crate::world::{ANB, GENT, open, put};
use cmdb::{MatchMethod, Resolution, Resolver};
use event::{
    ClientId, Event, EventId, Field, FieldId, Origin, ParseStatus, SourceId, Timestamp, Transport, Value,
    known,
};
use std::net::IpAddr;

const SOURCE: SourceId = SourceId(5);

fn event<'a>(client: ClientId, peer: Option<&str>, fields: &'a [Field<'a>]) -> Event<'a> {
    let peer = peer.map(|peer| peer.parse::<IpAddr>().unwrap());
    Event {
        id: EventId(1),
        raw: b"",
        received: Timestamp(0),
        origin: Origin { client, source: SOURCE, transport: Transport::Tcp, peer },
        time: Timestamp(0),
        status: ParseStatus::Parsed,
        source_type: "test",
        message: "",
        fields,
        defects: &[],
        ci: None,
        provider: None,
    }
}

fn text(id: FieldId, text: &str) -> Field<'_> {
    Field { id, value: Value::Str(text) }
}

fn ip(id: FieldId, address: &str) -> Field<'static> {
    Field { id, value: Value::Ip(address.parse().unwrap()) }
}

async fn name_of(store: &store::Store, found: Resolution) -> String {
    match found {
        Resolution::Found(found) => {
            let ci = cmdb::ci(store, &event::Scope::every_client(), found.ci).await.unwrap().unwrap();
            assert_eq!(ci.provider, found.provider);
            format!("{} by {}", ci.name, found.method.name())
        }
        Resolution::Ambiguous(method) => format!("ambiguous {}", method.name()),
        Resolution::Unknown => "unknown".to_owned(),
    }
}

#[tokio::test]
async fn strongest_first_within_the_client() {
    let store = open().await;
    let resolver = Resolver::load(&store, &[]).await.unwrap();
    use known::{
        HOST_DOMAIN, HOST_IP, HOST_MAC, HOST_NAME, LOG_SYSLOG_HOSTNAME, OBSERVER_NAME,
        OBSERVER_SERIAL_NUMBER, SOURCE_IP,
    };
    let cases: &[(ClientId, Option<&str>, &[Field<'_>], &str)] = &[
        (ANB, None, &[text(HOST_NAME, "WEB01.anb.example")], "web01 by fqdn"),
        (ANB, None, &[text(HOST_NAME, "web01.anb.example.")], "web01 by fqdn"),
        (ANB, None, &[text(HOST_NAME, "Web02")], "web02 by hostname"),
        // A name in another domain is another machine.
        (ANB, None, &[text(HOST_NAME, "web01.elsewhere.example")], "unknown"),
        // db01 is registered without a domain, so any domain will do.
        (ANB, None, &[text(HOST_NAME, "db01.anb.example")], "db01 by hostname"),
        (ANB, None, &[text(HOST_NAME, "web01"), text(HOST_DOMAIN, "anb.example")], "web01 by fqdn"),
        (ANB, None, &[text(HOST_NAME, "web01"), text(HOST_DOMAIN, "elsewhere.example")], "unknown"),
        (ANB, None, &[text(HOST_NAME, "db01"), text(HOST_DOMAIN, "elsewhere.example")], "db01 by hostname"),
        // The domain that Windows shows is no domain of the DNS.
        (ANB, None, &[text(HOST_NAME, "web01"), text(HOST_DOMAIN, "ANB")], "web01 by hostname"),
        (
            ANB,
            None,
            &[text(OBSERVER_SERIAL_NUMBER, "fgt60f-0001"), text(HOST_NAME, "db01")],
            "fw01 by asserted",
        ),
        (ANB, None, &[text(OBSERVER_NAME, "fw01")], "fw01 by hostname"),
        (ANB, Some("10.1.0.12"), &[text(LOG_SYSLOG_HOSTNAME, "web01")], "web01 by hostname"),
        (ANB, Some("10.1.0.12"), &[text(LOG_SYSLOG_HOSTNAME, "10.1.0.11")], "web01 by address"),
        (ANB, None, &[text(HOST_MAC, "00-1A-2B-3C-4D-5E"), ip(HOST_IP, "10.1.0.12")], "web01 by mac"),
        (ANB, None, &[ip(HOST_IP, "10.1.0.21")], "db01 by address"),
        (ANB, Some("::ffff:10.1.0.12"), &[ip(SOURCE_IP, "10.1.0.11")], "web02 by peer"),
        (ANB, Some("2001:db8::1"), &[], "fw01 by peer"),
        (ANB, Some("10.1.7.7"), &[text(HOST_NAME, "stranger")], "servers by network"),
        (ANB, Some("10.2.0.1"), &[text(HOST_NAME, "stranger")], "unknown"),
        // The same name and address at another client is that client's machine.
        (GENT, None, &[text(HOST_NAME, "web01")], "web01 by hostname"),
        (GENT, Some("10.1.0.12"), &[], "unknown"),
        (ClientId::QUARANTINE, Some("10.1.0.12"), &[text(HOST_NAME, "web01")], "unknown"),
    ];
    for (client, peer, fields, expected) in cases {
        let found = resolver.resolution(&event(*client, *peer, fields));
        assert_eq!(name_of(&store, found).await, *expected, "{client} {peer:?} {fields:?}");
    }
    let of =
        |client| resolver.resolution(&event(client, None, &[text(HOST_NAME, "web01")])).found().unwrap().ci;
    assert_ne!(of(ANB), of(GENT));
}

#[tokio::test]
async fn several_owners_are_never_picked_from() {
    let store = open().await;
    put(
        &store,
        "central",
        2_000,
        "id,client,class,name,fqdn,ip\nx,anb,server,x,web01.test.example,10.1.0.11\ny,anb,server,y,,10.9.0.9\n",
    )
    .await;
    let resolver = Resolver::load(&store, &[]).await.unwrap();
    assert_eq!(resolver.version(), 2);
    let short = [text(known::HOST_NAME, "web01"), ip(known::HOST_IP, "10.9.0.9")];
    let found = resolver.resolution(&event(ANB, Some("10.9.0.9"), &short));
    assert_eq!(found, Resolution::Ambiguous(MatchMethod::Hostname));
    let by_address = resolver.resolution(&event(ANB, Some("10.1.0.11"), &[]));
    assert_eq!((by_address.found(), by_address), (None, Resolution::Ambiguous(MatchMethod::Peer)));
    assert_eq!(resolver.resolution(&event(ANB, None, &[])), Resolution::Unknown);
}

#[tokio::test]
async fn a_linked_source_beats_its_network_and_stays_with_its_client() {
    let store = open().await;
    let filter = cmdb::CiFilter { text: Some("web02".into()), ..cmdb::CiFilter::default() };
    let web = cmdb::list(&store, &event::Scope::clients([ANB]), &filter).await.unwrap().cis[0].id;
    let resolver = Resolver::load(&store, &[(SOURCE, web)]).await.unwrap();
    let found = resolver.resolution(&event(ANB, Some("10.1.7.7"), &[])).found().unwrap();
    assert_eq!((found.ci, found.method), (web, MatchMethod::Source));
    assert_eq!(resolver.resolution(&event(GENT, None, &[])).found(), None);
    assert_eq!(
        resolver.resolution(&event(ANB, Some("10.1.0.21"), &[])).found().unwrap().method,
        MatchMethod::Peer
    );
}

#[tokio::test]
async fn retired_items_resolve_no_more() {
    let store = open().await;
    put(&store, "central", 2_000, "id,lifecycle\nweb2,retired\n").await;
    let resolver = Resolver::load(&store, &[]).await.unwrap();
    assert_eq!(
        resolver.resolution(&event(ANB, None, &[text(known::HOST_NAME, "web02")])),
        Resolution::Unknown
    );
}
