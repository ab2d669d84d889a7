//! What an entry says and not all methods can have that it names: said once an entry, with the methods.
//! It refuses to leave anything out: the merge does.

use sinew_idl::{
    diag::Diagnostic,
    model::{Idempotency, Method},
};
use sinew_service_config::{Level, MethodConfig, Place};

use super::span;
use crate::codes;

/// What became of entries. One that is for everything is not told of methods that cannot have an idle timeout: it names
/// none of them.
#[derive(Default)]
pub(super) struct Reach(Vec<Said>);

/// One value of an entry.
struct Said {
    file: String,
    place: Place,
    /// What was noted, in the order of the methods.
    noted: Vec<(Note, String)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Note {
    /// A repetition is taken, although nothing says that it does no harm.
    Repeated,
    /// It is left out, as nothing says so.
    Unknown,
    /// It is left out, as the requests stream.
    Requests,
    /// The idle timeout is left out, as the replies do not stream, of a method that is named by itself.
    Silent,
    /// Of a method whose service is named.
    SilentOfService,
    /// It is taken because the service is named.
    Streams,
}

impl Reach {
    pub(super) fn note(
        &mut self,
        file: &str,
        config: &MethodConfig,
        level: Level,
        method: &Method,
    ) {
        let retry = config.retry.as_ref().map(|one| &one.place);
        let hedge = config.hedge.as_ref().map(|one| &one.place);
        let is_repeatable = method.idempotency != Idempotency::Unsafe;
        let repeated = match (method.shape.client_streams(), level) {
            (true, _) => Some(Note::Requests),
            (false, _) if is_repeatable => None,
            (false, Level::Method) => Some(Note::Repeated),
            (false, _) => Some(Note::Unknown),
        };
        let idle = config.idle_timeout.as_ref().map(|one| &one.place);
        let silent = match (method.shape.server_streams(), level) {
            (_, Level::Default) | (true, Level::Method) => None,
            (true, Level::Service) => Some(Note::Streams),
            (false, Level::Method) => Some(Note::Silent),
            (false, Level::Service) => Some(Note::SilentOfService),
        };
        for (place, note) in [(retry.or(hedge), repeated), (idle, silent)] {
            if let (Some(place), Some(note)) = (place, note) {
                let name = format!("`{}`", method.name.wire);
                self.of(file, place).noted.push((note, name));
            }
        }
    }

    fn of(&mut self, file: &str, place: &Place) -> &mut Said {
        let is_it = |one: &Said| one.place.path == place.path && one.file == file;
        let index = self.0.iter().position(is_it).unwrap_or_else(|| {
            self.0.push(Said {
                file: file.to_owned(),
                place: place.clone(),
                noted: Vec::new(),
            });
            self.0.len() - 1
        });
        &mut self.0[index]
    }

    pub(super) fn said(self) -> impl Iterator<Item = Diagnostic> {
        self.0.into_iter().flat_map(|said| said.warnings())
    }
}

impl Said {
    fn warnings(&self) -> Vec<Diagnostic> {
        let say_so = "if repeating does no harm, say so: `option idempotency_level = IDEMPOTENT;`";
        let or_name = format!("{say_so}, or name the method here");
        // A service has methods of all kinds: it is enough that one can have the idle timeout.
        let is_had = self.noted.iter().any(|(note, _)| *note == Note::Streams);
        let silent: &[Note] = match is_had {
            true => &[Note::Silent],
            false => &[Note::Silent, Note::SilentOfService],
        };
        let all = [
            self.warning(
                codes::config::REPEATS,
                &[Note::Repeated],
                "nothing in the IDL says that this may be repeated:",
                say_so,
            ),
            self.warning(
                codes::config::REPEATS,
                &[Note::Unknown],
                "left out where nothing in the IDL says that it may be repeated:",
                &or_name,
            ),
            self.warning(
                codes::config::REPEATS,
                &[Note::Requests],
                "left out where the requests stream:",
                "a stream that has been sent cannot be sent again",
            ),
            self.warning(
                codes::config::SILENT,
                silent,
                "left out where the replies do not stream:",
                "it bounds the silence in a stream of replies; `timeout` bounds the call",
            ),
        ];
        all.into_iter().flatten().collect()
    }

    /// What is said of the methods that one of `notes` was made of.
    fn warning(
        &self,
        code: &'static str,
        notes: &[Note],
        why: &str,
        help: &str,
    ) -> Option<Diagnostic> {
        let of_these = self.noted.iter().filter(|(note, _)| notes.contains(note));
        let methods: Vec<&str> = of_these.map(|(_, method)| method.as_str()).collect();
        if methods.is_empty() {
            return None;
        }
        let message = format!("{}: {why} {}", self.place.path, methods.join(", "));
        let warning = Diagnostic::warning(code, message, span(&self.file, &self.place));
        Some(warning.help(help))
    }
}
