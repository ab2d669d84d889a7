//! What generated messages keep of what they are sent, and what they do not: every line of "What messages keep" in
//! `docs/generated-code.md`.

use sinew::{
    Channel, Context, Next, RawCall, RawReply, Result, Server,
    codegen::{
        bytes::Bytes,
        prost::{DecodeError, Message},
        prost_types,
    },
    from_fn,
};

use crate::{
    case_27_same_service_in_two_packages::both::one::v1::{M, S, s},
    case_33_extensions::both::extensions,
    case_47_every_kind::both::kinds::{v2, v3},
};

/// Decodes, and encodes again.
fn back<M: Message + Default>(bytes: &[u8]) -> std::result::Result<Vec<u8>, DecodeError> {
    M::decode(bytes).map(|message| message.encode_to_vec())
}

#[test]
fn unknown_fields_and_extensions_are_dropped() {
    // `number` is 1, and then: a number, four bytes, eight bytes, a string and a group of the field 100.
    let unknown: [&[u8]; 5] = [
        &[0xa0, 0x06, 1],
        &[0xa5, 0x06, 1, 2, 3, 4],
        &[0xa1, 0x06, 1, 2, 3, 4, 5, 6, 7, 8],
        &[0xa2, 0x06, 2, b'h', b'i'],
        &[0xa3, 0x06, 0x08, 1, 0xa4, 0x06],
    ];
    for field in unknown {
        let sent = [&[0x08, 1], field].concat();
        assert_eq!(back::<v3::Leaf>(&sent).unwrap(), [0x08, 1], "{field:x?}");
    }
    // To `kinds.v2.Extended` the field 100 is an extension, and a message set has nothing else.
    let sent = [0x08, 1, 0xa0, 0x06, 1];
    assert_eq!(back::<v2::Extended>(&sent).unwrap(), [0x08, 1]);
    let item = [0x0b, 0x10, 5, 0x1a, 0, 0x0c];
    assert!(back::<extensions::Set>(&item).unwrap().is_empty());
    // The `edition` of an `Api`, its field 8, and of a `Type`, its field 7.
    assert!(
        back::<prost_types::Api>(&[0x42, 1, b'x'])
            .unwrap()
            .is_empty()
    );
    assert!(
        back::<prost_types::Type>(&[0x3a, 1, b'x'])
            .unwrap()
            .is_empty()
    );
    assert!(
        back::<prost_types::Enum>(&[0x32, 1, b'x'])
            .unwrap()
            .is_empty()
    );
    assert!(
        back::<prost_types::Method>(&[0x42, 1, b'x'])
            .unwrap()
            .is_empty()
    );
}

#[test]
fn bytes_and_any_keep_what_is_in_them() {
    let inner = [0x08, 1, 0xa0, 0x06, 1];
    let any = prost_types::Any {
        type_url: "type.googleapis.com/kinds.v3.Leaf".to_owned(),
        value: inner.to_vec(),
    };
    let known = v3::KnownTypes {
        of_any: Some(any),
        ..v3::KnownTypes::default()
    };
    let known = v3::KnownTypes::decode(known.encode_to_vec().as_slice()).unwrap();
    assert_eq!(known.of_any.unwrap().value, inner);
    let singular = v3::Singular {
        of_bytes: inner.to_vec(),
        ..v3::Singular::default()
    };
    let singular = v3::Singular::decode(singular.encode_to_vec().as_slice()).unwrap();
    assert_eq!(singular.of_bytes, inner);
}

#[test]
fn every_enum_is_open() {
    // `of_open` and `of_closed` are the field 16.
    let sent = [0x80, 0x01, 99];
    let open = v3::Singular::decode(sent.as_slice()).unwrap();
    assert_eq!((open.of_open, open.of_open()), (99, v3::Open::Zero));
    assert_eq!(open.encode_to_vec(), sent);
    // The getter gives the default of the field.
    let closed = v2::Defaults::decode(sent.as_slice()).unwrap();
    assert_eq!(
        (closed.of_closed, closed.of_closed()),
        (Some(99), v2::Closed::Minus)
    );
    assert_eq!(closed.encode_to_vec(), sent);
    // It takes the place of what was there.
    let twice = [0x80, 0x01, 3, 0x80, 0x01, 99];
    let closed = v2::Defaults::decode(twice.as_slice()).unwrap();
    assert_eq!(closed.of_closed, Some(99));
}

#[test]
fn strings_are_utf8_in_proto2_too() {
    let sent = [0x72, 1, 0xff];
    assert!(back::<v3::Singular>(&sent).is_err());
    assert!(back::<v2::Optional>(&sent).is_err());
    // In a field that is not known, nobody looks.
    assert!(back::<v3::Nothing>(&sent).unwrap().is_empty());
}

