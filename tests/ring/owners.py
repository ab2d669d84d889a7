#!/usr/bin/env python3
"""Who owns which key, computed from docs/routing.md alone, and without a line of the Rust code.

    owners.py             write the members and the owners of 10,000 keys, as in owners.txt
    owners.py --check     compare that with owners.txt; a test of the crate `sinew` compares its ring with it
    owners.py --each      read members, a blank line and keys in hex from standard input; write an owner a line
"""

import bisect
import pathlib
import sys

MASK = (1 << 64) - 1

# The primes of XXH64, from https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
P1 = 0x9E3779B185EBCA87
P2 = 0xC2B2AE3D27D4EB4F
P3 = 0x165667B19E3779F9
P4 = 0x85EBCA77C2B2AE63
P5 = 0x27D4EB2F165667C5


def rotated(x, by):
    return ((x << by) | (x >> (64 - by))) & MASK


def lane(acc, data):
    return rotated((acc + data * P2) & MASK, 31) * P1 & MASK


def xxh64(data, seed=0):
    size, at = len(data), 0
    word = lambda at, of: int.from_bytes(data[at : at + of], "little")
    if size >= 32:
        accs = [(seed + P1 + P2) & MASK, (seed + P2) & MASK, seed, (seed - P1) & MASK]
        while at + 32 <= size:
            accs = [lane(acc, word(at + 8 * i, 8)) for i, acc in enumerate(accs)]
            at += 32
        acc = sum(rotated(acc, by) for acc, by in zip(accs, (1, 7, 12, 18))) & MASK
        for one in accs:
            acc = ((acc ^ lane(0, one)) * P1 + P4) & MASK
    else:
        acc = (seed + P5) & MASK
    acc = (acc + size) & MASK
    while at + 8 <= size:
        acc = (rotated(acc ^ lane(0, word(at, 8)), 27) * P1 + P4) & MASK
        at += 8
    if at + 4 <= size:
        acc = (rotated(acc ^ (word(at, 4) * P1 & MASK), 23) * P2 + P3) & MASK
        at += 4
    while at < size:
        acc = rotated(acc ^ (data[at] * P5 & MASK), 11) * P1 & MASK
        at += 1
    acc = (acc ^ (acc >> 33)) * P2 & MASK
    acc = (acc ^ (acc >> 29)) * P3 & MASK
    return acc ^ (acc >> 32)


def mix64(x):
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB & MASK
    return x ^ (x >> 31)


class Ring:
    """Of (slot, weight), each slot once, few enough that nobody's points are halved."""

    def __init__(self, members):
        points, summary = [], []
        for slot, weight in members:
            node = xxh64(slot.encode())
            count = 64 * max(1, (weight * 16 + 50) // 100)
            points += [(mix64(node ^ mix64(i)), node, slot) for i in range(count)]
            summary.append((node, count))
        self.points = sorted(points)
        self.places = [place for place, _, _ in self.points]
        entries = (node.to_bytes(8, "little") + count.to_bytes(4, "little") for node, count in sorted(summary))
        self.digest = xxh64(b"".join(entries))

    def owner(self, key):
        at = bisect.bisect_left(self.places, xxh64(key))
        return self.points[at % len(self.points)][2]


MEMBERS = [
    ("cart-0", 100),
    ("cart-1", 100),
    ("cart-2", 50),
    ("cart-3", 250),
    ("10.0.0.7:9000", 100),
    ("[::1]:50051", 103),
    ("käse", 104),
    ("a slot whose name is longer than the thirty-two bytes of a stripe", 100),
    ("light", 1),
    ("9", 100),
]


def key(i):
    """Keys of every length up to some stripes, as texts, numbers and bytes that are no text."""
    return [
        f"cart-{i}".encode(),
        str(i * 7919 - 40_000_000).encode(),
        i.to_bytes(8, "big") + b"\xff",
        b"x" * (i % 97) + str(i).encode(),
    ][i % 4]


def golden():
    ring = Ring(MEMBERS)
    letters = {slot: str(index) for index, (slot, _) in enumerate(MEMBERS)}
    owners = "".join(letters[ring.owner(key(i))] for i in range(10_000))
    lines = [f"{weight} {slot}" for slot, weight in MEMBERS]
    lines.append(f"digest {ring.digest:016x}")
    lines += [owners[at : at + 100] for at in range(0, len(owners), 100)]
    return "\n".join(lines) + "\n"


def each():
    members, keys = sys.stdin.read().split("\n\n", 1)
    split = (line.split(" ", 1) for line in members.splitlines())
    ring = Ring([(slot, int(weight)) for weight, slot in split])
    for line in keys.splitlines():
        print(ring.owner(bytes.fromhex(line)))


def main():
    if xxh64(b"") != 0xEF46DB3751D8E999 or xxh64(b"abc") != 0x44BC2CF5AD770999:
        sys.exit("this XXH64 is none")
    match sys.argv[1:]:
        case []:
            sys.stdout.write(golden())
        case ["--each"]:
            each()
        case ["--check"]:
            if golden() != pathlib.Path(__file__).with_name("owners.txt").read_text():
                sys.exit("owners.txt is not what docs/routing.md says: `owners.py > owners.txt` writes it")
            print("10,000 keys have the owners of owners.txt")
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
