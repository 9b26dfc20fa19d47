//! Nobody finds what is not theirs.

use crate::sample::{Bench, Sample};
use event::{ClientId, EventId, ProviderId, Scope};
use index::SearchRequest;

fn bench() -> Bench {
    let mut bench = Bench::new();
    let mut samples: Vec<Sample> =
        (0..6).map(|id| Sample::new(id, "secret").of_client(id as u32 % 3)).collect();
    samples[1].provider = Some(7);
    samples[2].provider = Some(8);
    // A sender that claims to be of another client and provider.
    samples[4] = samples[4].clone().with("sperwer.provider", "7").with("sperwer.client", "2");
    bench.add_all(&samples);
    bench
}

#[test]
fn a_scope_sees_its_own_and_nothing_else() {
    let bench = bench();
    let all = [0u64, 1, 2, 3, 4, 5];
    let scopes: [(&str, Scope, &[u64]); 8] = [
        ("every client", Scope::every_client(), &[1, 2, 4, 5]),
        ("operator", Scope::operator(), &all),
        ("client 1", Scope::clients([ClientId(1)]), &[1, 4]),
        ("nobody", Scope::clients([]), &[]),
        ("provider 7", Scope::provider(ProviderId(7)), &[1]),
        ("provider 7 at client 2", Scope::provider(ProviderId(7)).narrowed_to(ClientId(2)), &[]),
        ("quarantine", Scope::operator().narrowed_to(ClientId::QUARANTINE), &[0, 3]),
        ("provider 9", Scope::provider(ProviderId(9)), &[]),
    ];
    for (who, scope, ids) in scopes {
        for query in
            ["", "secret", "NOT nothing", "sperwer.client:* OR secret", "secret OR sperwer.provider:7"]
        {
            let page = bench.index.search(&scope, &SearchRequest::new(query)).expect("a page");
            let mut found: Vec<u64> = page.hits.iter().map(|hit| hit.id.0).collect();
            found.sort_unstable();
            assert_eq!(found, ids, "{who}: {query}");
            assert_eq!(page.total, ids.len() as u64, "{who}: {query}");
            let histogram = bench.index.histogram(&scope, &SearchRequest::new(query), 1_000).expect("bars");
            assert_eq!(histogram.total, ids.len() as u64, "{who}: {query}");
        }
        let counts =
            bench.index.count_by(&scope, &SearchRequest::new(""), "sperwer.source", 10).expect("counts");
        assert_eq!(counts.total, ids.len() as u64, "{who}");
        let got = bench.index.get_many(&scope, &all.map(EventId)).expect("events");
        assert_eq!(got.iter().map(|hit| hit.id.0).collect::<Vec<_>>(), ids, "{who}");
        let usage = bench.index.usage(&scope).expect("usage");
        assert!(usage.keys().all(|client| scope.allows(*client)), "{who}");
    }
}

#[test]
fn the_span_is_that_of_what_a_scope_sees() {
    let bench = bench();
    let times = |scope: &Scope| {
        let found = bench.index.search(scope, &SearchRequest::new("")).expect("a page").hits;
        let times = found.iter().map(|hit| hit.time);
        times.clone().min().zip(times.max())
    };
    for scope in [
        Scope::every_client(),
        Scope::clients([ClientId(1)]),
        Scope::provider(ProviderId(7)),
        Scope::provider(ProviderId(9)),
    ] {
        assert_eq!(bench.index.span(&scope).expect("a span"), times(&scope), "{scope:?}");
    }
}

#[test]
fn a_sender_cannot_choose_its_provider() {
    let bench = bench();
    assert_eq!(bench.ids("sperwer.provider:7"), [1]);
}
