"""Peers that are wrong, each in one way: before anything is compared, the comparison has to find fault with every one
of them, or it shows nothing.
"""

import wire_peer as peer_of
from wire_bytes import LENGTH, read, write

# A type with every kind of field, and how many messages a wrong peer may get right.
TYPE = "kinds.v3.Singular"
MESSAGES = 20


class Wrong:
    """Answers with what was sent, changed."""

    def __init__(self, descriptor):
        self._descriptor = descriptor

    def exchange(self, _, data):
        try:
            fields = read(data, self._descriptor)
        except Exception:  # Broken on purpose; what this peer says of that does not matter.
            return peer_of.REFUSED, b""
        return self.answer([one for one in fields if one.field is not None])

    def answer(self, fields):
        return peer_of.BACK, write(fields)


class KeepsTheUnknown(Wrong):
    def exchange(self, _, data):
        return peer_of.BACK, data


class LosesAField(Wrong):
    def answer(self, fields):
        return peer_of.BACK, write(fields[1:])


class ChangesAValue(Wrong):
    def answer(self, fields):
        for one in fields:
            if one.kind != LENGTH and isinstance(one.value, int):
                one.value ^= 1
                break
        return super().answer(fields)


class WritesTooMuch(Wrong):
    def answer(self, fields):
        for one in fields:
            one.tag_bytes = 3
        return super().answer(fields)


class RefusesAll(Wrong):
    def exchange(self, _, data):
        return peer_of.REFUSED, b"it would not"


class TakesAll(Wrong):
    def exchange(self, name, data):
        kind, answer = super().exchange(name, data)
        return (peer_of.BACK, b"") if kind == peer_of.REFUSED else (kind, answer)


class Dies(Wrong):
    def exchange(self, _, data):
        return peer_of.BROKEN, b"it died"


WRONG = (KeepsTheUnknown, LosesAField, ChangesAValue, WritesTooMuch, RefusesAll, TakesAll, Dies)


def undetected(pool, checker, failed):
    """Gives the names of the wrong peers that a comparison finds no fault with; `checker` makes one, which raises
    `failed` where it finds fault."""
    descriptor = pool.message(TYPE)
    return [wrong.__name__ for wrong in WRONG if passes(checker(wrong(descriptor), pool, descriptor), failed)]


def passes(checker, failed):
    try:
        for index in range(MESSAGES):
            checker.check("controls", index)
    except failed:
        return False
    return True
