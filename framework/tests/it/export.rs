//! A service in Rust as an IDL: its comments, whatever is in them, and that the compiler reads the same again.

use std::fs;

use sinew::{Context, Inbound};
use sinew_idl_proto::{Compiled, Sources, compile};

/// Says things.
///
///
/// - A list,
///   with a line that belongs to it. `/* no comment */`, and */ no end of one
#[doc = "\tand a tab.\r\n\r\nLines of Windows.   \r\n\u{2028}\u{202e}Marks\u{7} that turn text around. \
\"quotes\" \\ backslash"]
///
///     code();
///
#[sinew::service(package = "talk.v1", timeout = "1s")]
pub(crate) trait Nasty {
    /**
     * A block,
     *
     *   * with its stars.
     */
    async fn block(&self, req: String) -> sinew::Result<()>;
    async fn silent(&self, req: String) -> sinew::Result<()>;
    ///No space in front.
    ///   Three.
    /// * A star.
    #[rpc(idempotent)]
    async fn spaces(&self, cx: &Context, req: ()) -> sinew::Result<String>;
    ///
    ///
    #[expect(clippy::empty_docs, reason = "somebody will")]
    async fn blank(&self, req: String) -> sinew::Result<()>;
    /** * A list of one line. */
    async fn star(&self, req: String) -> sinew::Result<()>;
    /// /// Slashes.
    /// /// All.
    async fn slashes(&self, rx: Inbound<String>) -> sinew::Result<()>;
    /** One line,
    and one below it.

      Indented.
    */
    async fn block_without_stars(&self, req: String) -> sinew::Result<()>;
    #[doc = concat!("Left", "out.")]
    /// Kept.
    async fn computed(&self, req: String) -> sinew::Result<()>;
}

const TEXT: &str = r#"syntax = "proto3";

package talk.v1;

import "google/protobuf/empty.proto";
import "google/protobuf/wrappers.proto";
import "sinew/options.proto";

// Says things.
//
//
// - A list,
//   with a line that belongs to it. `/* no comment */`, and */ no end of one
// <tab>and a tab.
//
// Lines of Windows.
//
// Marks that turn text around. "quotes" \ backslash
//
//     code();
service Nasty {
  option (sinew.service) = {
    timeout: "1s"
  };
  // A block,
  //
  //   * with its stars.
  rpc Block(.google.protobuf.StringValue) returns (.google.protobuf.Empty);
  rpc Silent(.google.protobuf.StringValue) returns (.google.protobuf.Empty);
  // No space in front.
  //   Three.
  // * A star.
  rpc Spaces(.google.protobuf.Empty) returns (.google.protobuf.StringValue) {
    option idempotency_level = IDEMPOTENT;
  }
  rpc Blank(.google.protobuf.StringValue) returns (.google.protobuf.Empty);
  // * A list of one line.
  rpc Star(.google.protobuf.StringValue) returns (.google.protobuf.Empty);
  // /// Slashes.
  // /// All.
  rpc Slashes(stream .google.protobuf.StringValue) returns (.google.protobuf.Empty);
  // One line,
  //    and one below it.
  //
  //      Indented.
  rpc BlockWithoutStars(.google.protobuf.StringValue) returns (.google.protobuf.Empty);
  // Kept.
  rpc Computed(.google.protobuf.StringValue) returns (.google.protobuf.Empty);
}
"#;

fn compiled(text: &str) -> Compiled {
    let root = std::env::temp_dir().join(format!("sinew-comments-{}", std::process::id()));
    fs::create_dir_all(&root).unwrap();
    fs::write(root.join("nasty.proto"), text).unwrap();
    let compiled = compile(&Sources {
        roots: vec![root.clone()],
        files: vec!["nasty.proto".into()],
    });
    fs::remove_dir_all(&root).unwrap();
    compiled.unwrap_or_else(|found| panic!("{}", found.render()))
}

/// What is printed above a declaration, without the marks.
fn above<'a>(text: &'a str, declaration: &str) -> Vec<&'a str> {
    let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
    let is_it = |line: &&str| line.starts_with(declaration);
    let end = lines.iter().position(is_it).expect("it is declared");
    let start = lines[..end]
        .iter()
        .rposition(|line| !line.starts_with("//"));
    let comment = lines[start.map_or(0, |start| start + 1)..end].iter();
    let comment = comment.map(|line| &line["//".len()..]);
    comment
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect()
}

#[test]
fn comments_go_along() {
    let text = nasty::proto(&[]).unwrap();
    assert_eq!(text.replace('\t', "<tab>"), TEXT, "{text}");
}

#[test]
fn the_compiler_reads_the_comments_that_were_printed() {
    let text = nasty::proto(&[]).unwrap();
    let compiled = compiled(&text);
    let [service] = compiled.schema.services.as_slice() else {
        panic!("one service");
    };
    assert_eq!(service.docs.lines(), above(&text, "service Nasty"));
    assert_eq!(service.methods.len(), nasty::SERVICE.methods().len());
    for method in &service.methods {
        let name = &method.name.wire;
        assert_eq!(
            method.docs.lines(),
            above(&text, &format!("rpc {name}(")),
            "{name}"
        );
    }
}
