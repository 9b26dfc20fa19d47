//! A frame becomes an event that knows its CI: what both readers do first.

use crate::registry::Registry;
use bumpalo::Bump;
use cmdb::Resolution;
use event::{Event, Frame};
use parse::{Catalogue, Parser};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Events that are tied to no CI, counted since the start: D3.5 asks for what sends and is in no CMDB.
#[derive(Debug, Default)]
pub struct Unresolved {
    ambiguous: AtomicU64,
    unknown: AtomicU64,
}

impl Unresolved {
    /// Events that several CIs answered to.
    #[must_use]
    pub fn ambiguous(&self) -> u64 {
        self.ambiguous.load(Ordering::Relaxed)
    }

    /// Events that no CI answered to.
    #[must_use]
    pub fn unknown(&self) -> u64 {
        self.unknown.load(Ordering::Relaxed)
    }
}

/// A parser with the sources' settings and the CMDB of the moment.
pub struct Understand {
    registry: Arc<Registry>,
    catalogue: Arc<Catalogue>,
    parser: Parser,
    view: crate::registry::View,
    unresolved: Option<Arc<Unresolved>>,
}

impl Understand {
    /// A parser of its own over the registry's catalogue.
    #[must_use]
    pub fn new(registry: Arc<Registry>) -> Understand {
        let view = registry.view();
        let catalogue = registry.source_types().current();
        let mut parser = Parser::new(Arc::clone(&catalogue), registry.fields());
        view.configure(&mut parser);
        Understand { registry, catalogue, parser, view, unresolved: None }
    }

    /// Counts what is tied to no CI; for one reader only, or each event would count twice.
    #[must_use]
    pub fn counting(mut self, unresolved: Arc<Unresolved>) -> Understand {
        self.unresolved = Some(unresolved);
        self
    }

    /// Takes over what changed in sources, CMDB and source types; to be called between batches. With new source types
    /// comes a new parser, which has learned nothing yet of what sources sent: orders of columns that headers told hold
    /// again from the next header on.
    pub fn refresh(&mut self) {
        let view = self.registry.view();
        let catalogue = self.registry.source_types().current();
        if !Arc::ptr_eq(&catalogue, &self.catalogue) {
            self.parser = Parser::new(Arc::clone(&catalogue), self.registry.fields());
            view.configure(&mut self.parser);
            (self.catalogue, self.view) = (catalogue, view);
            return;
        }
        if view.generation() != self.view.generation() {
            view.configure(&mut self.parser);
            self.view = view;
        }
    }

    /// Parses one frame and resolves its CI (D3.3).
    pub fn event<'a>(&mut self, frame: &Frame<'a>, arena: &'a Bump) -> Event<'a> {
        let mut event = self.parser.parse(frame, arena);
        let resolution = self.view.resolve(&event);
        if let Some(found) = resolution.found() {
            event.ci = Some(found.ci);
            event.provider = found.provider;
        } else if let Some(unresolved) = &self.unresolved {
            let ambiguous = matches!(resolution, Resolution::Ambiguous(_));
            let counter = if ambiguous { &unresolved.ambiguous } else { &unresolved.unknown };
            counter.fetch_add(1, Ordering::Relaxed);
        }
        event
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::testing;
    use event::{ClientId, EventId, Origin, SourceId, Timestamp, Transport};

    #[tokio::test]
    async fn what_no_ci_answers_to_is_counted_by_one_reader() {
        let (running, _folder) = testing::running().await;
        let mut silent = Understand::new(Arc::clone(&running.registry));
        let mut counting =
            Understand::new(Arc::clone(&running.registry)).counting(Arc::clone(&running.unresolved));
        let origin =
            Origin { client: ClientId(1), source: SourceId(1), transport: Transport::Tcp, peer: None };
        let received = Timestamp::from_secs(1_795_424_400);
        let frame = Frame { id: EventId(0), raw: b"tick", received, origin, truncated: false };
        let arena = Bump::new();
        silent.event(&frame, &arena);
        counting.event(&frame, &arena);
        assert_eq!((running.unresolved.unknown(), running.unresolved.ambiguous()), (1, 0));
    }
}
