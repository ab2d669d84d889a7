//! A file of the world: its head, its services and what they speak of.
//!
//! What a message looks like is `message.rs`'s business.

use std::{fmt::Write, ops::Range};

use super::{
    PACKAGES_PER_CHAIN, SERVICES_PER_FILE, SERVICES_PER_PACKAGE, Source,
    message::{self, Link},
    words::{AREAS, Dice, thing},
};

/// The file that all others import.
pub(super) fn common() -> Source {
    let text = "\
// What all packages share.
syntax = \"proto3\";

package world.common.v1;

// An amount of money in a currency.
message Money {
  // The currency, by its three letters.
  string currency = 1;

  // Whole units of it.
  int64 units = 2;

  // Billionths of a unit, of the same sign as `units`.
  int32 nanos = 3;
}

// Where somebody lives or something is sent to.
message Address {
  // The country, by its two letters.
  string country = 1;

  // The lines of the address, without the country.
  repeated string lines = 2;

  // Where it is on a map, in degrees.
  double latitude = 3;

  // As above.
  double longitude = 4;
}

// A page of a list.
message Page {
  // How many at most; the server may send fewer.
  int32 size = 1;

  // What the page before told, or nothing for the first one.
  string token = 2;
}
";
    Source {
        name: "world/common/v1/common.proto".to_owned(),
        text: text.to_owned(),
    }
}

/// The file with the services of those numbers.
pub(super) fn of_services(services: Range<usize>) -> Source {
    let (start, package) = (services.start, Package::of(services.start));
    let links = links(start);
    let mut text = String::new();
    head(&mut text, &package, &services, &links);
    for service in services.clone() {
        let name = thing(service);
        self::service(&mut text, service, &name, package.area);
        let link = links.get(service % 2).or(links.first());
        message::all(&mut text, service, &name, link);
    }
    Source {
        name: format!("{}/{}", package.folder(), file_name(start)),
        text,
    }
}

/// A package, by one of its services.
struct Package {
    area: &'static str,
    version: usize,
}

impl Package {
    fn of(service: usize) -> Self {
        let number = service / SERVICES_PER_PACKAGE;
        Self {
            area: AREAS[number % AREAS.len()],
            version: number / AREAS.len() + 1,
        }
    }

    fn name(&self) -> String {
        format!("world.{}.v{}", self.area, self.version)
    }

    fn folder(&self) -> String {
        format!("world/{}/v{}", self.area, self.version)
    }
}

fn file_name(first_service: usize) -> String {
    format!("{}.proto", thing(first_service).to_lowercase())
}

/// The things of other files that this one speaks of: of the package before, unless a chain ends there, and of the file
/// before in the same package.
fn links(start: usize) -> Vec<Link> {
    let is_second = !start.is_multiple_of(SERVICES_PER_PACKAGE);
    let is_first_of_chain = (start / SERVICES_PER_PACKAGE).is_multiple_of(PACKAGES_PER_CHAIN);
    let before = start.checked_sub(SERVICES_PER_PACKAGE);
    let before = before.filter(|_| !is_first_of_chain);
    let beside = is_second.then(|| start - SERVICES_PER_FILE);
    let linked = before.into_iter().chain(beside);
    linked
        .map(|service| {
            let package = Package::of(service);
            Link {
                import: format!("{}/{}", package.folder(), file_name(service)),
                message: format!("{}.{}", package.name(), thing(service)),
            }
        })
        .collect()
}

fn head(text: &mut String, package: &Package, services: &Range<usize>, links: &[Link]) {
    let things: Vec<_> = services.clone().map(thing).collect();
    let mut imports = vec![
        "google/protobuf/duration.proto",
        "google/protobuf/empty.proto",
        "google/protobuf/field_mask.proto",
        "google/protobuf/timestamp.proto",
        "world/common/v1/common.proto",
    ];
    imports.extend(links.iter().map(|link| link.import.as_str()));
    imports.sort_unstable();
    line(
        text,
        &format!("// Of {}: {}.", package.area, things.join(" and ")),
    );
    line(
        text,
        "//\n// Names are unique within an account, and are never used again.",
    );
    line(text, "syntax = \"proto3\";\n");
    line(text, &format!("package {};\n", package.name()));
    for import in imports {
        line(text, &format!("import \"{import}\";"));
    }
}

/// One service with seven rpcs: five as every resource has them, two of several kinds.
fn service(text: &mut String, number: usize, name: &str, area: &str) {
    let mut dice = Dice::of(number);
    let mut rpc = |text: &mut String, what: String, rpc: String| {
        line(text, &format!("  // {what}"));
        for _ in 0..2 {
            line(text, &format!("  //\n  // {}", dice.sentence()));
        }
        line(text, &format!("  rpc {rpc};\n"));
    };
    line(
        text,
        &format!("\n// Keeps each {name} of {area}, and tells of its changes."),
    );
    line(
        text,
        "//\n// Calls that change something can be repeated: the last one counts.",
    );
    line(text, &format!("service {name}Service {{"));
    rpc(
        text,
        format!("Finds one {name} by its name."),
        format!("Get{name}(Get{name}Request) returns ({name})"),
    );
    rpc(
        text,
        format!("Lists every {name} that the caller may see, page by page."),
        format!("List{name}s(List{name}sRequest) returns (List{name}sReply)"),
    );
    rpc(
        text,
        format!("Makes a {name}."),
        format!("Create{name}(Create{name}Request) returns ({name})"),
    );
    rpc(
        text,
        format!("Changes those fields of a {name} that the mask names."),
        format!("Update{name}(Update{name}Request) returns ({name})"),
    );
    rpc(
        text,
        format!("Removes a {name} for good."),
        format!("Delete{name}(Delete{name}Request) returns (google.protobuf.Empty)"),
    );
    for extra in Extra::of(number) {
        let (what, signature) = match extra {
            Extra::Watch => (
                "Tells of every change from now on",
                format!("Watch{name}(Watch{name}Request) returns (stream {name}Event)"),
            ),
            Extra::Upload => (
                "Takes the content in pieces",
                format!("Upload{name}(stream {name}Chunk) returns ({name}Summary)"),
            ),
            Extra::Converse => (
                "Asks and answers, as long as the caller likes",
                format!("Converse{name}(stream {name}Question) returns (stream {name}Answer)"),
            ),
            Extra::Search => (
                "Searches by words",
                format!("Search{name}s(Search{name}sRequest) returns (Search{name}sReply)"),
            ),
        };
        rpc(text, format!("{what}: {name}."), signature);
    }
    line(text, "}");
}

/// What a service has beside the usual five.
#[derive(Clone, Copy, Debug)]
pub(super) enum Extra {
    Watch,
    Upload,
    Converse,
    Search,
}

impl Extra {
    /// The two of a service.
    pub(super) fn of(service: usize) -> [Self; 2] {
        match service % 4 {
            0 => [Self::Watch, Self::Search],
            1 => [Self::Upload, Self::Search],
            2 => [Self::Converse, Self::Watch],
            _ => [Self::Search, Self::Watch],
        }
    }
}

/// Appends a line.
pub(super) fn line(text: &mut String, line: &str) {
    // A `String` takes whatever is written.
    let _ = writeln!(text, "{line}");
}
