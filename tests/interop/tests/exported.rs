//! What other implementations compile is what our service exports.

use interop::ledger::ledger;

#[test]
fn the_exported_file_is_up_to_date() {
    let text = ledger::proto(&[interop::DESCRIPTORS]).unwrap_or_else(|error| panic!("{error}"));
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/exported/ledger.proto");
    if std::env::var_os("SINEW_BLESS").is_some() {
        std::fs::write(path, &text).unwrap_or_else(|error| panic!("{path}: {error}"));
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(text, written, "write it anew by SINEW_BLESS=1");
}
