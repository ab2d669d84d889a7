//! Generates tonic's code from protox's descriptor set, so that no protoc is needed.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let root = "../../proto";
    println!("cargo::rerun-if-changed={root}");
    let descriptors = protox::compile(["lab/v1/echo.proto"], [root])?;
    tonic_prost_build::compile_fds(descriptors)?;
    Ok(())
}
