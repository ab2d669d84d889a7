"""Compares two descriptor sets: ours, and the public one of gRPC's interop service.

Looks at names, numbers, types and signatures of `TestService`, of
`UnimplementedService` and of all that they reach; comments, options and the
names of files may differ.
"""

import sys

from google.protobuf import descriptor_pb2

SERVICES = ("grpc.testing.TestService", "grpc.testing.UnimplementedService")
FIELD = descriptor_pb2.FieldDescriptorProto


def main():
    ours, public = (facts(read(path)) for path in sys.argv[1:3])
    wrong = [f"{SERVICES[0]} is missing"] if SERVICES[0] not in public else []
    for name in sorted(ours.keys() | public.keys()):
        if ours.get(name) != public.get(name):
            wrong.append(f"{name}: ours {ours.get(name)}, public {public.get(name)}")
    if wrong:
        sys.exit("\n".join(wrong))


def read(path):
    files = descriptor_pb2.FileDescriptorSet()
    with open(path, "rb") as file:
        files.ParseFromString(file.read())
    return files


def facts(files):
    """Gives every fact that matters on the wire, by the full name of the thing it is about."""
    services, types = {}, {}
    for file in files.file:
        prefix = f"{file.package}."
        services.update((prefix + service.name, service) for service in file.service)
        index_types(file.message_type, file.enum_type, prefix, types)
    found, todo = {}, []
    for name in SERVICES:
        if name in services:
            found[name] = "service"
        for method in getattr(services.get(name), "method", ()):
            found[f"{name}/{method.name}"] = signature(method)
            todo += (method.input_type, method.output_type)
    while todo:
        name = todo.pop().lstrip(".")
        if name in found:
            continue
        kind = types[name]
        if isinstance(kind, descriptor_pb2.EnumDescriptorProto):
            found[name] = "enum"
            found.update((f"{name}.{value.name}", value.number) for value in kind.value)
            continue
        found[name] = "map entry" if kind.options.map_entry else "message"
        for field in kind.field:
            found[f"{name}.{field.name}"] = shape(field)
            todo += [field.type_name] if field.type_name else []
    return found


def index_types(messages, enums, prefix, types):
    types.update((prefix + enum.name, enum) for enum in enums)
    for message in messages:
        types[prefix + message.name] = message
        index_types(message.nested_type, message.enum_type, f"{prefix}{message.name}.", types)


def signature(method):
    sent, received = (
        f"{'stream ' if streams else ''}{kind}"
        for streams, kind in (
            (method.client_streaming, method.input_type),
            (method.server_streaming, method.output_type),
        )
    )
    return f"({sent}) returns ({received})"


def shape(field):
    kind = field.type_name or FIELD.Type.Name(field.type)
    # A proto3 `optional` and a oneof decide presence, not the wire: still part of a type.
    presence = " optional" if field.proto3_optional else ""
    return f"{FIELD.Label.Name(field.label)} {kind} = {field.number}{presence}"


if __name__ == "__main__":
    main()
