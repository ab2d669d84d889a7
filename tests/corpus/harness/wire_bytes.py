"""Reads messages as the fields that they are on the wire, and writes such fields.

A field keeps what a message object would not: its place, how often it comes,
whether it is packed, how long its numbers are. Refuses nothing that might be
a message: what is not is for the parsers to say.
"""

import dataclasses
import struct

from google.protobuf.descriptor import FieldDescriptor as Field

from wire_pool import is_map, is_message

VARINT, FIXED64, LENGTH, START, END, FIXED32 = range(6)

FIXED32_KINDS = {Field.TYPE_FIXED32, Field.TYPE_SFIXED32, Field.TYPE_FLOAT}
FIXED64_KINDS = {Field.TYPE_FIXED64, Field.TYPE_SFIXED64, Field.TYPE_DOUBLE}


class NotAMessage(Exception):
    """The bytes are no sequence of fields."""


@dataclasses.dataclass
class Wire:
    """One field on the wire: `value` is a number, the bytes of a length, or the fields of a message or a group."""

    number: int
    kind: int
    value: object
    # What the type of the message says of it, if it says anything.
    field: object = None
    # Bytes of the tag, the length and the number, if they are to be longer than need be.
    tag_bytes: int = 0
    length_bytes: int = 0
    value_bytes: int = 0

    def holds_fields(self):
        return isinstance(self.value, list)


def kind_of(field):
    """How a single value of the field lies on the wire."""
    if field.type in FIXED32_KINDS:
        return FIXED32
    if field.type in FIXED64_KINDS:
        return FIXED64
    if field.type == Field.TYPE_GROUP:
        return START
    if field.type in (Field.TYPE_STRING, Field.TYPE_BYTES, Field.TYPE_MESSAGE):
        return LENGTH
    return VARINT


def is_packable(field):
    return field.is_repeated and kind_of(field) in (VARINT, FIXED32, FIXED64)


def read(data, descriptor):
    """Gives the fields of an encoded message of this type; what the type does not know has no `field`."""
    fields, end = read_until(data, 0, len(data), descriptor, None)
    assert end == len(data)
    return fields


def read_until(data, at, end, descriptor, group):
    """Reads up to `end`, or to the end of the group."""
    known = descriptor.fields_by_number if descriptor is not None else {}
    fields = []
    while at < end:
        tag, at = read_varint(data, at, end)
        number, kind = tag >> 3, tag & 7
        if kind == END:
            if number != group:
                raise NotAMessage("the end of another group")
            return fields, at
        field = known.get(number)
        value = None
        if kind == VARINT:
            value, at = read_varint(data, at, end)
        elif kind in (FIXED32, FIXED64):
            size = 4 if kind == FIXED32 else 8
            if at + size > end:
                raise NotAMessage("no room for a number")
            value, at = int.from_bytes(data[at : at + size], "little"), at + size
        elif kind == START:
            below = field.message_type if field is not None and field.type == Field.TYPE_GROUP else None
            value, at = read_until(data, at, end, below, number)
        elif kind == LENGTH:
            length, at = read_varint(data, at, end)
            if at + length > end:
                raise NotAMessage("longer than what it is in")
            if field is not None and field.type == Field.TYPE_MESSAGE:
                value, _ = read_until(data, at, at + length, field.message_type, None)
            else:
                value = data[at : at + length]
            at += length
        else:
            raise NotAMessage("a kind that there is not")
        fields.append(Wire(number, kind, value, field))
    if group is not None:
        raise NotAMessage("a group without an end")
    return fields, at


def read_varint(data, at, end):
    value = shift = 0
    while True:
        if at >= end or shift > 63:
            raise NotAMessage("a number without an end")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & (2**64 - 1), at
        shift += 7


def write(fields):
    out = bytearray()
    for one in fields:
        out += varint(one.number << 3 | one.kind, one.tag_bytes)
        if one.kind == VARINT:
            out += varint(one.value, one.value_bytes)
        elif one.kind == FIXED32:
            out += struct.pack("<I", one.value)
        elif one.kind == FIXED64:
            out += struct.pack("<Q", one.value)
        elif one.kind == START:
            out += write(one.value) + varint(one.number << 3 | END, one.tag_bytes)
        else:
            inside = write(one.value) if one.holds_fields() else one.value
            out += varint(len(inside), one.length_bytes) + inside
    return bytes(out)


def varint(value, least=0):
    """Encodes a number, in no fewer than `least` bytes."""
    out = bytearray()
    while value >= 0x80 or len(out) + 1 < least:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def unpacked(one):
    """Gives the single fields of a packed one."""
    kind, data, at, singles = kind_of(one.field), one.value, 0, []
    while at < len(data):
        if kind == VARINT:
            value, at = read_varint(data, at, len(data))
        else:
            size = 4 if kind == FIXED32 else 8
            value, at = int.from_bytes(data[at : at + size], "little"), at + size
        singles.append(Wire(one.number, kind, value, one.field))
    return singles


def packed(singles):
    """Gives one packed field that has the values of all of these."""
    first = singles[0]
    if first.kind == VARINT:
        inside = b"".join(varint(one.value) for one in singles)
    else:
        inside = b"".join(one.value.to_bytes(4 if first.kind == FIXED32 else 8, "little") for one in singles)
    return Wire(first.number, LENGTH, inside, first.field)


def descriptor_below(one):
    """Gives the type of the fields inside of a field."""
    return one.field.message_type if one.field is not None and is_message(one.field) else None


def is_entry(one):
    return one.field is not None and is_map(one.field)
