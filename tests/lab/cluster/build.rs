//! Compiles the lab's `.proto` as any user would.

fn main() {
    sinew_build::compile("../proto");
}
