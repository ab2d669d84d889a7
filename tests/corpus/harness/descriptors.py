"""Compares our descriptor set with protoc's, after as little normalising as there can be.

What is normalised:
- The order of files: each compiler puts imports before what imports them, and
  there are many such orders.
- The bytes of options: they are decoded with the extensions of the input and
  compared as messages, for a field may be encoded in more than one way.
- Empty options: protoc has them for an rpc that ends in `{}`, and they say
  nothing.
- Files that each compiler has built in are not compared here: each knows those
  of its time.
Source info is compared apart from the rest, and counted, not asserted: the
places where the two say different things are known and described.
"""

import collections
import difflib
import pathlib

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format

# What our compiler has built in. The names of those of google/api and google/rpc are in `idl/proto/src/builtin.rs`.
BUILT_IN = ("google/protobuf/",)
OURS = {
    *(
        f"google/api/{name}.proto"
        for name in (
            "annotations client field_behavior field_info http httpbody launch_stage resource routing visibility"
        ).split()
    ),
    *(f"google/rpc/{name}.proto" for name in "code error_details status".split()),
}
SHOWN_LINES = 30


def compare(theirs_path, ours_path):
    """Gives how the sets differ, and counts of places that are the same."""
    theirs_bytes = pathlib.Path(theirs_path).read_bytes()
    ours_bytes = pathlib.Path(ours_path).read_bytes()
    kind = file_descriptor_set(theirs_bytes)
    try:
        theirs = {file.name: file for file in kind.FromString(theirs_bytes).file}
        ours = {file.name: file for file in kind.FromString(ours_bytes).file}
    except Exception as error:  # Whatever the library cannot decode is a difference, too.
        return {"differences": [f"cannot be decoded: {error}"], "places": {}}
    differences = []
    for name in sorted(theirs.keys() ^ ours.keys()):
        differences.append(f"{name} is in {'ours' if name in ours else 'protoc’s'} alone")
    places = collections.Counter()
    for name in sorted(theirs.keys() & ours.keys()):
        if name.startswith(BUILT_IN) or name in OURS:
            continue
        compare_places(theirs[name], ours[name], places)
        theirs[name].ClearField("source_code_info")
        ours[name].ClearField("source_code_info")
        drop_empty_options(theirs[name])
        drop_empty_options(ours[name])
        if encoded(theirs[name]) != encoded(ours[name]):
            differences.append(f"{name}:\n{difference(theirs[name], ours[name])}")
    return {"differences": differences, "places": places}


def file_descriptor_set(encoded_set):
    """`FileDescriptorSet`, as a pool sees it in which the custom options of the set are known."""
    pool = descriptor_pool.DescriptorPool()
    plain = descriptor_pb2.FileDescriptorSet.FromString(encoded_set)
    if all(file.name != "google/protobuf/descriptor.proto" for file in plain.file):
        pool.AddSerializedFile(descriptor_pb2.DESCRIPTOR.serialized_pb)
    try:
        for file in plain.file:
            file.ClearField("source_code_info")
            pool.AddSerializedFile(file.SerializeToString())
        found = pool.FindMessageTypeByName("google.protobuf.FileDescriptorSet")
    except (TypeError, KeyError):
        # A library of another language may be stricter than protoc: without the extensions, bytes are compared.
        return descriptor_pb2.FileDescriptorSet
    return message_factory.GetMessageClass(found)


def drop_empty_options(file):
    for service in file.service:
        for method in service.method:
            if method.HasField("options") and not method.options.ByteSize():
                method.ClearField("options")


def encoded(message):
    return message.SerializeToString(deterministic=True)


def difference(theirs, ours):
    lines = difflib.unified_diff(
        text_format.MessageToString(theirs).splitlines(),
        text_format.MessageToString(ours).splitlines(),
        "protoc",
        "ours",
        lineterm="",
        n=6,
    )
    lines = list(lines)
    return "\n".join(lines[:SHOWN_LINES]) if lines else "only the encoding differs"


def compare_places(theirs, ours, places):
    """Counts what the locations say: spans, and the comments that become documentation."""
    found = {}
    for location in ours.source_code_info.location:
        found.setdefault(tuple(location.path), location)
    seen = set()
    for location in theirs.source_code_info.location:
        path = tuple(location.path)
        if path in seen:
            continue
        seen.add(path)
        places["locations"] += 1
        other = found.get(path)
        if other is None:
            places["locations that ours lacks"] += 1
            if location.leading_comments or location.trailing_comments:
                places["comments that ours lacks"] += 1
            continue
        if list(location.span) != list(other.span):
            places["other spans"] += 1
        if location.leading_comments or location.trailing_comments:
            places["comments"] += 1
        for kind in ("leading_comments", "trailing_comments"):
            if getattr(location, kind) != getattr(other, kind):
                places[f"other {kind.replace('_', ' ')}"] += 1
        if list(location.leading_detached_comments) != list(other.leading_detached_comments):
            places["other detached comments"] += 1
    places["locations of ours alone"] += len(found.keys() - seen)
