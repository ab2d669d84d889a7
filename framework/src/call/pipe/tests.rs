//! What a pipe does to those who wait at its ends.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

use super::*;

/// A waker that uses the pipe at once, as one that polls its task in place does.
struct InPlace {
    shared: Arc<Shared>,
    locked: AtomicUsize,
    woken: AtomicUsize,
}

impl Wake for InPlace {
    fn wake(self: Arc<Self>) {
        self.woken.fetch_add(1, Ordering::Relaxed);
        if self.shared.state.try_lock().is_err() {
            self.locked.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The pipe is full or empty, and the end that waits is woken by what `then` does.
fn woken(full: bool, then: impl FnOnce(&PipeWriter, &mut PipeReader)) -> (usize, usize) {
    let (writer, mut reader) = pipe(None);
    let in_place = Arc::new(InPlace {
        shared: Arc::clone(&reader.shared),
        locked: AtomicUsize::new(0),
        woken: AtomicUsize::new(0),
    });
    let waker = Waker::from(Arc::clone(&in_place));
    let mut cx = Context::from_waker(&waker);
    if full {
        fill(&writer);
        assert!(writer.poll_ready(&mut cx).is_pending());
    } else {
        assert!(reader.poll_piece(&mut cx).is_pending());
    }
    then(&writer, &mut reader);
    let count = |n: &AtomicUsize| n.load(Ordering::Relaxed);
    (count(&in_place.woken), count(&in_place.locked))
}

fn fill(writer: &PipeWriter) {
    let encode = |out: &mut BytesMut| {
        out.resize(UNSENT_BYTES, 0);
        Ok(())
    };
    writer.write(encode).unwrap();
}

#[test]
fn nobody_is_woken_under_the_lock() {
    type Then = fn(&PipeWriter, &mut PipeReader);
    let table: [(&str, bool, Then); 6] = [
        ("a message", false, |writer, _| fill(writer)),
        ("the head", false, |writer, _| writer.begin()),
        ("the end", false, |writer, _| writer.finish(Ok(()))),
        ("a cancelled reader", false, |writer, _| {
            writer.control().cancel(Status::cancelled("for the test"));
        }),
        ("a piece taken", true, |_, reader| {
            let mut cx = Context::from_waker(Waker::noop());
            assert!(reader.poll_piece(&mut cx).is_ready());
        }),
        ("a cancelled writer", true, |_, reader| {
            reader.cancel(Status::cancelled("for the test"));
        }),
    ];
    for (what, full, then) in table {
        assert_eq!(woken(full, then), (1, 0), "{what}: woken, and so locked");
    }
}
