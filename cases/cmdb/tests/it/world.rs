//! A small ecosystem: two clients, two providers, CIs with relations and overlapping addresses.

use cmdb::{ImportFile, ImportReport, ImportSettings};
use event::{ClientId, ProviderId};
use store::testing::TestStore;
use store::{Actor, Store};

pub const ANB: ClientId = ClientId(1);
pub const GENT: ClientId = ClientId(2);
pub const NETWERKEN: ProviderId = ProviderId(1);
pub const CLOUD: ProviderId = ProviderId(2);

pub const ORGANISATIONS: &str = "\
kind,slug,name_nl,name_en,kbo,service_start
client,anb,Agentschap Natuur en Bos,Agency for Nature and Forests,0316.380.841,2026-08-01
client,gent,Stad Gent,City of Ghent,,
provider,netwerken,Netwerken NV,,,
provider,cloud,Wolkenbouw BV,,,
";

pub const ITEMS: &str = "\
id,client,class,name,provider,environment,criticality,confidentiality,integrity,availability,24x7,logging,hostnames,fqdns,ips,networks,macs,serials,runs_on,depends_on,supports
svc,anb,Business Service,Vergunningen,,production,1,3,4,4,ja,nee,,,,,,,,,
app,anb,application,Vergunningenloket,cloud,production,1,3,4,4,ja,nee,,,,,,,web;web2,db,svc
web,anb,server,web01,cloud,production,2,2,3,3,ja,ja,web01,web01.anb.example,10.1.0.11,,00:1a:2b:3c:4d:5e,,,,
web2,anb,server,web02,cloud,production,2,2,3,3,ja,ja,web02,web02.anb.example,10.1.0.12,,,,,,
db,anb,database,db01,cloud,production,1,4,5,4,ja,ja,db01,,10.1.0.21,,,,,,
fw,anb,network device,fw01,netwerken,production,1,2,3,5,ja,ja,fw01,,10.1.0.1 2001:db8::1,,,FGT60F-0001,,,
net,anb,subnet,servers,netwerken,production,3,,,,,nee,,,,10.1.0.0/16 10.1.0.0/24,,,,,
gweb,gent,server,web01,cloud,production,2,2,2,2,nee,ja,web01,web01.gent.example,10.1.0.11,,,,,,
";

pub fn file(name: &str, text: &str) -> ImportFile {
    ImportFile { name: name.to_owned(), text: text.to_owned() }
}

pub fn settings(origin: &str, at_ms: i64) -> ImportSettings {
    ImportSettings::new(origin, Actor::program("test"), at_ms)
}

pub async fn put(store: &Store, origin: &str, at_ms: i64, text: &str) -> ImportReport {
    cmdb::import(store, &[file("items.csv", text)], &settings(origin, at_ms)).await.unwrap()
}

pub async fn open() -> TestStore {
    let store = store::testing::open().await;
    let files = [file("items.csv", ITEMS), file("organisations.csv", ORGANISATIONS)];
    let report = cmdb::import(&store, &files, &settings("central", 1_000)).await.unwrap();
    assert!(report.applied && report.errors.is_empty(), "{report:#?}");
    assert_eq!((report.added.len(), report.organisations, report.version), (8, 4, 1));
    store
}
