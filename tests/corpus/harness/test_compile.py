"""When a set fails, and how its process is measured."""

import os
import pathlib
import select
import tempfile
import unittest

import compile
import sets

EDITION = 'edition = "2023";'


class Judging(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    def judge(self, files, rules, refused, accepted, least=0):
        for name, text in files.items():
            (self.folder / name).write_text(text, encoding="utf-8")
        one = sets.Set("s", [self.folder], sorted(files), least, [sets.Rejection(*rule) for rule in rules])
        rejected = [
            {"file": file, "at": at, "line": 1, "code": code, "message": message}
            for file, at, code, message in refused
        ]
        return compile.judge(one, [{"files": accepted}], rejected)

    def test_what_is_expected_passes_and_so_does_who_imports_it(self):
        files = {"a": EDITION, "b": "", "c": "", "d": ""}
        rules = [("edition:", "M0301", "r"), ("import:gone", "M0011", "r")]
        refused = [
            ("a", "a", "M0301", "edition"),
            ("b", "a", "M0301", "edition"),
            ("c", "c", "M0011", "import `gone` not found"),
        ]
        self.assertEqual(self.judge(files, rules, refused, ["d"]), [])

    def test_each_way_to_fail_is_said(self):
        cases = (
            ("unexpected", [], [("a", "a", "M0001", "broken")], ["b"], 0, "a is refused: a:1: M0001 broken"),
            ("code", [("a", "M0002", "r")], [("a", "a", "M0001", "x")], ["b"], 0, "a should be refused with M0002"),
            ("accepted", [("?", "M0001", "r")], [("a", "a", "M0001", "x")], ["b"], 0, "b should be refused with M0001"),
            ("nothing", [("import:y", "M0011", "r")], [], ["a", "b"], 0, "nothing is refused by `import:y M0011`"),
            ("few", [], [], ["a", "b"], 3, "2 files are accepted, and 3 should be"),
            ("lost", [], [], ["a"], 0, "of 2 files, 1 are accepted and 0 refused"),
        )
        for name, rules, refused, accepted, least, said in cases:
            with self.subTest(name):
                failures = self.judge({"a": "", "b": ""}, rules, refused, accepted, least)
                self.assertTrue(any(said in failure for failure in failures), failures)


class Measuring(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    def test_a_process_is_heard_and_measured(self):
        ended, out, err, cost = compile.measure(["sh", "-c", "echo out; echo err >&2"], self.folder, 60)
        self.assertEqual((ended, out, err), ("", "out\n", "err\n"))
        self.assertGreater(cost.peak, 0)
        self.assertGreaterEqual(cost.wall, 0)

    def test_how_it_ended_is_said(self):
        for script, said in (("exit 101", "exit code 101"), ("kill -SEGV $$", "ended by SIGSEGV")):
            ended, *_ = compile.measure(["sh", "-c", script], self.folder, 60)
            self.assertIn(said, ended)

    def test_one_that_hangs_is_ended_with_what_it_started(self):
        # Both write to the pipe: it is at its end only when neither is left.
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        script = "tail -f /dev/null > pipe & tail -f /dev/null > pipe"
        ended, *_ = compile.measure(["sh", "-c", script], self.folder, 0.3)
        self.assertEqual(ended, "took over 0 s")
        readable, _, _ = select.select([reader], [], [], 20)
        self.assertTrue(readable, "what it started still runs")
        self.assertEqual(os.read(reader, 1), b"")


class Names(unittest.TestCase):
    def test_a_slug_is_one_folder_and_that_of_no_other_name(self):
        names = ("etcd", "/a/b:../c", "a/b", "a-b", "a.b", "..", ".", "a b")
        slugs = [compile.slug(name) for name in names]
        self.assertEqual(slugs[0], "etcd")
        self.assertEqual(len(set(slugs)), len(names))
        for slug in slugs:
            self.assertRegex(slug, r"^\w[\w-]*$")


if __name__ == "__main__":
    unittest.main()
