//! The statics that describe a service and its methods.
//! It refuses to hold policy that no call reads: only what the runtime's builder takes.

use std::time::Duration;

use proc_macro2::{Literal, TokenStream};
use quote::quote;
use sinew_idl::model::{Idempotency, Method, Service, Shape};

use crate::{Emit, docs, paths};

pub(crate) fn emit(service: &Service, emit: &Emit) -> TokenStream {
    let sinew = &emit.sinew;
    let full_name = &service.full_name;
    let methods = service.methods.iter().map(|m| method(service, m, sinew));
    let names = service.methods.iter().map(paths::descriptor);
    let described = emit.descriptors.as_ref();
    let described = described.map(|path| quote!(.described_by(&#path)));
    quote! {
        /// The name on the wire.
        pub const NAME: &str = #full_name;
        #(#methods)*
        /// What a registry, reflection and the server's table need to know.
        pub static SERVICE: #sinew::ServiceSpec =
            #sinew::ServiceSpec::new(NAME, &[#(#names.spec()),*]) #described;
    }
}

fn method(service: &Service, method: &Method, sinew: &TokenStream) -> TokenStream {
    let name = paths::descriptor(method);
    let docs = docs::descriptor(service, method);
    let (input, output) = (
        paths::message(&method.input),
        paths::message(&method.output),
    );
    let constructor = match method.shape {
        Shape::Unary => quote!(unary),
        Shape::ClientStream => quote!(client_stream),
        Shape::ServerStream => quote!(server_stream),
        Shape::Bidi => quote!(bidi),
    };
    let path = format!("/{}/{}", service.full_name, method.name.wire);
    let idempotency = match method.idempotency {
        Idempotency::Unsafe => None,
        Idempotency::Idempotent => Some(quote!(.idempotency(#sinew::Idempotency::Idempotent))),
        Idempotency::Safe => Some(quote!(.idempotency(#sinew::Idempotency::Safe))),
    };
    let policy = &method.policy;
    let timeout = policy.timeout.as_ref().map(|timeout| {
        let timeout = duration(timeout.value);
        quote!(.timeout(#timeout))
    });
    let idle_timeout = policy.idle_timeout.as_ref().map(|timeout| {
        let timeout = duration(timeout.value);
        quote!(.idle_timeout(#timeout))
    });
    let max_request_bytes = policy.max_request_bytes.as_ref().map(|bytes| {
        let bytes = Literal::u32_unsuffixed(bytes.value);
        quote!(.max_request_bytes(#bytes))
    });
    quote! {
        #docs
        pub static #name: #sinew::Method<#input, #output> =
            #sinew::Method::#constructor(#path) #idempotency #timeout #idle_timeout #max_request_bytes;
    }
}

/// A duration in the largest unit in which it is a whole number.
fn duration(duration: Duration) -> TokenStream {
    let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    let units = [
        (quote!(from_secs), 1_000_000_000),
        (quote!(from_millis), 1_000_000),
        (quote!(from_micros), 1_000),
    ];
    let whole = |(_, unit): &&(TokenStream, u64)| nanoseconds.is_multiple_of(*unit);
    let (unit, number) = match units.iter().find(whole) {
        Some((name, unit)) => (name.clone(), nanoseconds / unit),
        None => (quote!(from_nanos), nanoseconds),
    };
    let number = Literal::u64_unsuffixed(number);
    quote!(::core::time::Duration::#unit(#number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_as_a_person_would_write_them() {
        for (given, want) in [
            (Duration::from_millis(250), "from_millis (250)"),
            (Duration::from_millis(1500), "from_millis (1500)"),
            (Duration::from_secs(3600), "from_secs (3600)"),
            (Duration::from_micros(5), "from_micros (5)"),
            (Duration::from_nanos(1001), "from_nanos (1001)"),
        ] {
            let code = duration(given).to_string();
            assert!(code.ends_with(want), "{code}");
        }
    }
}
