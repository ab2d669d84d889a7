"""What is sampled, how it is put into crates, and what is read from cargo."""

import io
import unittest

import check
import report
import sample


class Sampling(unittest.TestCase):
    def test_small_sets_are_taken_whole(self):
        self.assertIsNone(sample.parts(["a"] * 3, lambda _: "", sample.Bounds(3, 1)))

    def test_of_large_ones_whole_packages_are_taken_until_there_are_enough(self):
        files = [f"{package}/{number}.proto" for package in "abcdefgh" for number in range(5)]
        parts = sample.parts(files, lambda file: f"// x\npackage p.{file[0]} ;\n", sample.Bounds(10, 12))
        chosen = [file for part in parts for file in part]
        self.assertEqual(len(chosen), 15)
        self.assertTrue(all(sum(file[0] == one[0] for file in chosen) == 5 for one in chosen))
        self.assertEqual(parts, sample.parts(files[::-1], lambda f: f"package p.{f[0]};", sample.Bounds(10, 12)))

    def test_bundles_divide_no_group(self):
        self.assertEqual(sample.bundled([["c", "a"], ["b"], ["d"], ["e", "f", "g", "h"]], 3), [
            ["a", "b", "c"],
            ["d"],
            ["e", "f", "g", "h"],
        ])


class Crates(unittest.TestCase):
    def test_a_crate_has_code_of_one_set_and_not_too_much(self):
        size = check.CRATE_FILES
        pieces = [check.Piece(name, "x", files, {}) for name, files in (("a", size), ("b", 1), ("a", 2), ("C", 3))]
        crates = check.crates_of(pieces)
        self.assertEqual(sorted(crates), ["corpus-a-0", "corpus-a-1", "corpus-b-0", "corpus-c-0"])
        self.assertEqual([piece.files for piece in crates["corpus-a-1"]], [2])

    def test_a_failure_names_the_set_and_shows_the_first_messages(self):
        crates = {"corpus-a-0": [check.Piece("a set", "x", 1, {})]}
        messages = ["error: aborting due to 4 previous errors", *(f"error {n}" for n in range(5))]
        said = check.failure(crates, "corpus_a_0_e2021", messages)
        self.assertIn("(a set): 5 messages\nerror 0", said)
        self.assertIn("… and 2 more", said)
        self.assertNotIn("aborting", said)


class Printing(unittest.TestCase):
    def test_a_table_is_aligned(self):
        self.assertEqual(report.table([("set", "files"), ("a", 10), ("long", 5)]), [
            "set   files",
            "a        10",
            "long      5",
        ])

    def test_a_bar_is_shown_on_a_terminal_alone(self):
        for terminal in (False, True):
            stream = io.StringIO()
            stream.isatty = lambda terminal=terminal: terminal
            with report.Progress(stream).bar("sets", 2) as step:
                step()
            self.assertEqual("sets [############............] 1/2" in stream.getvalue(), terminal)
            self.assertEqual(bool(stream.getvalue()), terminal)


if __name__ == "__main__":
    unittest.main()
