"""Other encodings than the one that a serializer writes, which every parser has to take: fields in any order, in
pieces and several times, packed or not, numbers longer than need be, fields that the type does not know.

And encodings that are broken, each in one way. What they mean is not known
here: the parsers say.
"""

from google.protobuf.descriptor import FieldDescriptor as Field

from wire_bytes import (
    END,
    FIXED32,
    FIXED64,
    LENGTH,
    START,
    VARINT,
    Wire,
    descriptor_below,
    is_entry,
    is_packable,
    kind_of,
    packed,
    read,
    unpacked,
    varint,
    write,
)

# The tag and the length are numbers of 32 bits, and peers read no more than five bytes of them.
SHORT_NUMBER = 5
LONG_NUMBER = 10
LAST_NUMBER = 2**29 - 1

INVALID_UTF8 = (
    b"\xff",
    b"a\x80",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"ok\xe8\xaa",
    b"\xf8\x88\x80\x80\x80",
)
# Numbers of 32 bits that are sent with more: the bits above are dropped.
NARROW = {Field.TYPE_INT32, Field.TYPE_UINT32, Field.TYPE_SINT32, Field.TYPE_ENUM, Field.TYPE_BOOL}


class Variants:
    """Makes variants of encoded messages of one type."""

    def __init__(self, rng, extensions):
        self._rng = rng
        # A function that gives the numbers of the extensions of a message.
        self._extensions = extensions

    def variant(self, data, other, descriptor):
        """Gives another encoding of `data`, and maybe of `other` after it, which merges."""
        rng = self._rng
        fields = read(data, descriptor)
        if rng.random() < 0.4:
            fields += read(other, descriptor)
        return write(self._rewritten(fields, descriptor))

    def with_unknown(self, data, descriptor):
        """Gives `data` with fields that the type does not know, in its messages too."""
        return write(self._with_unknown(read(data, descriptor), descriptor))

    def _rewritten(self, fields, descriptor):
        rng, out = self._rng, []
        for one in fields:
            if one.holds_fields() and one.field is not None:
                below = descriptor_below(one)
                inside = self._rewritten(one.value, below)
                if rng.random() < 0.3 and not is_entry(one) and not one.field.is_repeated:
                    # Merges: both pieces are one message.
                    cut = rng.randint(0, len(inside))
                    out.append(Wire(one.number, one.kind, inside[:cut], one.field))
                    inside = inside[cut:]
                one.value = inside
            elif one.field is not None and one.kind == LENGTH and is_packable(one.field) and rng.random() < 0.4:
                out.extend(self._cut(one))
                continue
            elif one.field is not None and one.kind != LENGTH and is_packable(one.field) and rng.random() < 0.4:
                one = packed([one])
            out.append(self._stretched(one))
        if rng.random() < 0.5:
            rng.shuffle(out)
        return out

    def _cut(self, one):
        """A packed field in pieces, some of them not packed."""
        pieces = unpacked(one)
        if not pieces:
            return [one, one]
        cut = self._rng.randint(0, len(pieces))
        return pieces[:cut] + ([packed(pieces[cut:])] if cut < len(pieces) else [])

    def _stretched(self, one):
        rng = self._rng
        if rng.random() < 0.2:
            one.tag_bytes = rng.randint(1, SHORT_NUMBER)
            one.length_bytes = rng.randint(1, SHORT_NUMBER)
        if one.kind == VARINT and one.field is not None and rng.random() < 0.2:
            one.value_bytes = rng.randint(1, LONG_NUMBER)
            # The low bits of a bool are no less true.
            if one.field.type in NARROW and (one.field.type != Field.TYPE_BOOL or one.value):
                one.value = one.value & 0xFFFFFFFF | rng.getrandbits(32) << 32
        return one

    def _with_unknown(self, fields, descriptor):
        rng, out = self._rng, []
        for one in fields:
            if one.holds_fields() and one.field is not None:
                one.value = self._with_unknown(one.value, descriptor_below(one))
            out.append(one)
        # Python takes an entry of a map that has unknown fields for unknown as a whole; its value can have some.
        for _ in range(0 if descriptor.GetOptions().map_entry else rng.choice((0, 1, 1, 2))):
            number = self._unknown_number(descriptor)
            if number is not None:
                out.insert(rng.randint(0, len(out)), self._unknown(number, 0))
        return out

    def _unknown_number(self, descriptor):
        known = set(descriptor.fields_by_number) | self._extensions(descriptor)
        for _ in range(20):
            number = self._rng.choice((1, 2, 15, 16, 99, 2047, 2048, 18999, 19500, 20000, LAST_NUMBER))
            if number not in known:
                return number
        return None

    def _unknown(self, number, depth):
        rng = self._rng
        kind = rng.choice((VARINT, FIXED32, FIXED64, LENGTH) + ((START, START) if depth < 3 else ()))
        if kind == START:
            inside = [self._unknown(rng.randint(1, LAST_NUMBER), depth + 1) for _ in range(rng.randint(0, 3))]
            return Wire(number, kind, inside)
        if kind == LENGTH:
            return Wire(number, kind, rng.randbytes(rng.choice((0, 1, 7, 200))))
        return Wire(number, kind, rng.getrandbits(32 if kind == FIXED32 else 64))

    def broken(self, data, descriptor):
        """Gives `data` broken in one way, and the name of that way."""
        name, way = self._rng.choice(BREAKS)
        return name, way(self, data, descriptor)

    def _truncated(self, data, _):
        return data[: self._rng.randint(0, max(0, len(data) - 1))]

    def _flipped(self, data, _):
        data = bytearray(data)
        for _ in range(self._rng.randint(1, 3) if data else 0):
            data[self._rng.randrange(len(data))] ^= 1 << self._rng.randrange(8)
        return bytes(data)

    def _replaced(self, data, _):
        data = bytearray(data)
        if data:
            data[self._rng.randrange(len(data))] = self._rng.choice((0, 1, 0x7F, 0x80, 0xFF))
        return bytes(data)

    def _without_a_byte(self, data, _):
        at = self._rng.randrange(len(data)) if data else 0
        return data[:at] + data[at + 1 :]

    def _no_utf8(self, data, descriptor):
        fields = read(data, descriptor)
        strings = [one for one in every(fields) if one.field is not None and one.field.type == Field.TYPE_STRING]
        if not strings:
            strings = [f for f in descriptor.fields if f.type == Field.TYPE_STRING]
            if not strings:
                return self._truncated(data, descriptor)
            field = self._rng.choice(strings)
            fields.append(Wire(field.number, LENGTH, b"", field))
            strings = fields[-1:]
        self._rng.choice(strings).value = self._rng.choice(INVALID_UTF8)
        return write(fields)

    def _other_kind(self, data, descriptor):
        fields = read(data, descriptor)
        known = list(descriptor.fields)
        if known:
            field = self._rng.choice(known)
            kinds = [kind for kind in (VARINT, FIXED32, FIXED64, LENGTH, START) if kind != kind_of(field)]
            kind = self._rng.choice(kinds)
            value = {LENGTH: b"\x08\x01", START: []}.get(kind, 1)
            fields.insert(self._rng.randint(0, len(fields)), Wire(field.number, kind, value))
        return write(fields)

    def _bad_ending(self, data, _):
        rng = self._rng
        return data + rng.choice(
            (
                b"\x00",  # A field without a number.
                b"\x02\x00",
                b"\x0e",  # Kinds that there are not.
                b"\x0f\x00",
                varint(LAST_NUMBER << 3 | END),  # The end of no group.
                varint(1000 << 3 | START),  # A group without an end.
                varint(1000 << 3 | START) + varint(1001 << 3 | END),
                varint(1000 << 3 | LENGTH) + b"\x05abcd",  # Longer than what there is.
                varint(1000 << 3 | LENGTH) + b"\xff" * 9 + b"\x01",
                varint(1000 << 3 | VARINT) + b"\xff" * 10 + b"\x01",  # Numbers of too many bytes or bits.
                varint(1000 << 3 | VARINT) + b"\xff" * 9 + b"\x02",
                varint(1 << 35 | 8),
                varint(1000 << 3 | FIXED32) + b"abc",
                varint(1000 << 3 | FIXED64) + b"abcdefg",
                b"\x80",
            )
        )


BREAKS = (
    ("truncated", Variants._truncated),
    ("bits flipped", Variants._flipped),
    ("a byte replaced", Variants._replaced),
    ("a byte left out", Variants._without_a_byte),
    ("no UTF-8", Variants._no_utf8),
    ("another kind of field", Variants._other_kind),
    ("a bad ending", Variants._bad_ending),
)


def every(fields):
    """Gives all fields, those inside of others too."""
    for one in fields:
        yield one
        if one.holds_fields():
            yield from every(one.value)
