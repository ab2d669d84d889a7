//! `dns:`: who serves a name by its records in DNS, which are addresses, or services where it begins with `_`.
//! It refuses to ask a server itself, and to judge what it says.

mod join;
mod lookup;
mod pace;
mod records;
mod servers;
#[cfg(test)]
mod tests;
mod url;

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout};

use super::{Discover, Updates};
use crate::transport::target::InvalidTarget;
use lookup::{Ask, Known, Outcome, look_up};
use pace::{Pace, Why};
use servers::Network;
use url::Asked;

/// How long all questions of one lookup may take together.
const LOOKUP_WITHIN: Duration = Duration::from_secs(10);

/// The source that a URL names, which is `dns:` and `rest`; whether all who are found are spoken to over TLS.
///
/// # Errors
/// What is wrong with the URL, and what to write instead.
pub(super) fn parse(
    url: &str,
    rest: &str,
    is_tls: bool,
) -> Result<impl Discover + use<>, InvalidTarget> {
    Ok(Dns {
        asked: Asked::parse(url, rest)?,
        is_tls,
        open: Network,
    })
}

/// Who serves a name, by DNS.
struct Dns<O> {
    asked: Asked,
    is_tls: bool,
    open: O,
}

/// Whoever knows the servers to ask.
trait Open: Send + Sync + 'static {
    type Servers: Ask;

    /// The servers, as they are to be asked now.
    ///
    /// # Errors
    /// Why it is not known which they are.
    fn open(&self, asked: &Asked) -> impl Future<Output = Result<Self::Servers, String>> + Send;
}

impl<O: Open> Dns<O> {
    async fn look_up(&self, known: &mut Known) -> Outcome {
        let looking = async {
            match self.open.open(&self.asked).await {
                Ok(servers) => look_up(&servers, &self.asked, self.is_tls, known).await,
                Err(why) => Outcome::failed(why),
            }
        };
        let outcome = timeout(LOOKUP_WITHIN, looking).await;
        outcome.unwrap_or_else(|_| {
            let seconds = LOOKUP_WITHIN.as_secs();
            Outcome::failed(format!("there was no answer within {seconds} s"))
        })
    }
}

impl<O: Open> Discover for Dns<O> {
    async fn discover(&self, updates: Updates) {
        let (mut known, mut pace, mut rng) = (Known::new(), Pace::default(), fastrand::Rng::new());
        let (mut last, mut is_doubted) = (None, false);
        loop {
            let outcome = self.look_up(&mut known).await;
            let is_news = outcome.found.is_some() && outcome.found != last;
            let why = Why {
                is_doubted,
                is_news,
            };
            let wait = pace.next(&outcome, why, &mut rng);
            if is_news {
                last.clone_from(&outcome.found);
            }
            if let Some(found) = outcome.found {
                updates.replace(found);
            }
            if let Some(why) = outcome.failed {
                updates.failed(why);
            }
            // Early, where somebody could not be reached.
            let looked = Instant::now();
            is_doubted = timeout(wait.calm, updates.suspected()).await.is_ok();
            if is_doubted {
                sleep_until(looked + wait.doubted).await;
            }
        }
    }
}
