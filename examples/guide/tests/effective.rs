//! What the table of the example shows: the IDL, the service config, the file, and what is built in.
//! It refuses to call anything: what acts on it is shown by the tests of the runtime.

use guide::policies::{channel, effective};

#[test]
fn the_table_says_what_holds_and_who_says_it() {
    let channel = channel("http://127.0.0.1:50051").expect("the example's file");
    assert_eq!(
        effective(&channel).to_string(),
        include_str!("effective.txt")
    );
    let state = channel.policy_state().expect("there is a file");
    assert_eq!((state.loads(), state.refused()), (1, None));
}
