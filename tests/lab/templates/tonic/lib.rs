include!(concat!(env!("OUT_DIR"), "/world.rs"));
