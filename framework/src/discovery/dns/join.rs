//! Several futures at once, in one task, and a few of them at a time.
//! It refuses to let one that is slow keep the next from beginning.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

/// Waits for all of them, of which `most` are on their way at once; the results are in their order.
pub(super) async fn all<F: Future>(
    most: usize,
    futures: impl IntoIterator<Item = F>,
) -> Vec<F::Output> {
    let mut futures = futures.into_iter().map(Box::pin).enumerate();
    let mut waiting: Vec<(usize, Pin<Box<F>>)> = futures.by_ref().take(most).collect();
    let mut done = Vec::new();
    poll_fn(|cx| {
        let mut at = 0;
        while let Some((index, future)) = waiting.get_mut(at) {
            match future.as_mut().poll(cx) {
                Poll::Pending => at += 1,
                Poll::Ready(output) => {
                    done.push((*index, output));
                    // Another one is in its place, which is polled next.
                    waiting.swap_remove(at);
                    waiting.extend(futures.next());
                }
            }
        }
        match waiting.is_empty() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, output)| output).collect()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Duration;

    use tokio::time::{Instant, sleep};

    use super::all;

    #[tokio::test(start_paused = true)]
    async fn a_few_are_on_their_way_at_once_and_one_that_is_slow_keeps_none_waiting() {
        let (running, at_most) = (Cell::new(0), Cell::new(0));
        let begin = Instant::now();
        let one = |n: u64| {
            let (running, at_most) = (&running, &at_most);
            async move {
                running.set(running.get() + 1);
                at_most.set(at_most.get().max(running.get()));
                sleep(Duration::from_secs(if n == 0 { 30 } else { 1 })).await;
                running.set(running.get() - 1);
                n
            }
        };
        let results = all(4, (0..91).map(one)).await;
        assert_eq!(results, (0..91).collect::<Vec<_>>());
        assert_eq!(at_most.get(), 4);
        assert_eq!(begin.elapsed().as_secs(), 30);
        assert!(
            all(4, std::iter::empty::<std::future::Ready<()>>())
                .await
                .is_empty()
        );
    }
}
