//! A frame becomes an event that knows its CI: what both readers do first.

use crate::registry::Registry;
use bumpalo::Bump;
use event::{Event, Frame};
use parse::Parser;
use std::sync::Arc;

/// A parser with the sources' settings and the CMDB of the moment.
pub struct Understand {
    registry: Arc<Registry>,
    parser: Parser,
    view: crate::registry::View,
}

impl Understand {
    /// A parser of its own over the registry's catalogue.
    #[must_use]
    pub fn new(registry: Arc<Registry>) -> Understand {
        let view = registry.view();
        let mut parser = Parser::new(registry.catalogue(), registry.fields());
        view.configure(&mut parser);
        Understand { registry, parser, view }
    }

    /// Takes over what changed in sources and CMDB; to be called between batches.
    pub fn refresh(&mut self) {
        let view = self.registry.view();
        if view.generation() != self.view.generation() {
            view.configure(&mut self.parser);
            self.view = view;
        }
    }

    /// Parses one frame and resolves its CI (D3.3).
    pub fn event<'a>(&mut self, frame: &Frame<'a>, arena: &'a Bump) -> Event<'a> {
        let mut event = self.parser.parse(frame, arena);
        if let Some(found) = self.view.resolve(&event) {
            event.ci = Some(found.ci);
            event.provider = found.provider;
        }
        event
    }
}
