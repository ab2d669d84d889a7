//! The way to DNS servers, over hickory: over UDP, and over TCP where an answer is too long for it.
//! It refuses to cache, to complete names, and to say what an answer means.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::xfer::{DnsHandle, FirstAnswer, RetryDnsHandle};
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::{DnsRequestOptions, Message, Query, ResponseCode};
use hickory_resolver::proto::rr::{self, Name, RData, RecordType};
use hickory_resolver::{Hosts, NameServerPool, PoolContext, TlsConfig, system_conf};
use rustix::io::Errno;

use super::lookup::Ask;
use super::records::{Answer, Data, Kind, Record, Service};
use super::{Open, url::Asked};

/// How long a server that a URL names may take for an answer. The system's have the time that their configuration
/// gives, mostly 5 s (resolv.conf(5)).
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// How often a question is asked once more that got no answer.
const ONCE_MORE: usize = 1;

/// Servers as a URL or the system names them.
#[derive(Debug)]
pub(super) struct Network;

impl Open for Network {
    type Servers = Servers;

    async fn open(&self, asked: &Asked) -> Result<Servers, String> {
        match asked.server {
            Some(server) => Ok(Servers::one(server)),
            // It reads files.
            None => tokio::task::spawn_blocking(Servers::system)
                .await
                .map_err(|why| why.to_string()),
        }
    }
}

/// DNS servers, for one lookup.
pub(super) struct Servers {
    /// Why it is not known which they are, where it is not.
    pool: Result<RetryDnsHandle<NameServerPool<TokioRuntimeProvider>>, String>,
    options: DnsRequestOptions,
    domains: Vec<String>,
    hosts: Hosts,
}

impl Servers {
    fn one(server: SocketAddr) -> Self {
        let connections =
            [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
                connection.port = server.port();
                connection
            });
        let server = NameServerConfig::new(server.ip(), true, connections.to_vec());
        let mut options = ResolverOpts::default();
        options.timeout = ANSWER_WITHIN;
        options.attempts = ONCE_MORE;
        let config = ResolverConfig::from_name_servers(vec![server]);
        Self::new(Ok((config, options)), Hosts::default())
    }

    /// As they are configured now: machines change networks, and containers their servers.
    fn system() -> Self {
        let config = system_conf::read_system_conf().map_err(|why| {
            format!(
                "the system's configuration of DNS cannot be read (a URL may name a server, \"dns://10.0.0.2/…\"): \
                 {why}"
            )
        });
        // As for all else on this machine, what its file of hosts says counts; there may be none.
        Self::new(config, Hosts::from_system().unwrap_or_default())
    }

    fn new(config: Result<(ResolverConfig, ResolverOpts), String>, hosts: Hosts) -> Self {
        let mut request = DnsRequestOptions::default();
        let mut domains = Vec::new();
        let pool = config.and_then(|(config, options)| {
            let (domain, search, servers) = config.into_parts();
            // What `search` says stands in place of the machine's own domain.
            let search = match search.is_empty() {
                true => domain.into_iter().collect(),
                false => search,
            };
            domains.extend(search.iter().map(plain));
            request.use_edns = options.edns0;
            request.edns_payload_len = options.edns_payload_len;
            let attempts = options.attempts;
            let tls = TlsConfig::new().map_err(|why| why.to_string())?;
            let context = Arc::new(PoolContext::new(options, tls));
            let runtime = TokioRuntimeProvider::default();
            let pool = NameServerPool::from_config(servers, context, runtime);
            Ok(RetryDnsHandle::new(pool, attempts))
        });
        domains.retain(|domain| !domain.is_empty());
        Self {
            pool,
            options: request,
            domains,
            hosts,
        }
    }

    /// What the file of hosts says; a name that stands there is not asked for elsewhere, whatever it has.
    fn in_hosts(&self, name: &Name, kind: RecordType) -> Option<Answer> {
        let of = |kind| {
            let query = Query::query(name.clone(), kind);
            let found = self.hosts.lookup_static_host(&query);
            found.map(|found| answer(found.message()))
        };
        match kind {
            RecordType::A => {
                of(RecordType::A).or_else(|| of(RecordType::AAAA).map(|_| Answer::default()))
            }
            RecordType::AAAA => {
                of(RecordType::AAAA).or_else(|| of(RecordType::A).map(|_| Answer::default()))
            }
            _ => None,
        }
    }
}

