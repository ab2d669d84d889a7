//! A DNS server on loopback, over UDP and TCP, that says what the test says.
//! It refuses to know more than one zone.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hickory_server::net::runtime::Time;
use hickory_server::net::xfer::Protocol;
use hickory_server::proto::op::{
    Header, HeaderCounts, MessageType, Metadata, OpCode, ResponseCode,
};
use hickory_server::proto::rr::rdata::{CNAME, SOA, SRV};
use hickory_server::proto::rr::{Name, RData, Record, RecordType};
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo};
use hickory_server::zone_handler::MessageResponseBuilder;
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::watch;

/// What is said to a question.
#[derive(Clone, Debug)]
pub(crate) enum Says {
    /// Records as they stand in a zone file, without names: `A 127.0.0.1`, with this TTL in seconds.
    Records(Vec<String>, u32),
    /// The same, over TCP alone: over UDP it says that there are more than it holds.
    TooLong(Vec<String>, u32),
    /// There is no such name, for so many seconds.
    NoName(u32),
    Fails(ResponseCode),
    /// Nothing at all.
    Nothing,
}

/// How often it was asked, over UDP and over TCP.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) udp: u64,
    pub(crate) tcp: u64,
    /// Questions that were left without an answer.
    pub(crate) unanswered: u64,
}

type Zone = HashMap<(String, RecordType), Says>;

/// A server that ends when it is dropped.
pub(crate) struct DnsServer {
    pub(crate) address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
    pub(crate) asked: watch::Receiver<Asked>,
    _server: hickory_server::Server<Handler>,
}

struct Handler {
    zone: Arc<Mutex<Zone>>,
    asked: watch::Sender<Asked>,
}

impl DnsServer {
    /// Serves at `address`, on a port that is free for both protocols.
    pub(crate) async fn start(address: IpAddr) -> Self {
        let (udp, tcp) = loop {
            let udp = UdpSocket::bind((address, 0)).await.unwrap();
            if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()).await {
                break (udp, tcp);
            }
        };
        let address = udp.local_addr().unwrap();
        let zone: Arc<Mutex<Zone>> = Arc::default();
        let (sender, asked) = watch::channel(Asked::default());
        let handler = Handler {
            zone: Arc::clone(&zone),
            asked: sender,
        };
        let mut server = hickory_server::Server::new(handler);
        server.register_socket(udp);
        server.register_listener(tcp, Duration::from_secs(5), 16);
        Self {
            address,
            zone,
            asked,
            _server: server,
        }
    }

    pub(crate) fn say(&self, name: &str, kind: RecordType, says: Says) {
        let key = (name.to_owned(), kind);
        self.zone.lock().unwrap().insert(key, says);
    }

    /// Says records of several kinds.
    pub(crate) fn records(&self, name: &str, records: &[&str], ttl: u32) {
        for kind in [RecordType::A, RecordType::AAAA, RecordType::SRV] {
            let is_of = |record: &&&str| {
                let of = record.split(' ').next().unwrap();
                of == kind.to_string() || of == "CNAME"
            };
            let of: Vec<String> = records
                .iter()
                .filter(is_of)
                .map(|record| (*record).to_owned())
                .collect();
            self.say(name, kind, Says::Records(of, ttl));
        }
    }

    /// Says the same to each question for addresses.
    pub(crate) fn say_all(&self, name: &str, says: Says) {
        for kind in [RecordType::A, RecordType::AAAA] {
            self.say(name, kind, says.clone());
        }
    }

    /// Waits until it was asked as `is_enough` says.
    pub(crate) async fn until(&self, is_enough: impl FnMut(&Asked) -> bool) {
        let mut asked = self.asked.clone();
        let waiting = asked.wait_for(is_enough);
        let waited = tokio::time::timeout(Duration::from_secs(20), waiting).await;
        waited.expect("it is asked").unwrap();
    }
}

fn data(record: &str) -> RData {
    let mut fields = record.split(' ');
    let mut next = || fields.next().unwrap();
    let name = |text: &str| Name::from_ascii(text).unwrap();
    match next() {
        "A" => RData::A(next().parse().unwrap()),
        "AAAA" => RData::AAAA(next().parse().unwrap()),
        "CNAME" => RData::CNAME(CNAME(name(next()))),
        "SRV" => {
            let mut number = || next().parse().unwrap();
            let (priority, weight, port) = (number(), number(), number());
            RData::SRV(SRV::new(priority, weight, port, name(next())))
        }
        kind => panic!("{kind} is not known here"),
    }
}

impl RequestHandler for Handler {
    fn handle_request<'a, 'b, 'c, R, T>(
        &'a self,
        request: &'b Request,
        mut handle: R,
    ) -> Pin<Box<dyn Future<Output = ResponseInfo> + Send + 'c>>
    where
        R: ResponseHandler + 'c,
        T: Time + 'c,
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        Box::pin(async move {
            let query = request.request_info().unwrap().query;
            let name = query.name().to_string();
            let key = (name.trim_end_matches('.').to_owned(), query.query_type());
            let says = self.zone.lock().unwrap().get(&key).cloned();
            let says = says.unwrap_or(Says::NoName(60));
            let is_udp = request.protocol() == Protocol::Udp;
            let mut metadata =
                Metadata::new(request.metadata.id, MessageType::Response, OpCode::Query);
            metadata.authoritative = true;
            let (mut answers, mut soa) = (Vec::new(), Vec::new());
            let owner = Name::from_ascii(&name).unwrap();
            let none_for = |seconds| {
                let data = RData::SOA(SOA::new(
                    owner.clone(),
                    owner.clone(),
                    1,
                    60,
                    60,
                    60,
                    seconds,
                ));
                vec![Record::from_rdata(owner.clone(), seconds, data)]
            };
            match &says {
                Says::TooLong(..) if is_udp => metadata.truncation = true,
                Says::Records(records, ttl) | Says::TooLong(records, ttl) => {
                    let record =
                        |record: &String| Record::from_rdata(owner.clone(), *ttl, data(record));
                    answers = records.iter().map(record).collect();
                    if answers.is_empty() {
                        soa = none_for(*ttl);
                    }
                }
                Says::NoName(seconds) => {
                    metadata.response_code = ResponseCode::NXDomain;
                    soa = none_for(*seconds);
                }
                Says::Fails(code) => metadata.response_code = *code,
                Says::Nothing => {}
            }
            let info = if matches!(says, Says::Nothing) {
                let counts = HeaderCounts::default();
                ResponseInfo::from(Header { metadata, counts })
            } else {
                let builder = MessageResponseBuilder::from_message_request(request);
                let response = builder.build(metadata, &answers, &[], &soa, &[]);
                handle.send_response(response).await.unwrap()
            };
            self.asked.send_modify(|asked| {
                asked.udp += u64::from(is_udp);
                asked.tcp += u64::from(!is_udp);
                asked.unanswered += u64::from(matches!(says, Says::Nothing));
            });
            info
        })
    }
}
