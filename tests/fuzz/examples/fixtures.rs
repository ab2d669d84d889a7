//! Writes the inputs that the fixtures make into a folder, for libFuzzer to start from:
//! `cargo run -p fuzz --example fixtures -- TARGET FOLDER`.
//! It refuses to delete anything.

use std::{env, fs, io, path::Path};

use fuzz::{Target, fixtures};

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let target = arguments.first().and_then(|name| {
        let mut all = Target::ALL.into_iter();
        all.find(|target| target.name() == name)
    });
    let (Some(target), [_, folder]) = (target, &*arguments) else {
        let names = Target::ALL.map(Target::name).join("|");
        let usage = format!("usage: fixtures {names} FOLDER");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, usage));
    };
    fs::create_dir_all(folder)?;
    for (index, input) in fixtures::inputs(target).iter().enumerate() {
        fs::write(Path::new(folder).join(format!("fixture-{index:03}")), input)?;
    }
    Ok(())
}
