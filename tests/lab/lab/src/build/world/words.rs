//! The words that the world is made of, and the dice that choose among them.
//!
//! It knows nothing of protocol buffers.

/// What packages are about. One of them is written in several versions, as real ones are.
pub(super) const AREAS: [&str; 25] = [
    "accounts", "archive", "billing", "catalog", "chat", "claims", "courses", "delivery", "energy",
    "fleet", "games", "health", "identity", "images", "ledger", "loans", "maps", "metrics",
    "orders", "payroll", "search", "stock", "tickets", "travel", "weather",
];

const QUALITIES: [&str; 20] = [
    "Active", "Annual", "Backup", "Custom", "Daily", "Default", "Draft", "External", "Final",
    "Global", "Hidden", "Initial", "Linked", "Local", "Managed", "Open", "Partial", "Primary",
    "Regional", "Shared",
];

const THINGS: [&str; 25] = [
    "Agreement",
    "Batch",
    "Campaign",
    "Device",
    "Entry",
    "Folder",
    "Grant",
    "Household",
    "Invoice",
    "Job",
    "Key",
    "Label",
    "Member",
    "Notice",
    "Offer",
    "Parcel",
    "Quota",
    "Route",
    "Session",
    "Task",
    "Unit",
    "Voucher",
    "Widget",
    "Yard",
    "Zone",
];

/// What fields are called; each message takes a run of them, so that none comes twice in one.
pub(super) const FIELDS: [&str; 40] = [
    "title",
    "owner",
    "region",
    "language",
    "display_name",
    "description",
    "etag",
    "external_id",
    "currency",
    "source",
    "parent",
    "priority",
    "revision",
    "size_in_bytes",
    "attempts",
    "limit",
    "enabled",
    "confirmed",
    "ratio",
    "weight",
    "checksum",
    "payload",
    "created_at",
    "changed_at",
    "expires_at",
    "timeout",
    "aliases",
    "scopes",
    "address",
    "total",
    "fee",
    "category",
    "channel",
    "contact",
    "reason",
    "note",
    "version",
    "group",
    "position",
    "unit",
];

const SENTENCES: [&str; 16] = [
    "Required when the request changes something that exists already.",
    "It is chosen by the server, and clients that set it are ignored.",
    "Empty means that the default of the region applies.",
    "It never changes after the first call, so that clients may keep it as long as they like.",
    "Values above the limit of the account are lowered to that limit without an error.",
    "Only callers with the role of an owner can see it; for all others it is left out.",
    "See the guide on naming for what is allowed here, and for the characters that are not.",
    "Measured from the moment at which the server took the request in.",
    "At most 128 characters, in lower case, with hyphens between words.",
    "It is kept for callers of the first version, which had no other way to tell.",
    "Two of them are equal when all of their parts are, in the same order.",
    "The order is the one in which they were added, and it is kept when some are removed.",
    "A value of zero is not the same as no value: it means that nothing is allowed.",
    "Changes are seen by readers after a few seconds at the latest.",
    "What it refers to may be gone already by the time that it is read.",
    "It is copied from the parent when nothing is said.",
];

/// The thing that service `index` is about. Neighbours have different ones.
pub(super) fn thing(index: usize) -> String {
    let quality = QUALITIES[index % QUALITIES.len()];
    let thing = THINGS[(index + index / QUALITIES.len()) % THINGS.len()];
    format!("{quality}{thing}")
}

/// Dice that always fall the same way (SplitMix64, Steele, Lea and Flood 2014).
#[derive(Debug)]
pub(super) struct Dice(u64);

impl Dice {
    /// Dice of their own for everything that has a number.
    pub(super) fn of(number: usize) -> Self {
        Self(u64::try_from(number).unwrap_or_default())
    }

    /// One of 0, 1, … `sides` - 1.
    pub(super) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        // The remainder is below `sides`, and so a `usize` again.
        usize::try_from(mixed % sides as u64).unwrap_or_default()
    }

    /// A sentence as authors of APIs write them.
    pub(super) fn sentence(&mut self) -> &'static str {
        SENTENCES[self.roll(SENTENCES.len())]
    }
}
