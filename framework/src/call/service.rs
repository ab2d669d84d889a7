//! What the IDL says of a service: its name, its methods, and the descriptors that declare it.
//! It refuses to hold anything that changes while a process runs.

use super::MethodSpec;

/// Of a service that is written by hand.
static NO_DESCRIPTORS: &[u8] = &[];

/// A service as its server and reflection know it.
#[derive(Debug)]
pub struct ServiceSpec {
    name: &'static str,
    methods: &'static [&'static MethodSpec],
    descriptors: &'static &'static [u8],
    deprecated: bool,
}

impl ServiceSpec {
    /// A service, its methods in the order of their dispatch index.
    pub const fn new(name: &'static str, methods: &'static [&'static MethodSpec]) -> Self {
        Self {
            name,
            methods,
            descriptors: &NO_DESCRIPTORS,
            deprecated: false,
        }
    }

    /// Adds the encoded `google.protobuf.FileDescriptorSet` that declares it, as a reference to the static that holds
    /// it: of a service whose own code has not changed, nothing need be compiled again when the set has.
    #[must_use]
    pub const fn described_by(mut self, descriptors: &'static &'static [u8]) -> Self {
        self.descriptors = descriptors;
        self
    }

    /// Declares that nobody should call it any more.
    #[must_use]
    pub const fn deprecated(mut self) -> Self {
        self.deprecated = true;
        self
    }

    /// `shop.v1.Cart`
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Whether nobody should call it any more.
    pub const fn is_deprecated(&self) -> bool {
        self.deprecated
    }

    /// The methods, in the order of their dispatch index.
    pub const fn methods(&self) -> &'static [&'static MethodSpec] {
        self.methods
    }

    /// The encoded `google.protobuf.FileDescriptorSet` that declares it, imports included; empty if there is none.
    pub const fn descriptors(&self) -> &'static [u8] {
        self.descriptors
    }
}