impl Ask for Servers {
    fn domains(&self, name: &str) -> &[String] {
        let in_hosts =
            absolute(name).is_ok_and(|name| self.in_hosts(&name, RecordType::A).is_some());
        if in_hosts { &[] } else { &self.domains }
    }

    async fn ask(&self, name: &str, kind: Kind) -> Result<Answer, String> {
        let (name, kind) = (absolute(name)?, record_type(kind));
        if let Some(answer) = self.in_hosts(&name, kind) {
            return Ok(answer);
        }
        let asking = self
            .pool
            .as_ref()
            .map_err(Clone::clone)?
            .lookup(Query::query(name, kind), self.options);
        match asking.first_answer().await {
            Ok(response) => match response.response_code {
                ResponseCode::NoError | ResponseCode::NXDomain => Ok(answer(&response)),
                code => Err(format!("the server says {code}")),
            },
            Err(NetError::Dns(DnsError::NoRecordsFound(none))) => {
                if none.soa.is_none() && none.ns.is_some() {
                    return Err(
                        "the server refers to others, whom it does not ask itself".to_owned()
                    );
                }
                Ok(Answer {
                    records: Vec::new(),
                    none_for: none.negative_ttl.map(seconds),
                })
            }
            Err(NetError::Dns(DnsError::ResponseCode(code))) => {
                Err(format!("the server says {code}"))
            }
            Err(why) => Err(why.to_string()),
        }
    }

    fn reaches(&self, address: IpAddr) -> bool {
        let any = match address {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        // To connect a socket of UDP sends nothing: the system only chooses a route, to any port.
        let routed = UdpSocket::bind((any, 0)).and_then(|socket| socket.connect((address, 9)));
        match routed {
            Ok(()) => true,
            Err(why) => is_want(&why),
        }
    }
}

/// Does this process, or the system, want for something, so that it says nothing of the way?
fn is_want(why: &io::Error) -> bool {
    // Descriptors, memory, ports.
    const WANTS: [Errno; 6] = [
        Errno::MFILE,
        Errno::NFILE,
        Errno::NOBUFS,
        Errno::NOMEM,
        Errno::ADDRINUSE,
        Errno::AGAIN,
    ];
    Errno::from_io_error(why).is_some_and(|errno| WANTS.contains(&errno))
}

/// The name as it stands: nothing is put behind it.
fn absolute(name: &str) -> Result<Name, String> {
    let mut name = Name::from_ascii(name).map_err(|why| why.to_string())?;
    name.set_fqdn(true);
    Ok(name)
}

fn record_type(kind: Kind) -> RecordType {
    match kind {
        Kind::A => RecordType::A,
        Kind::Aaaa => RecordType::AAAA,
        Kind::Srv => RecordType::SRV,
    }
}

fn answer(message: &Message) -> Answer {
    Answer {
        records: message.answers.iter().filter_map(record).collect(),
        none_for: None,
    }
}

fn record(record: &rr::Record) -> Option<Record> {
    let data = match &record.data {
        RData::A(address) => Data::Address(address.0.into()),
        RData::AAAA(address) => Data::Address(address.0.into()),
        RData::CNAME(alias) => Data::Alias(plain(&alias.0)),
        RData::SRV(service) => Data::Service(Service {
            priority: service.priority,
            target: plain(&service.target),
            port: service.port,
            weight: service.weight,
        }),
        _ => return None,
    };
    Some(Record {
        name: plain(&record.name),
        ttl: seconds(record.ttl),
        data,
    })
}

fn seconds(ttl: u32) -> Duration {
    Duration::from_secs(ttl.into())
}

fn plain(name: &Name) -> String {
    let mut name = name.to_lowercase().to_ascii();
    if name.ends_with('.') {
        name.pop();
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_speaks_of_the_way_says_that_there_is_none() {
        for (errno, is_unknown) in [
            (Errno::MFILE, true),
            (Errno::NOBUFS, true),
            (Errno::ADDRINUSE, true),
            (Errno::NETUNREACH, false),
            (Errno::HOSTUNREACH, false),
            (Errno::ADDRNOTAVAIL, false),
            (Errno::AFNOSUPPORT, false),
        ] {
            assert_eq!(is_want(&errno.into()), is_unknown, "{errno}");
        }
    }
}
