//! The field numbers of `google/protobuf/descriptor.proto` that paths of declarations are made of.
//! It refuses numbers that nothing here needs.

/// `name` has the same number in every kind of declaration.
pub(crate) const NAME: i32 = 1;

pub(crate) mod file {
    pub(crate) const PACKAGE: i32 = 2;
    pub(crate) const DEPENDENCY: i32 = 3;
    pub(crate) const MESSAGE: i32 = 4;
    pub(crate) const ENUM: i32 = 5;
    pub(crate) const SERVICE: i32 = 6;
    pub(crate) const EXTENSION: i32 = 7;
}

pub(crate) mod message {
    pub(crate) const FIELD: i32 = 2;
    pub(crate) const NESTED: i32 = 3;
    pub(crate) const ENUM: i32 = 4;
    pub(crate) const EXTENSION_RANGE: i32 = 5;
    pub(crate) const EXTENSION: i32 = 6;
    pub(crate) const OPTIONS: i32 = 7;
    pub(crate) const ONEOF: i32 = 8;
    pub(crate) const RESERVED_RANGE: i32 = 9;
    pub(crate) const RESERVED_NAME: i32 = 10;
}

pub(crate) mod field {
    pub(crate) const EXTENDEE: i32 = 2;
    pub(crate) const NUMBER: i32 = 3;
    pub(crate) const TYPE: i32 = 5;
    pub(crate) const TYPE_NAME: i32 = 6;
    pub(crate) const OPTIONS: i32 = 8;
    pub(crate) const JSON_NAME: i32 = 10;
}

pub(crate) mod enumeration {
    pub(crate) const VALUE: i32 = 2;
    pub(crate) const OPTIONS: i32 = 3;
    pub(crate) const RESERVED_RANGE: i32 = 4;
    pub(crate) const RESERVED_NAME: i32 = 5;
}

pub(crate) mod service {
    pub(crate) const METHOD: i32 = 2;
    pub(crate) const OPTIONS: i32 = 3;
}

pub(crate) mod method {
    pub(crate) const INPUT_TYPE: i32 = 2;
    pub(crate) const OUTPUT_TYPE: i32 = 3;
    pub(crate) const OPTIONS: i32 = 4;
}

/// Options that are pointed at.
pub(crate) mod option {
    pub(crate) const PACKED: i32 = 2;
    pub(crate) const ALLOW_ALIAS: i32 = 2;
    pub(crate) const MAP_ENTRY: i32 = 7;
}
