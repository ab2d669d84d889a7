//! Compiles our copy of gRPC's interop service.

fn main() {
    sinew_build::compile("proto");
}