#[test]
fn a_known_field_of_another_kind_is_refused() {
    // The field 3 is an `int32`; here it has four bytes, or a length.
    assert!(back::<v3::Singular>(&[0x1d, 1, 0, 0, 0]).is_err());
    assert!(back::<v3::Singular>(&[0x1a, 1, 1]).is_err());
    // A repeated number may be packed or not, whatever its declaration says.
    assert_eq!(
        back::<v3::Unpacked>(&[0x1a, 2, 1, 2]).unwrap(),
        [0x18, 1, 0x18, 2]
    );
    assert_eq!(
        back::<v3::Repeated>(&[0x18, 1, 0x18, 2]).unwrap(),
        [0x1a, 2, 1, 2]
    );
}

#[test]
fn required_fields_are_always_there() {
    let leaf = v2::Leaf::decode([].as_slice()).unwrap();
    assert_eq!(leaf, v2::Leaf::default());
    assert_eq!(leaf.encode_to_vec(), [0x08, 0]);
    // But for a message in a map that is the default one: it is left out, as if nothing in it was required.
    let mut maps = v2::Maps::default();
    maps.of_leaf.insert("a".to_owned(), v2::Leaf::default());
    assert_eq!(maps.encode_to_vec(), [0xfa, 0x02, 3, 0x0a, 1, b'a']);
}

#[test]
fn zero_has_no_sign_where_there_is_no_presence() {
    let sent = [0x09, 0, 0, 0, 0, 0, 0, 0, 0x80];
    assert!(back::<v3::Singular>(&sent).unwrap().is_empty());
    assert_eq!(back::<v3::Optional>(&sent).unwrap(), sent);
    assert_eq!(back::<v3::OneOf>(&sent).unwrap(), sent);
    assert_eq!(back::<v2::Optional>(&sent).unwrap(), sent);
    // A wrapper, and the value of a map whose key is `a`.
    assert!(back::<f64>(&sent).unwrap().is_empty());
    let entry = |value: &[u8]| {
        let length = u8::try_from(3 + value.len()).unwrap();
        [&[0xfa, 0x01, length, 0x0a, 1, b'a'], value].concat()
    };
    let sent = entry(&[0x11, 0, 0, 0, 0, 0, 0, 0, 0x80]);
    assert_eq!(back::<v3::Maps>(&sent).unwrap(), entry(&[]));
}

#[test]
fn numbers_are_looked_at_closely_and_tags_are_not() {
    // The field 4 is an `int64`; its ten bytes have room for 70 bits.
    let number = |last| [&[0x20][..], &[0xff; 9], &[last]].concat();
    assert_eq!(back::<v3::Singular>(&number(1)).unwrap(), number(1));
    assert!(back::<v3::Singular>(&number(2)).is_err());
    assert!(back::<v3::Singular>(&[0x02, 0]).is_err());
    let long = [0xa0, 0x80, 0x80, 0x80, 0x80, 0x00, 1];
    assert_eq!(back::<v3::Singular>(&long).unwrap(), [0x20, 1]);
}

#[test]
fn a_hundred_messages_may_be_below_one_another() {
    let deep = |depth| {
        (0..depth).fold(Vec::new(), |below, _| {
            let mut bytes = vec![0x0a];
            sinew::codegen::prost::encoding::encode_varint(below.len() as u64, &mut bytes);
            [bytes, below].concat()
        })
    };
    assert_eq!(back::<v3::Recursion>(&deep(100)).unwrap(), deep(100));
    assert!(back::<v3::Recursion>(&deep(101)).is_err());
}

/// A field that the type of the request does not know.
const NEWER: [u8; 3] = [0xa0, 0x06, 1];
const GO: &str = "/one.v1.S/Go";

#[tokio::test]
async fn a_raw_relay_keeps_everything() -> Result<()> {
    let end = Server::new().fallback(|mut call| async move {
        let message = call.read_message().await?;
        Ok(RawReply::new(message))
    });
    let end = Channel::in_process(end);
    let relay = Server::new().fallback(move |mut call| {
        let end = end.clone();
        async move {
            let message = call.read_message().await?;
            end.call(RawCall::new(call.method().path(), message)).await
        }
    });
    let call = RawCall::new(GO, NEWER.as_slice());
    let reply = Channel::in_process(relay).call(call).await?;
    assert_eq!(reply.message().as_deref(), Some(NEWER.as_slice()));
    Ok(())
}

struct Service;

impl S for Service {
    async fn go(&self, ctx: &Context, req: M) -> Result<M> {
        assert!(req.encode_to_vec().is_empty());
        assert_eq!(ctx.extensions().get::<Bytes>().unwrap(), &NEWER[..]);
        Ok(M {})
    }
}

#[tokio::test]
async fn a_layer_hands_the_bytes_to_the_handler() -> Result<()> {
    async fn keep(mut call: RawCall, next: Next) -> Result<RawReply> {
        let message = call.read_message().await?;
        call.extensions_mut().insert(message);
        next.run(call).await
    }
    let server = Server::new().add(s::server(Service)).layer(from_fn(keep));
    let call = RawCall::new(GO, NEWER.as_slice());
    Channel::in_process(server).call(call).await?;
    Ok(())
}
