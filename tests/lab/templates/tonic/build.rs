use std::{
    fs, io,
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    // tonic's generator names no files to cargo, which then runs the script after any edit of the
    // package. Whoever cares adds this line.
    println!("cargo::rerun-if-changed=proto");
    let root = PathBuf::from("proto");
    let mut protos = Vec::new();
    find(&root, &mut protos)?;
    tonic_prost_build::configure()
        .include_file("world.rs")
        .compile_protos(&protos, &[root])
}

/// Adds every file below `folder`: tonic wants each by its name.
fn find(folder: &Path, protos: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, protos)?;
        } else {
            protos.push(path);
        }
    }
    Ok(())
}
