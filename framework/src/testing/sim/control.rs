//! What a script can do to a cluster while it runs.
//! It refuses to act on clients: they find out for themselves.

use std::sync::Arc;

use super::journal::What;
use super::site::Site;
use super::world::World;
use crate::call::Code;
use crate::discovery::InstanceState;

/// The nodes of a cluster that runs, and what discovery says of them. Nodes are called by the name that they were
/// given.
///
/// # Panics
/// Each of its functions that takes a name does where no node has it.
pub struct Control {
    world: Arc<World>,
}

impl Control {
    pub(super) fn new(world: Arc<World>) -> Self {
        Self { world }
    }

    /// Ends a node as `kill -9` does: connections break, calls in flight fail, and nobody has told discovery.
    pub fn kill(&self, node: &str) {
        self.on(node, "kill").kill();
    }

    /// Starts a node that was killed, as another process at the same address. Where it is listed, discovery has it at
    /// once.
    pub fn start(&self, node: &str) {
        self.on(node, "start").start();
        self.world.relist();
    }

    /// A node does nothing more, and does not say so: `kill -STOP`.
    pub fn hang(&self, node: &str) {
        self.on(node, "hang").set_speed(0.0);
    }

    /// A node works so many times as fast as it was described to; 1 after [`Control::hang`] wakes it.
    pub fn speed(&self, node: &str, speed: f64) {
        let site = self.on(node, "speed");
        site.set_speed(site.node.speed * speed);
    }

    /// A node answers each call at once with this, and does nothing.
    pub fn fail(&self, node: &str, code: Code) {
        self.on(node, "fail").set_fails(Some(code));
    }

    /// A node that failed works again.
    pub fn heal(&self, node: &str) {
        self.on(node, "heal").set_fails(None);
    }

    /// Discovery lists a node.
    pub fn join(&self, node: &str) {
        let site = self.on(node, "join");
        self.world.list(&site, Some(InstanceState::Ready));
    }

    /// Discovery says that a node drains.
    pub fn drain(&self, node: &str) {
        let site = self.on(node, "drain");
        self.world.list(&site, Some(InstanceState::Draining));
    }

    /// Discovery lists a node no more. The node goes on.
    pub fn leave(&self, node: &str) {
        let site = self.on(node, "leave");
        self.world.list(&site, None);
    }

    /// Discovery lists these no more, in one update.
    pub fn leave_at_once(&self, nodes: &[&str]) {
        for node in nodes {
            let site = self.on(node, "leave");
            self.world.unlist(&site);
        }
        self.world.relist();
    }

    /// Discovery has an answer without anybody in it, until it lists something again.
    pub fn empty(&self) {
        self.world.note(None, None, What::Script("empty"));
        self.world.read(Ok(Vec::new()));
    }

    /// Discovery cannot read who serves, until it lists something again.
    pub fn unreadable(&self, why: &str) {
        self.world.note(None, None, What::Script("unreadable"));
        self.world.read(Err(why.to_owned()));
    }

    /// Discovery lists again who is there.
    pub fn relist(&self) {
        self.world.note(None, None, What::Script("relist"));
        self.world.relist();
    }

    fn on(&self, node: &str, what: &'static str) -> Arc<Site> {
        let Some(site) = self.world.sites.iter().find(|site| site.name == node) else {
            let names: Vec<&str> = self.world.sites.iter().map(|site| &*site.name).collect();
            panic!("no node is called {node:?}; there are {}", names.join(", "));
        };
        self.world.note(None, Some(site.index), What::Script(what));
        Arc::clone(site)
    }
}
