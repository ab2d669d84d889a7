"""Chooses which files of the corpus are type-checked: small sets whole, of large ones whole packages.

The choice depends on names alone, so that it is the same everywhere. Knows
nothing of compilers.
"""

import dataclasses
import hashlib
import re

# Sets of up to so many files are taken whole.
WHOLE = 600
# Files of a larger one.
SHARE = 800
# The same in the bounded form.
QUICK_WHOLE = 12
QUICK_SHARE = 5
# Files that are compiled together of a set that is not taken whole: their code is one crate.
TOGETHER = 150

PACKAGE = re.compile(r"^\s*package\s+([\w.]+)\s*;", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Bounds:
    """Up to how many files a set is taken whole, and how many are taken of a larger one."""

    whole: int = WHOLE
    share: int = SHARE


QUICK = Bounds(QUICK_WHOLE, QUICK_SHARE)


def parts(files, text, bounds=Bounds()):
    """Gives lists of files that are compiled together: None if the set is taken whole. `text` gives what a file says."""
    if len(files) <= bounds.whole:
        return None
    packages = {}
    for file in files:
        found = PACKAGE.search(text(file))
        packages.setdefault(found[1] if found else "", []).append(file)
    chosen = []
    for package in sorted(packages, key=rank):
        if sum(map(len, chosen)) >= bounds.share:
            break
        chosen.append(packages[package])
    return bundled(chosen, TOGETHER)


def rank(package):
    """An order that has nothing to do with names, so that neighbours are not chosen together."""
    return hashlib.sha256(package.encode()).digest(), package


def bundled(groups, size):
    """Joins groups, in order, until each bundle has `size` files; no group is divided."""
    bundles = []
    for group in groups:
        if bundles and len(bundles[-1]) + len(group) <= size:
            bundles[-1] = sorted(bundles[-1] + group)
        else:
            bundles.append(sorted(group))
    return bundles
