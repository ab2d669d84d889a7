//! `grpc.reflection`, in both of its versions: what a server serves, described for tools that were not compiled for it.
//! It refuses to describe what has no descriptor, and to make one up.
//!
//! What is not generic is inline, so that programs that ask for it compile it, and not every build of this crate.

mod index;
#[cfg(test)]
mod tests;

pub(crate) mod generated {
    include!("generated/sinew.rs");
}

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

use crate::call::{Code, Context, Inbound, Outbound, Result, ServiceSpec, Status};
pub(crate) use generated::grpc::reflection::{v1, v1alpha};
use index::Index;
use v1::server_reflection_request::MessageRequest;
use v1::server_reflection_response::MessageResponse;
use v1::{
    ErrorResponse, ExtensionNumberResponse, FileDescriptorResponse, ListServiceResponse,
    ServerReflectionRequest, ServerReflectionResponse, ServiceResponse,
};

/// Files that are sent along because the one that was asked for imports them have so many bytes together; a client asks
/// for the others by their names. A quarter of the largest reply of a server that is set to nothing else (4 MiB).
const IMPORTED_BYTES: usize = 1024 * 1024;

/// Answers of what a server has. Clones share the index.
#[derive(Clone)]
pub(crate) struct Reflection(Arc<Described>);

/// Descriptors are read when they are first asked for: most servers are never asked.
struct Described {
    services: Vec<&'static ServiceSpec>,
    /// What else there is, as encoded sets.
    sets: Vec<&'static [u8]>,
    index: OnceLock<Index>,
}

impl Reflection {
    /// Of these services, of this one itself, and of what `sets` describe.
    pub(crate) fn of(
        services: impl IntoIterator<Item = &'static ServiceSpec>,
        sets: Vec<&'static [u8]>,
    ) -> Self {
        let own = [
            &v1::server_reflection::SERVICE,
            &v1alpha::server_reflection::SERVICE,
        ];
        Self(Arc::new(Described {
            services: services.into_iter().chain(own).collect(),
            sets,
            index: OnceLock::new(),
        }))
    }

    #[inline]
    fn index(&self) -> &Index {
        let Described {
            services,
            sets,
            index,
        } = &*self.0;
        index.get_or_init(|| {
            let own = services.iter().map(|service| service.descriptors());
            Index::of(own.chain(sets.iter().copied()))
        })
    }

    async fn converse(
        &self,
        mut rx: Inbound<ServerReflectionRequest>,
        out: &mut Outbound<ServerReflectionResponse>,
    ) -> Result<()> {
        // Files that the other side has.
        let mut sent = HashSet::new();
        while let Some(request) = rx.next().await? {
            let Some(asked) = &request.message_request else {
                return Err(Status::invalid_argument(
                    "the request asks for nothing that this server knows: it has no message_request",
                ));
            };
            let answer = self.answer(asked, &mut sent);
            out.send(ServerReflectionResponse {
                valid_host: request.host.clone(),
                message_response: Some(answer),
                original_request: Some(request),
            })
            .await?;
        }
        Ok(())
    }

    #[inline]
    fn answer(&self, asked: &MessageRequest, sent: &mut HashSet<usize>) -> MessageResponse {
        let index = self.index();
        let (file, what) = match asked {
            MessageRequest::ListServices(_) => return self.services(),
            MessageRequest::AllExtensionNumbersOfType(name) => return extensions(index, name),
            MessageRequest::FileByFilename(name) => (index.by_name(name), "file"),
            MessageRequest::FileContainingSymbol(name) => (index.by_symbol(name), "symbol"),
            MessageRequest::FileContainingExtension(one) => {
                let found = index.by_extension(&one.containing_type, one.extension_number);
                (found, "extension")
            }
        };
        let Some(file) = file else {
            return not_found(what);
        };
        MessageResponse::FileDescriptorResponse(FileDescriptorResponse {
            file_descriptor_proto: index.with_imports(file, sent, IMPORTED_BYTES),
        })
    }

    /// One whose descriptor is missing would only lead to questions that nobody can answer.
    #[inline]
    fn services(&self) -> MessageResponse {
        let names = self.0.services.iter().map(|service| service.name());
        let described = names.filter(|name| self.index().by_symbol(name).is_some());
        let mut names: Vec<_> = described.map(str::to_owned).collect();
        names.sort();
        names.dedup();
        let service = names.into_iter().map(|name| ServiceResponse { name });
        MessageResponse::ListServicesResponse(ListServiceResponse {
            service: service.collect(),
        })
    }
}

#[inline]
fn extensions(index: &Index, extendee: &str) -> MessageResponse {
    match index.extensions(extendee) {
        Some(extension_number) => {
            MessageResponse::AllExtensionNumbersResponse(ExtensionNumberResponse {
                base_type_name: extendee.to_owned(),
                extension_number,
            })
        }
        None => not_found("type"),
    }
}

/// What was asked for stands beside it in the response.
#[inline]
fn not_found(what: &str) -> MessageResponse {
    MessageResponse::ErrorResponse(ErrorResponse {
        error_code: Code::NotFound as i32,
        error_message: format!("the descriptors of this server do not have this {what}"),
    })
}

impl v1::ServerReflection for Reflection {
    async fn server_reflection_info(
        &self,
        _: &Context,
        rx: Inbound<ServerReflectionRequest>,
        out: &mut Outbound<ServerReflectionResponse>,
    ) -> Result<()> {
        self.converse(rx, out).await
    }
}

impl v1alpha::ServerReflection for Reflection {
    async fn server_reflection_info(
        &self,
        _: &Context,
        rx: Inbound<ServerReflectionRequest>,
        out: &mut Outbound<ServerReflectionResponse>,
    ) -> Result<()> {
        self.converse(rx, out).await
    }
}
