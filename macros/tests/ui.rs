//! What rustc shows of each error of a macro, to the letter, and what compiles without a word.
//! `TRYBUILD=overwrite` writes what comes out, for a person to read in the diff.

#[test]
fn every_error_is_said_at_its_place() {
    let cases = trybuild::TestCases::new();
    for of in ["domain_error", "service"] {
        cases.pass(format!("tests/ui/{of}/pass.rs"));
        cases.compile_fail(format!("tests/ui/{of}/fail_*.rs"));
    }
}
