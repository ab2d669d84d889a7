"""The messages of a descriptor set that protoc wrote, as classes.

What protoc generates for Python is the encoded descriptors and a call that
makes these same classes of them, in the one pool that a process has by
default. A pool for each set lets files of different sets share a name.
"""

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import FieldDescriptor as Field

MESSAGES = (Field.TYPE_MESSAGE, Field.TYPE_GROUP)


class Pool:
    """All messages of a set."""

    def __init__(self, name, path):
        self.name = name
        files = descriptor_pb2.FileDescriptorSet()
        with open(path, "rb") as file:
            files.ParseFromString(file.read())
        self._pool = descriptor_pool.DescriptorPool()
        self._files = []
        # What protoc takes and Python's pool does not, with what it says; and what imports that.
        self.refused = {}
        for file in files.file:
            try:
                self._pool.Add(file)
            except TypeError as error:
                self.refused[file.name] = str(error)
            else:
                self._files.append(file.name)

    def messages(self, files=None):
        """Gives the descriptors of all messages, by full name; `files` leaves out those of other files."""
        found = {}
        for name in self._files:
            if files is None or name in files:
                for descriptor in self._pool.FindFileByName(name).message_types_by_name.values():
                    collect(descriptor, found)
        return found

    def message(self, name):
        return self._pool.FindMessageTypeByName(name)

    def extensions(self, descriptor):
        # Python's pool was seen to give a plain field of `google.protobuf.BytesValue` among them.
        return [field for field in self._pool.FindAllExtensions(descriptor) if field.is_extension]


def collect(descriptor, found):
    if descriptor.GetOptions().map_entry:
        return
    found[descriptor.full_name] = descriptor
    for nested in descriptor.nested_types:
        collect(nested, found)


def new(descriptor):
    return message_factory.GetMessageClass(descriptor)()


def is_message(field):
    return field.type in MESSAGES


def is_map(field):
    return field.type == Field.TYPE_MESSAGE and field.message_type.GetOptions().map_entry


def real_oneof(field):
    """The oneof of a field, unless it is the one that a proto3 `optional` stands for."""
    oneof = field.containing_oneof
    if oneof is None or (len(oneof.fields) == 1 and oneof.name == f"_{field.name}"):
        return None
    return oneof
