//! What a method declares, as calls of the runtime's builder: what it declares itself, then what its service does, then
//! what a service config does.
//! It refuses to say anything of what nobody declares: most methods have nothing here.

use std::time::Duration;

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;
use sinew_idl::{
    codes::CODES,
    model::Method,
    policy::{Criticality, Delay, Hedge, Policy, Retry, Source, Spanned, UserKey},
};

use crate::routing;

pub(crate) fn emit(method: &Method, sinew: &TokenStream) -> TokenStream {
    let policy = &method.policy;
    let own = by(method, Source::Own, sinew);
    let errors = errors(policy, sinew);
    let service = headed(quote!(.by_service()), by(method, Source::Service, sinew));
    let config = by(method, Source::ServiceConfig, sinew);
    let config = headed(quote!(.by_service_config()), config);
    quote!(#own #errors #service #config)
}

fn headed(head: TokenStream, rest: TokenStream) -> TokenStream {
    match rest.is_empty() {
        true => rest,
        false => quote!(#head #rest),
    }
}

/// What `source` declares.
fn by(method: &Method, source: Source, sinew: &TokenStream) -> TokenStream {
    let policy = &method.policy;
    let sources = &policy.sources;
    let timeout = of(&policy.timeout, sources.timeout, source, |timeout| {
        let timeout = duration(*timeout);
        quote!(.timeout(#timeout))
    });
    let idle_timeout = of(&policy.idle_timeout, sources.idle_timeout, source, |idle| {
        let timeout = duration(*idle);
        quote!(.idle_timeout(#timeout))
    });
    let (request, reply) = (&policy.max_request_bytes, &policy.max_reply_bytes);
    let max_request_bytes = of(request, sources.max_request_bytes, source, |bytes| {
        let bytes = Literal::u32_unsuffixed(*bytes);
        quote!(.max_request_bytes(#bytes))
    });
    let max_reply_bytes = of(reply, sources.max_reply_bytes, source, |bytes| {
        let bytes = Literal::u32_unsuffixed(*bytes);
        quote!(.max_reply_bytes(#bytes))
    });
    let (waits, waited_by) = (&policy.wait_for_ready, sources.wait_for_ready);
    let wait_for_ready = of(
        waits,
        waited_by,
        source,
        |waits| quote!(.wait_for_ready(#waits)),
    );
    let retry = of(&policy.retry, sources.retry, source, |retry| {
        let retry = self::retry(retry, sinew);
        quote!(.retry(#retry))
    });
    let hedge = of(&policy.hedge, sources.hedge, source, |hedge| {
        let hedge = self::hedge(hedge, sinew);
        quote!(.hedge(#hedge))
    });
    let hash_key = of(&policy.hash_key, Source::Own, source, |key| {
        routing::emit(key, method, sinew)
    });
    let (matters, said_by) = (&policy.criticality, sources.criticality);
    let criticality = of(matters, said_by, source, |criticality| {
        let criticality = match criticality {
            Criticality::CriticalPlus => quote!(CriticalPlus),
            Criticality::Critical => quote!(Critical),
            Criticality::SheddablePlus => quote!(SheddablePlus),
            Criticality::Sheddable => quote!(Sheddable),
        };
        quote!(.criticality(#sinew::policy::Criticality::#criticality))
    });
    let user_key = of(&policy.user_key, sources.user_key, source, |key| {
        let key = match key {
            UserKey::Field(path) => path.to_string(),
            UserKey::Metadata(name) => format!("metadata:{name}"),
        };
        quote!(.user_key(#key))
    });
    quote!(#timeout #idle_timeout #max_request_bytes #max_reply_bytes #wait_for_ready
        #retry #hedge #hash_key #criticality #user_key)
}

fn of<T>(
    value: &Option<Spanned<T>>,
    declared_by: Source,
    source: Source,
    emit: impl FnOnce(&T) -> TokenStream,
) -> Option<TokenStream> {
    let value = value.as_ref().filter(|_| declared_by == source)?;
    Some(emit(&value.value))
}

fn errors(policy: &Policy, sinew: &TokenStream) -> Option<TokenStream> {
    let entries = policy.errors.iter().map(|error| {
        let (message, code) = (
            &error.value.ty.full_name,
            self::code(&error.value.code.value, sinew),
        );
        quote!((#message, #code))
    });
    (!policy.errors.is_empty()).then(|| quote!(.errors(&[#(#entries),*])))
}

fn retry(retry: &Retry, sinew: &TokenStream) -> TokenStream {
    let max_attempts = attempts(retry.max_attempts.as_ref());
    let initial_backoff = retry.initial_backoff.as_ref().map(|backoff| {
        let backoff = duration(backoff.value);
        quote!(.initial_backoff(#backoff))
    });
    let max_backoff = retry.max_backoff.as_ref().map(|backoff| {
        let backoff = duration(backoff.value);
        quote!(.max_backoff(#backoff))
    });
    // The rules refuse what is no number.
    let multiplier = retry.multiplier.as_ref().filter(|by| by.value.is_finite());
    let multiplier = multiplier.map(|by| {
        let by = Literal::f64_unsuffixed(by.value);
        quote!(.multiplier(#by))
    });
    let codes = codes(&retry.codes, sinew);
    quote!(#sinew::policy::Retry::new() #max_attempts #initial_backoff #max_backoff #multiplier #codes)
}

fn hedge(hedge: &Hedge, sinew: &TokenStream) -> TokenStream {
    let max_attempts = attempts(hedge.max_attempts.as_ref());
    let delay = hedge.delay.as_ref().map(|delay| match delay.value {
        Delay::After(delay) => {
            let delay = duration(delay);
            quote!(.delay(#sinew::policy::Delay::After(#delay)))
        }
        Delay::Quantile(quantile) => {
            let quantile = Literal::u8_unsuffixed(quantile);
            quote!(.delay(#sinew::policy::Delay::Quantile(#quantile)))
        }
    });
    let codes = codes(&hedge.codes, sinew);
    quote!(#sinew::policy::Hedge::new() #max_attempts #delay #codes)
}

fn attempts(attempts: Option<&Spanned<u32>>) -> Option<TokenStream> {
    let attempts = Literal::u32_unsuffixed(attempts?.value);
    Some(quote!(.max_attempts(#attempts)))
}

fn codes(codes: &[Spanned<String>], sinew: &TokenStream) -> Option<TokenStream> {
    let all = codes.iter().map(|one| code(&one.value, sinew));
    (!codes.is_empty()).then(|| quote!(.codes(&[#(#all),*])))
}

/// `FAILED_PRECONDITION` → `Code::FailedPrecondition`.
fn code(name: &str, sinew: &TokenStream) -> TokenStream {
    // The rules refuse what is no code.
    let name = if CODES.contains(&name) {
        name
    } else {
        "UNKNOWN"
    };
    let words = name.split('_').map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_owned() + &rest.to_lowercase()
    });
    let name = Ident::new(&words.collect::<String>(), Span::call_site());
    quote!(#sinew::Code::#name)
}

/// A duration in the largest unit in which it is a whole number.
fn duration(duration: Duration) -> TokenStream {
    let Ok(nanoseconds) = u64::try_from(duration.as_nanos()) else {
        let (seconds, rest) = (duration.as_secs(), duration.subsec_nanos());
        let (seconds, rest) = (
            Literal::u64_unsuffixed(seconds),
            Literal::u32_unsuffixed(rest),
        );
        return quote!(::core::time::Duration::new(#seconds, #rest));
    };
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
            (Duration::new(20_000_000_000, 1), "new (20000000000 , 1)"),
        ] {
            let code = duration(given).to_string();
            assert!(code.ends_with(want), "{code}");
        }
    }
}
