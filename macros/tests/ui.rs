//! What rustc shows of each error of a macro, to the letter, and what compiles without a word.
//! `TRYBUILD=overwrite` writes what comes out, for a person to read in the diff.

#[test]
fn domain_error() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/domain_error/pass.rs");
    cases.compile_fail("tests/ui/domain_error/fail_*.rs");
}
