//! Generates the messages from protox's descriptor set; the calls are written by hand.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let root = "../../proto";
    println!("cargo::rerun-if-changed={root}");
    let descriptors = protox::compile(["lab/v1/echo.proto"], [root])?;
    prost_build::compile_fds(descriptors)?;
    Ok(())
}
