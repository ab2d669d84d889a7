"""Compares: messages that Python makes and encodes are decoded and encoded by generated Rust, and have to come back
equal.

Runs in the environment that has protobuf; `wire.py` sets up what it is given.
Each message has its own seed, so one can be tried again alone.
"""

import argparse
import collections
import difflib
import json
import random
import sys
import time

from google.protobuf import text_format
from google.protobuf.message import DecodeError

import wire_controls as controls
import wire_expect as expect
import wire_peer as peer_of
from wire_bytes import END, LENGTH, START, NotAMessage, kind_of, read, varint
from wire_pool import Pool, is_map, new
from wire_values import Filler
from wire_variants import Variants

# Around the hundred messages below one another that parsers take; each in a map counts twice.
DEPTHS = (49, 50, 51, 99, 100, 101, 102, 1000)
# Types that no set generates, wherever they are declared: they are those of `prost-types`.
KNOWN = "google.protobuf."
# Lines and characters that a failure shows.
SHOWN_LINES = 40
SHOWN_TEXT = 2000
SHOWN_HEX = 4000


class Failed(Exception):
    """A message did not come back as it should."""

    def __init__(self, why, data, expected=None, actual=None):
        super().__init__(why)
        self.data, self.expected, self.actual = data, expected, actual


class Checker:
    """All checks of one type of one pool."""

    def __init__(self, peer, pool, descriptor, known_as, counts):
        self._peer, self._pool, self._descriptor, self._name = peer, pool, descriptor, known_as
        self._counts = counts

    def check(self, seed, index):
        """All checks with one seed."""
        rng = random.Random(f"{seed}/{self._name}/{index}")
        self._variants = Variants(rng, self._extension_numbers)
        data = self._filled(rng)
        self._same("as Python writes it", data, is_canonical=True)
        other = self._filled(rng)
        self._same("in another encoding", self._variants.variant(data, other, self._descriptor))
        self._same("with unknown fields", self._variants.with_unknown(data, self._descriptor))
        if self._has_extensions():
            extended = Filler(rng, self._pool.extensions).fill(new(self._descriptor))
            self._same("with extensions", extended.SerializePartialToString())
        for _ in range(2):
            name, broken = self._variants.broken(data, self._descriptor)
            self._verdict(f"broken: {name}", broken)
        if index == 0:
            self._empty()
            self._closed_enums(rng)
            self._deep()

    def _filled(self, rng):
        return Filler(rng).fill(new(self._descriptor)).SerializePartialToString()

    def _has_extensions(self):
        return bool(self._pool.extensions(self._descriptor)) or any(
            field.message_type is not None and self._pool.extensions(field.message_type)
            for field in self._descriptor.fields
        )

    def _extension_numbers(self, descriptor):
        return {field.number for field in self._pool.extensions(descriptor)}

    def _parsed(self, data):
        message = new(self._descriptor)
        message.MergeFromString(data)
        return message

    def _exchange(self, data):
        kind, answer = self._peer.exchange(self._name, data)
        if kind in (peer_of.BROKEN, peer_of.UNKNOWN):
            raise Failed(f"Rust: {answer.decode() or 'no such type'}", data)
        return kind, answer

    def _same(self, check, data, is_canonical=False):
        """Both sides take it, and have the same."""
        self._counts[check] += 1
        kind, answer = self._exchange(data)
        if kind == peer_of.REFUSED:
            raise Failed(f"{check}: Rust refuses it: {answer.decode()}", data)
        self._compare(check, data, answer)
        if is_canonical:
            self._sizes(check, data, answer)

    def _compare(self, check, data, answer):
        expected = expect.without_dropped(self._parsed(data))
        try:
            actual = self._parsed(answer)
        except DecodeError:
            raise Failed(f"{check}: Python refuses what Rust wrote: {answer.hex()}", data, expected) from None
        if expect.encoded(expected) == expect.encoded(actual):
            return
        expected = expect.as_rust_has_it(expected)
        if expect.encoded(expected) != expect.encoded(actual):
            raise Failed(f"{check}: not equal; Rust wrote {answer.hex()[:SHOWN_HEX]}", data, expected, actual)

    def _sizes(self, check, data, answer):
        """Rust writes as many bytes as Python would, but for entries of maps."""
        actual = self._parsed(answer)
        least = len(actual.SerializePartialToString())
        if len(answer) == least:
            return
        if len(answer) > least or not expect.has_default_entry(actual):
            raise Failed(f"{check}: Rust writes {len(answer)} bytes, and Python {least}", data, None, actual)

    def _verdict(self, check, data):
        """Both take it and have the same, or both refuse it; or the difference is a documented one."""
        self._counts[check] += 1
        kind, answer = self._exchange(data)
        try:
            self._parsed(data)
            refused = None
        except DecodeError as error:
            refused = error
        reasons = set()
        try:
            reasons = expect.reasons(data, self._descriptor)
        except (NotAMessage, RecursionError):
            pass
        if refused is None and kind == peer_of.BACK:
            excuses = reasons & {expect.CLOSED, expect.IN_ENTRY}
            if excuses:
                self._counts[f"excused: {min(excuses)}"] += 1
            else:
                self._compare(check, data, answer)
        elif refused is None:
            excuses = reasons & {expect.OTHER_KIND, expect.NO_UTF8, expect.LONG_NUMBER, expect.NO_NUMBER}
            if not excuses:
                raise Failed(f"{check}: Rust refuses ({answer.decode()}) what Python takes", data, self._parsed(data))
            self._counts[f"excused: {min(excuses)}"] += 1
        elif kind == peer_of.BACK:
            excuses = reasons & {expect.LONG_TAG, expect.NO_EDITION}
            if not excuses:
                raise Failed(f"{check}: Rust takes what Python refuses ({refused})", data, None, self._parsed(answer))
            self._counts[f"excused: {min(excuses)}"] += 1

    def _empty(self):
        self._same("empty", b"")

    def _deep(self):
        """Both sides take messages in messages, and unknown groups in groups, as deep as each other."""
        recursive = [field for field in self._descriptor.fields if holds(field, self._descriptor)]
        unknown = next(n for n in range(2, 2**29) if n not in self._descriptor.fields_by_number)
        for depth in DEPTHS:
            for field in recursive:
                self._verdict("messages in messages", nested(field, depth))
            start, end = varint(unknown << 3 | START), varint(unknown << 3 | END)
            self._verdict("unknown groups in groups", start * depth + end * depth)

    def _closed_enums(self, rng):
        """An unknown value of a closed enum is kept by Rust, where others keep it among the unknown fields."""
        for field in self._descriptor.fields:
            if field.enum_type is None or not field.enum_type.is_closed or field.is_required:
                continue
            known = field.enum_type.values_by_number
            value = next(number for number in iter(lambda: rng.getrandbits(31), None) if number not in known)
            data = varint(field.number << 3) + varint(value)
            self._counts["closed enums"] += 1
            _, answer = self._exchange(data)
            back = [
                (number, one)
                for number, one in ((wire.number, wire.value) for wire in read(answer, self._descriptor))
                if number == field.number
            ]
            if back not in ([(field.number, value)], [(field.number, varint(value))]):
                raise Failed(f"closed enums: {field.name} lost {value}; Rust wrote {answer.hex()}", data)


