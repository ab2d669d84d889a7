//! A source of discovery that reads what the script lists.
//! It refuses to look anywhere else.

use std::sync::Arc;

use super::watched::Watched;
use super::world::Reading;
use crate::discovery::{Discover, Updates};

pub(super) struct Script(pub(super) Arc<Watched<Reading>>);

impl Discover for Script {
    async fn discover(&self, updates: Updates) {
        loop {
            let changed = self.0.changed();
            let reading = self.0.get().clone();
            match reading {
                Some(Ok(instances)) => updates.replace(instances),
                Some(Err(why)) => updates.failed(why),
                None => {}
            }
            // A doubt reads once more what is listed.
            tokio::select! {
                biased;
                () = changed => {}
                () = updates.suspected() => {}
            }
        }
    }
}
