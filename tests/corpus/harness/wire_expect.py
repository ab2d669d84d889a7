"""What Python's messages become in Rust, where that is not the same: every difference that `docs/generated-code.md`
documents, and none that it does not.
"""

import math

from google.protobuf.descriptor import FieldDescriptor as Field

from wire_bytes import END, FIXED32, FIXED64, LENGTH, START, VARINT, NotAMessage, is_packable, kind_of
from wire_pool import is_map, is_message, new

FLOATING = (Field.TYPE_FLOAT, Field.TYPE_DOUBLE)
SHORT_NUMBER_BYTES = 5
# Their `edition`, which is newer than `prost-types`, is not in Rust.
WITHOUT_EDITION = {f"google.protobuf.{name}" for name in ("Api", "Enum", "Method", "Type")}


def encoded(message):
    """Bytes that are equal where messages are, NaNs and signs of zero included."""
    return message.SerializePartialToString(deterministic=True)


def without_dropped(message):
    """Drops what Rust drops: unknown fields and extensions."""
    drop_extensions(message)
    message.DiscardUnknownFields()
    return message


def drop_extensions(message):
    for field, value in message.ListFields():
        if field.is_extension:
            message.ClearExtension(field)
        elif is_message(field):
            for below in below_of(field, value):
                drop_extensions(below)


def as_rust_has_it(message):
    """Applies the differences in values: a zero loses its sign where there is no presence, a required field that is
    missing is there, and a message in a map that has nothing but defaults is left out, its required fields too."""
    if message.DESCRIPTOR.full_name in WITHOUT_EDITION:
        message.ClearField("edition")
    for field, value in message.ListFields():
        if is_map(field):
            of = field.message_type.fields_by_name["value"]
            if of.type in FLOATING:
                for key in [key for key, zero in value.items() if is_negative_zero(zero)]:
                    value[key] = 0.0
            if is_message(of):
                default = encoded(as_rust_has_it(new(of.message_type)))
                for below in value.values():
                    if encoded(as_rust_has_it(below)) == default:
                        below.Clear()
        elif field.type in FLOATING and not field.is_repeated and not field.has_presence and is_negative_zero(value):
            message.ClearField(field.name)
        elif is_message(field):
            for below in below_of(field, value):
                as_rust_has_it(below)
    for field in message.DESCRIPTOR.fields:
        if field.is_required and not message.HasField(field.name):
            if is_message(field):
                getattr(message, field.name).SetInParent()
                as_rust_has_it(getattr(message, field.name))
            else:
                setattr(message, field.name, field.default_value)
    return message


def is_negative_zero(value):
    return value == 0 and math.copysign(1, value) < 0


def below_of(field, value):
    """Gives the messages that a field holds."""
    if is_map(field):
        return value.values() if is_message(field.message_type.fields_by_name["value"]) else ()
    return value if field.is_repeated else (value,)


def has_default_entry(message):
    """Is there an entry of a map whose key or value is the default one? Rust leaves such keys and values out, which
    means the same and is shorter."""
    for field, value in message.ListFields():
        if is_map(field):
            of = field.message_type.fields_by_name["value"]
            for key, one in value.items():
                is_empty = not one.SerializePartialToString() if is_message(of) else one == of.default_value
                if not key or is_empty:
                    return True
        if is_message(field) and any(has_default_entry(below) for below in below_of(field, value)):
            return True
    return False


# Why one side takes what the other refuses; in each case the docs say so.
OTHER_KIND = "a known field of another kind is refused in Rust, and unknown to others"
NO_UTF8 = "a string of proto2 has to be UTF-8 in Rust"
LONG_NUMBER = "a number with bits above the 64th is refused in Rust"
NO_NUMBER = "a field with the number 0 is refused in Rust"
NO_EDITION = "`edition` of the well-known types is not in Rust, so anything can be in it"
LONG_TAG = "a tag or a length of more than five bytes is taken in Rust"
# Why both take a message and yet have not the same.
CLOSED = "a closed enum is open in Rust"
# A matter of Python alone.
IN_ENTRY = "an entry of a map with unknown fields is unknown as a whole in Python"


def reasons(data, descriptor):
    """Gives the documented differences that these bytes may run into."""
    found = set()
    look(data, 0, len(data), descriptor, None, found)
    return found


def look(data, at, end, descriptor, group, found):
    """Walks as far as the bytes are fields; gives where it came to."""
    known = descriptor.fields_by_number if descriptor is not None else {}
    while at < end:
        tag, at = number_of(data, at, end, found, True)
        number, kind = tag >> 3, tag & 7
        if kind == END:
            if number != group:
                raise NotAMessage("the end of another group")
            return at
        field = known.get(number)
        if number == 0:
            found.add(NO_NUMBER)
        if field is None and descriptor is not None and descriptor.GetOptions().map_entry:
            found.add(IN_ENTRY)
        fits = field is None or kind == kind_of(field) or (kind == LENGTH and is_packable(field))
        if not fits:
            found.add(OTHER_KIND)
            # It is an unknown field then.
            if descriptor.GetOptions().map_entry:
                found.add(IN_ENTRY)
        if kind == VARINT:
            value, at = number_of(data, at, end, found, False)
            if field is not None and fits:
                look_at_enum(field, value, found)
        elif kind in (FIXED32, FIXED64):
            at += 4 if kind == FIXED32 else 8
        elif kind == START:
            below = field.message_type if field is not None and field.type == Field.TYPE_GROUP else None
            at = look(data, at, end, below, number, found)
        elif kind == LENGTH:
            length, at = number_of(data, at, end, found, True)
            if at + length > end:
                raise NotAMessage("longer than what it is in")
            inside = data[at : at + length]
            if field is not None and fits:
                look_inside(inside, field, found)
            at += length
        else:
            raise NotAMessage("a kind that there is not")
        if at > end:
            raise NotAMessage("no room for a number")
    if group is not None:
        raise NotAMessage("a group without an end")
    return at


def look_inside(data, field, found):
    if field.type == Field.TYPE_MESSAGE:
        look(data, 0, len(data), field.message_type, None, found)
    elif field.type == Field.TYPE_STRING:
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            found.add(NO_EDITION if is_edition(field) else NO_UTF8)
    elif is_packable(field) and kind_of(field) == VARINT:
        at = 0
        while at < len(data):
            value, at = number_of(data, at, len(data), found, False)
            look_at_enum(field, value, found)


def is_edition(field):
    return field.name == "edition" and field.containing_type.full_name in WITHOUT_EDITION


def look_at_enum(field, value, found):
    if field.type == Field.TYPE_ENUM and field.enum_type.is_closed:
        value = (value & 0xFFFFFFFF) - (value & 0x80000000) * 2
        if value not in field.enum_type.values_by_number:
            found.add(CLOSED)


def number_of(data, at, end, found, is_short):
    value = shift = 0
    start = at
    while True:
        if at >= end or shift > 63:
            raise NotAMessage("a number without an end")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
    if value >> 64:
        found.add(LONG_NUMBER)
    if is_short and at - start > SHORT_NUMBER_BYTES:
        found.add(LONG_TAG)
    return value, at
