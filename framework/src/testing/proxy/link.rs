//! One proxied connection, from its accept to its end.
//! It refuses to decide how it behaves: the proxy's state says so, at each of its polls.

use std::future::poll_fn;
use std::io::Read as _;
use std::net::{Shutdown, SocketAddr};
use std::task::Poll;

use tokio::net::TcpStream;

use super::half::Half;
use super::{End, Open, Shared};

/// Carries bytes between the client and the server until both have ended, one has broken, or the proxy says.
pub(super) async fn carry(mut client: TcpStream, server: SocketAddr, open: Open) {
    let shared = &open.0;
    let connected = until_end(shared, TcpStream::connect(server)).await;
    let mut server = match connected {
        Ok(Ok(server)) => server,
        // To the client it looks as if the server had gone at once.
        Ok(Err(_)) => return close(client, End::Reset),
        Err(end) => return close(client, end),
    };
    // A proxy that holds bytes back does so because it was told to.
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    let end = both_ways(shared, &mut client, &mut server).await;
    close(client, end);
    close(server, end);
}

/// Waits for `work`, unless the proxy ends connections first.
async fn until_end<T>(shared: &Shared, work: impl Future<Output = T>) -> Result<T, End> {
    let ended = async {
        loop {
            let changed = shared.changed.notified();
            let mut changed = std::pin::pin!(changed);
            changed.as_mut().enable();
            if let Some(end) = shared.lock().end {
                return end;
            }
            changed.await;
        }
    };
    tokio::select! {
        biased;
        end = ended => Err(end),
        done = work => Ok(done),
    }
}

async fn both_ways(shared: &Shared, client: &mut TcpStream, server: &mut TcpStream) -> End {
    let mut link = Link {
        to_server: Half::default(),
        to_client: Half::default(),
    };
    let (mut client, mut server) = (client.split(), server.split());
    loop {
        let changed = shared.changed.notified();
        let mut changed = std::pin::pin!(changed);
        changed.as_mut().enable();
        let work = poll_fn(|cx| {
            loop {
                // Held while bytes move: who has changed the state is sure that none moves by the old one.
                let mut state = shared.lock();
                let state = &mut *state;
                if let Some(end) = state.end {
                    return Poll::Ready(end);
                }
                let mut idle = true;
                for (half, flow, sockets, count) in [
                    (
                        &mut link.to_server,
                        state.to_server,
                        (&mut client.0, &mut server.1),
                        &mut state.bytes_to_server,
                    ),
                    (
                        &mut link.to_client,
                        state.to_client,
                        (&mut server.0, &mut client.1),
                        &mut state.bytes_to_client,
                    ),
                ] {
                    match half.poll(flow, sockets, cx) {
                        Poll::Ready(Ok(len)) => *count += len as u64,
                        // One side has broken off: so does the other.
                        Poll::Ready(Err(_)) => return Poll::Ready(End::Reset),
                        Poll::Pending => continue,
                    }
                    idle = false;
                }
                if link.to_server.is_over && link.to_client.is_over {
                    return Poll::Ready(End::Fin);
                }
                if idle {
                    return Poll::Pending;
                }
            }
        });
        tokio::select! {
            biased;
            end = work => return end,
            () = changed => {}
        }
    }
}

struct Link {
    to_server: Half,
    to_client: Half,
}

/// Ends a socket. Bytes that nobody has read would make a reset of any end: for one without, they are read now.
fn close(socket: TcpStream, end: End) {
    match end {
        End::Reset => {
            // Only a socket that is gone already refuses.
            let _ = socket.set_zero_linger();
        }
        End::Fin => {
            // Without the runtime, whose view of what there is to read may be older than it.
            let Ok(mut socket) = socket.into_std() else {
                return;
            };
            let _ = socket.shutdown(Shutdown::Write);
            let mut rest = [0; 4096];
            while matches!(socket.read(&mut rest), Ok(1..)) {}
        }
    }
}
