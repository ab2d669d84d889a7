//! A subscriber that keeps what its thread logs.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{DefaultGuard, Interest};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

pub(crate) type Fields = BTreeMap<&'static str, String>;

/// What this thread logs while it lives, at this level and above.
pub(crate) struct Log {
    pub(crate) seen: Arc<Mutex<Seen>>,
    _default: DefaultGuard,
}

#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) lines: Vec<Line>,
    /// Spans that are over, with all that was recorded.
    pub(crate) spans: Vec<(&'static str, Fields)>,
}

/// One event, with the names of the spans that it is in.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) level: Level,
    target: String,
    pub(crate) fields: Fields,
    pub(crate) spans: Vec<&'static str>,
}

impl Line {
    pub(crate) fn get(&self, field: &str) -> &str {
        self.fields.get(field).map_or("", String::as_str)
    }
}

impl Log {
    pub(crate) fn at(level: Level) -> Self {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let layer = Kept(Arc::clone(&seen), level);
        let subscriber = tracing_subscriber::registry().with(layer);
        Self {
            seen,
            _default: tracing::subscriber::set_default(subscriber),
        }
    }

    /// What was logged for this target.
    pub(crate) fn lines(&self, target: &str) -> Vec<Line> {
        let seen = self.seen.lock().unwrap();
        let lines = seen.lines.iter().filter(|line| line.target == target);
        lines.cloned().collect()
    }

    pub(crate) fn spans(&self, name: &str) -> Vec<Fields> {
        let seen = self.seen.lock().unwrap();
        let spans = seen.spans.iter().filter(|(known, _)| *known == name);
        spans.map(|(_, fields)| fields.clone()).collect()
    }

    /// Waits until as many spans of this name are over.
    pub(crate) async fn ended(&self, name: &str, count: usize) -> Vec<Fields> {
        for _ in 0..100_000 {
            if self.spans(name).len() >= count {
                break;
            }
            tokio::task::yield_now().await;
        }
        let spans = self.spans(name);
        assert_eq!(spans.len(), count, "{spans:?}");
        spans
    }
}

struct Kept(Arc<Mutex<Seen>>, Level);

struct Visited<'a>(&'a mut Fields);

impl Visit for Visited<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Kept {
    fn enabled(&self, metadata: &tracing::Metadata<'_>, _: Context<'_, S>) -> bool {
        *metadata.level() <= self.1 && metadata.target().starts_with("sinew")
            || metadata.target().starts_with("it::")
    }

    /// Each thread is asked anew.
    fn register_callsite(&self, _: &'static tracing::Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, cx: Context<'_, S>) {
        let mut fields = Fields::new();
        attributes.record(&mut Visited(&mut fields));
        cx.span(id).unwrap().extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, cx: Context<'_, S>) {
        let span = cx.span(id).unwrap();
        let mut extensions = span.extensions_mut();
        values.record(&mut Visited(extensions.get_mut().unwrap()));
    }

    fn on_event(&self, event: &Event<'_>, cx: Context<'_, S>) {
        let mut fields = Fields::new();
        event.record(&mut Visited(&mut fields));
        let spans = cx.event_scope(event).into_iter().flatten();
        let line = Line {
            level: *event.metadata().level(),
            target: event.metadata().target().to_owned(),
            fields,
            spans: spans.map(|span| span.name()).collect(),
        };
        self.0.lock().unwrap().lines.push(line);
    }

    fn on_close(&self, id: Id, cx: Context<'_, S>) {
        let span = cx.span(&id).unwrap();
        let fields = span.extensions_mut().remove().unwrap();
        self.0.lock().unwrap().spans.push((span.name(), fields));
    }
}
