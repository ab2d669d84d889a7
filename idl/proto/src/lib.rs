//! Protocol buffer files to the Sinew service model, without protoc.