def main():
    options = parse_arguments()
    with open(options.plan, encoding="utf-8") as file:
        plan = json.load(file)
    began = time.monotonic()
    control(plan["every_kind"])
    counts, failures, left_out = collections.Counter(), [], {}
    with peer_of.Peer(plan["program"]) as peer:
        known = peer.types()
        todo = []
        for one in plan["sets"]:
            chosen, missing, refused = types_of(one, known)
            left_out[one["name"]] = {file: why for file, why in refused.items() if file in one["files"]}
            failures += [{"type": name, "text": "there is no such type in Rust"} for name in missing]
            todo += chosen
        if options.type:
            todo = [entry for entry in todo if entry[2] == options.type]
        types = len(todo)
        indices = range(options.messages) if options.message is None else [options.message]
        for number, (pool, descriptor, name) in enumerate(todo, 1):
            progress(number, types, name)
            checker = Checker(peer, pool, descriptor, name, counts)
            for index in indices:
                try:
                    checker.check(options.seed, index)
                except Failed as failed:
                    failures.append(described(failed, name, options.seed, index))
                    break
    summary = {
        "types": types,
        "seed": options.seed,
        "seconds": round(time.monotonic() - began, 1),
        "counts": counts,
        "left_out": left_out,
        "failures": failures,
    }
    with open(options.result, "w", encoding="utf-8") as file:
        json.dump(summary, file)


def control(every_kind):
    pool = Pool(every_kind["name"], every_kind["descriptors"])
    passed = controls.undetected(
        pool, lambda peer, *of: Checker(peer, *of, controls.TYPE, collections.Counter()), Failed
    )
    if passed:
        sys.exit(f"wire: the comparison finds no fault with peers that are wrong: {', '.join(passed)}")


def parse_arguments():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("plan")
    arguments.add_argument("result")
    arguments.add_argument("--seed", default="1")
    arguments.add_argument("--messages", type=int, default=10)
    arguments.add_argument("--type")
    arguments.add_argument("--message", type=int)
    return arguments.parse_args()


def holds(field, descriptor):
    """Does the field hold messages of this type, itself or as a map?"""
    value = field.message_type.fields_by_name["value"] if is_map(field) else field
    return value.message_type is descriptor


def nested(field, depth):
    """Gives the encoding of messages in messages."""
    data = b""
    for _ in range(depth):
        # The value of an entry has the number 2.
        for number in (2, field.number) if is_map(field) else (field.number,):
            if kind_of(field) == START:
                data = varint(number << 3 | START) + data + varint(number << 3 | END)
            else:
                data = varint(number << 3 | LENGTH) + varint(len(data)) + data
    return data


def types_of(one, known):
    """Gives the types of a set that Rust has, the names of those of its own files that it should have, and the files
    that Python refuses."""
    pool = Pool(one["name"], one["descriptors"])
    own = pool.messages(set(one["files"]))
    chosen, missing = [], []
    for name, descriptor in sorted(pool.messages().items()):
        in_rust = f"{one['name']}/{name}"
        if in_rust in known:
            chosen.append((pool, descriptor, in_rust))
        elif name in own and not name.startswith(KNOWN):
            missing.append(in_rust)
    return chosen, missing, pool.refused


def described(failed, name, seed, index):
    lines = [str(failed), f"bytes: {failed.data.hex()[:SHOWN_HEX]}"]
    texts = [
        (title, text_format.MessageToString(message, indent=4, as_utf8=False))
        for title, message in (("expected", failed.expected), ("actual", failed.actual))
        if message is not None
    ]
    if len(texts) == 2:
        both = [text.splitlines() for _, text in texts]
        lines += ["differing lines:", *list(difflib.unified_diff(*both, lineterm="", n=3))[2:SHOWN_LINES]]
    for title, text in texts:
        lines += [f"{title}:", text[:SHOWN_TEXT].rstrip()]
    replay = f"--seed {seed} --type {name} --message {index}"
    return {"type": name, "replay": replay, "text": "\n".join(lines)}


def progress(number, total, name):
    if sys.stderr.isatty():
        end = "\n" if number == total else ""
        print(f"\r\x1b[Kwire: {number} of {total} types, {name[:60]}", end=end, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
