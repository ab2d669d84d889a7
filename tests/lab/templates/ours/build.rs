fn main() {
    sinew_build::compile("proto");
}
