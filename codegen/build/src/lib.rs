//! What a build.rs calls to turn .proto files into Sinew stubs and skeletons.
