//! What a channel or server has been given for its methods, found again by each call without a lock, a hash of a string
//! or an allocation.
//! It refuses to forget: it is as large as the program has methods.

use std::sync::{Arc, OnceLock};

use super::{MethodMetrics, Side};
use crate::call::{MethodHandle, MethodSpec, Shape};

/// Whom the calls of one method are told to.
pub(crate) type Handle = Arc<dyn MethodMetrics>;

/// What stands for all methods that no generated code declares: who calls chooses their names, and could choose ever
/// new ones.
static OTHER: MethodSpec = MethodSpec::new("/other", Shape::Bidi);

/// Most programs have fewer methods, so that a method mostly has a list of its own.
const LISTS: usize = 32;

/// Methods are told apart by where their `static`s lie, in lists that only grow: reading one is as many loads as it has
/// entries before the one that is looked for, mostly none.
#[derive(Default)]
pub(super) struct Handles([List; LISTS]);

type List = OnceLock<Box<Known>>;

struct Known {
    side: Side,
    method: &'static MethodSpec,
    handle: Handle,
    next: List,
}

impl Handles {
    /// The handle of a method, which `ask` gives at its first call.
    pub(super) fn of(
        &self,
        side: Side,
        method: &MethodHandle,
        ask: impl Fn(&'static MethodSpec) -> Handle,
    ) -> &Handle {
        let method = method.declared().unwrap_or(&OTHER);
        let mut list = &self.0[place(method)];
        loop {
            let known = list.get_or_init(|| {
                Box::new(Known {
                    side,
                    method,
                    handle: ask(method),
                    next: List::new(),
                })
            });
            if known.side == side && std::ptr::eq(known.method, method) {
                return &known.handle;
            }
            // Another's, which perhaps came first just now.
            list = &known.next;
        }
    }
}

/// Fibonacci hashing (Knuth, TAOCP 3, section 6.4): `static`s lie side by side, at multiples of their size.
fn place(method: &'static MethodSpec) -> usize {
    let address = std::ptr::from_ref(method).addr() as u64;
    let hash = address.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (hash >> (u64::BITS - LISTS.ilog2())) as usize
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use super::*;
    use crate::observe::CallEnd;

    struct Numbered;

    impl MethodMetrics for Numbered {
        fn started(&self) {}
        fn ended(&self, _: &CallEnd) {}
    }

    fn leaked(count: usize) -> Vec<&'static MethodSpec> {
        let spec = |n| MethodSpec::named(format!("/a.A/M{n}"), Shape::Unary);
        (0..count).map(|n| &*Box::leak(Box::new(spec(n)))).collect()
    }

    #[test]
    fn each_method_is_asked_for_once_by_all_threads_and_each_side_for_itself() {
        let methods = leaked(200);
        let asked = Mutex::new(BTreeMap::<(Side, String), usize>::new());
        let handles = Handles::default();
        let start = std::sync::Barrier::new(4);
        let addresses = || {
            start.wait();
            let mut found = Vec::new();
            for side in [Side::Client, Side::Server] {
                for method in &methods {
                    let handle = handles.of(side, &MethodHandle::from(*method), |asked_for| {
                        let key = (side, asked_for.to_string());
                        *asked.lock().unwrap().entry(key).or_default() += 1;
                        Arc::new(Numbered)
                    });
                    found.push(std::ptr::from_ref(handle).addr());
                }
            }
            found
        };
        let found: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(addresses)).collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert!(found.iter().all(|one| *one == found[0]));
        let mut all = found[0].clone();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 400, "each has its own");
        let asked = asked.into_inner().unwrap();
        assert_eq!(asked.len(), 400);
        assert!(asked.values().all(|times| *times == 1));
    }

    #[test]
    fn methods_of_run_time_share_one_handle() {
        let handles = Handles::default();
        let names = Mutex::new(Vec::new());
        let of = |path: &str| {
            let method = MethodHandle::from(MethodSpec::named(path, Shape::Unary));
            let handle = handles.of(Side::Server, &method, |asked| {
                names.lock().unwrap().push(asked.to_string());
                Arc::new(Numbered)
            });
            std::ptr::from_ref(handle).addr()
        };
        assert_eq!(of("/a.A/B"), of("/c.C/D"));
        assert_eq!(*names.lock().unwrap(), ["other"]);
    }

    #[test]
    fn a_handle_is_found_again_without_an_allocation() {
        let methods = leaked(100);
        let handles = Handles::default();
        let find = || {
            for method in &methods {
                handles.of(Side::Client, &MethodHandle::from(*method), |_| {
                    Arc::new(Numbered)
                });
            }
        };
        find();
        let cost = allocation_counter::measure(find);
        assert_eq!(cost.count_total, 0);
    }
}
