"""Fills messages with random values of every kind, extremes among them.

All randomness is of the `random.Random` that is passed, so a seed gives the
same message again. Sets fields as anyone would who has generated code; what
the bytes look like is left to `SerializeToString`.
"""

import struct

from google.protobuf.descriptor import FieldDescriptor as Field

from wire_pool import is_map, is_message, real_oneof

# Messages below messages; a recursive type ends here.
DEPTH = 4
# Fields set in one message with all that is below it, about.
BUDGET = 250

CHARACTERS = (
    "a", "Z", "0", " ", "\n", "\0", "\x7f", "\x80", "é", "ß", "\u07ff", "\u0800", "語", "\ud7ff", "\ue000", "\ufeff",
    "\uffff", "\U00010000", "\U0001f9f5", "\U000e0041", "\U0010ffff", "\u202e", "e\u0301",
)  # fmt: skip
LENGTHS = (0, 0, 1, 1, 2, 3, 5, 8, 20, 60)
LONG = (127, 128, 300, 5000, 20000)
COUNTS = (0, 1, 1, 2, 3, 5)
DOUBLES = (0.0, -0.0, 1.0, -1.5, 5e-324, -2.2250738585072014e-308, 1.7976931348623157e308, float("inf"), -float("inf"))
FLOATS = (0.0, -0.0, 1.0, -1.5, 1e-45, -1.1754943508222875e-38, 3.4028234663852886e38, float("inf"), -float("inf"))

SIGNED_32 = {Field.TYPE_INT32, Field.TYPE_SINT32, Field.TYPE_SFIXED32}
SIGNED_64 = {Field.TYPE_INT64, Field.TYPE_SINT64, Field.TYPE_SFIXED64}
UNSIGNED_32 = {Field.TYPE_UINT32, Field.TYPE_FIXED32}


class Filler:
    """Fills one message after the other."""

    def __init__(self, rng, extensions=None):
        self._rng = rng
        # A function that gives the extensions of a message, for messages that are to have some.
        self._extensions = extensions
        self._left = BUDGET

    def fill(self, message, depth=0):
        """Fills a message that is empty, and gives it."""
        rng = self._rng
        if depth == 0:
            self._left = BUDGET
        descriptor = message.DESCRIPTOR
        chosen = {}
        for oneof in descriptor.oneofs:
            fields = list(oneof.fields)
            if real_oneof(fields[0]) is not None and rng.random() < 0.9:
                chosen[oneof.name] = rng.choice(fields).name
        likely = rng.choice((0.2, 0.5, 0.8, 1.0)) if len(descriptor.fields) < 60 else rng.choice((0.05, 0.2, 0.5))
        for field in descriptor.fields:
            oneof = real_oneof(field)
            if oneof is not None:
                if chosen.get(oneof.name) == field.name:
                    self._set(message, field, depth)
            elif field.is_required or (self._left > 0 and rng.random() < likely):
                self._set(message, field, depth)
        if self._extensions is not None:
            for field in self._extensions(descriptor):
                if rng.random() < 0.7:
                    self._extend(message, field, depth)
        return message

    def _set(self, message, field, depth):
        self._left -= 1
        if is_map(field):
            self._set_map(message, field, depth)
        elif field.is_repeated:
            self._append(getattr(message, field.name), field, depth)
        elif is_message(field):
            if self._may_go_below(field, depth):
                below = getattr(message, field.name)
                below.SetInParent()
                self.fill(below, depth + 1)
        else:
            setattr(message, field.name, self.value(field))

    def _extend(self, message, field, depth):
        self._left -= 1
        if field.is_repeated:
            self._append(message.Extensions[field], field, depth)
        elif is_message(field):
            if self._may_go_below(field, depth):
                below = message.Extensions[field]
                below.SetInParent()
                self.fill(below, depth + 1)
        else:
            message.Extensions[field] = self.value(field)

    def _set_map(self, message, field, depth):
        entries = getattr(message, field.name)
        key, value = (field.message_type.fields_by_name[name] for name in ("key", "value"))
        for _ in range(self._count()):
            if not is_message(value):
                entries[self.value(key)] = self.value(value)
            elif self._may_go_below(value, depth):
                below = entries[self.value(key)]
                # A key that comes again has a value already.
                below.Clear()
                self.fill(below, depth + 1)

    def _append(self, items, field, depth):
        for _ in range(self._count()):
            if not is_message(field):
                items.append(self.value(field))
            elif self._may_go_below(field, depth):
                self.fill(items.add(), depth + 1)

    def _may_go_below(self, field, depth):
        return field.is_required or (depth < DEPTH and self._left > 0)

    def _count(self):
        return self._rng.choice(COUNTS) if self._left > 0 else 1

    def value(self, field):
        """Gives a value of a field that is no message."""
        rng, kind = self._rng, field.type
        if field.has_presence and rng.random() < 0.2:
            return field.default_value
        if kind == Field.TYPE_ENUM:
            return enum_value(rng, field.enum_type)
        if kind == Field.TYPE_STRING:
            return "".join(rng.choices(CHARACTERS, k=self._length()))
        if kind == Field.TYPE_BYTES:
            return rng.randbytes(self._length())
        if kind == Field.TYPE_BOOL:
            return rng.random() < 0.5
        if kind == Field.TYPE_DOUBLE:
            return rng.choice(DOUBLES) if rng.random() < 0.5 else struct.unpack("<d", rng.randbytes(8))[0]
        if kind == Field.TYPE_FLOAT:
            return rng.choice(FLOATS) if rng.random() < 0.5 else struct.unpack("<f", rng.randbytes(4))[0]
        if kind in SIGNED_32:
            return integer(rng, -(2**31), 2**31 - 1)
        if kind in SIGNED_64:
            return integer(rng, -(2**63), 2**63 - 1)
        return integer(rng, 0, 2**32 - 1 if kind in UNSIGNED_32 else 2**64 - 1)

    def _length(self):
        return self._rng.choice(LONG) if self._rng.random() < 0.02 else self._rng.choice(LENGTHS)


def enum_value(rng, enum):
    if enum.is_closed or rng.random() < 0.7:
        return rng.choice(enum.values).number
    return integer(rng, -(2**31), 2**31 - 1)


def integer(rng, least, most):
    """An end, a small one, or one of any number of bits."""
    if rng.random() < 0.3:
        return rng.choice((least, least + 1, most - 1, most, 0, 1, max(least, -1), 127, 128, 16383, 16384))
    value = rng.getrandbits(rng.randint(1, 64))
    return max(least, min(most, -value if least < 0 and rng.random() < 0.5 else value))
