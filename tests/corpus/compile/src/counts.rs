//! How much a unit declares, read from the descriptors that its code embeds.
//! It refuses to count what is only imported.

use std::collections::BTreeSet;

use prost::{DecodeError, Message};
use prost_types::{DescriptorProto, FileDescriptorSet};

use crate::request::Counts;

pub(crate) fn of(descriptors: &[u8], files: &BTreeSet<String>) -> Result<Counts, DecodeError> {
    let set = FileDescriptorSet::decode(descriptors)?;
    let mut counts = Counts::default();
    for file in set.file.iter().filter(|file| files.contains(file.name())) {
        counts.messages += messages(&file.message_type);
        counts.services += file.service.len();
        counts.rpcs += file
            .service
            .iter()
            .map(|service| service.method.len())
            .sum::<usize>();
    }
    Ok(counts)
}

/// With those that are nested, but not the entries of maps, which nobody wrote.
fn messages(all: &[DescriptorProto]) -> usize {
    let is_entry = |message: &DescriptorProto| {
        message
            .options
            .as_ref()
            .is_some_and(|options| options.map_entry())
    };
    all.iter()
        .filter(|message| !is_entry(message))
        .map(|message| 1 + messages(&message.nested_type))
        .sum()
}

#[cfg(test)]
mod tests {
    use prost_types::{
        FileDescriptorProto, MessageOptions, MethodDescriptorProto, ServiceDescriptorProto,
    };

    use super::*;

    #[test]
    fn only_the_files_of_the_unit_count_and_entries_of_maps_do_not() {
        let entry = DescriptorProto {
            options: Some(MessageOptions {
                map_entry: Some(true),
                ..Default::default()
            }),
            ..Default::default()
        };
        let outer = DescriptorProto {
            nested_type: vec![DescriptorProto::default(), entry],
            ..Default::default()
        };
        let service = ServiceDescriptorProto {
            method: vec![MethodDescriptorProto::default(); 3],
            ..Default::default()
        };
        let file = |name: &str| FileDescriptorProto {
            name: Some(name.to_owned()),
            message_type: vec![outer.clone()],
            service: vec![service.clone()],
            ..Default::default()
        };
        let set = FileDescriptorSet {
            file: vec![file("a.proto"), file("imported.proto")],
        };
        let counts = of(
            &set.encode_to_vec(),
            &BTreeSet::from(["a.proto".to_owned()]),
        );
        assert_eq!(
            counts,
            Ok(Counts {
                messages: 2,
                services: 1,
                rpcs: 3
            })
        );
    }
}
