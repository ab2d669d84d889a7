"""What a set is made of, and which refusals its list expects."""

import pathlib
import tempfile
import unittest

import sets


class Rejections(unittest.TestCase):
    def test_lines_are_read_with_the_reason_to_their_end(self):
        text = "# a comment\n\na  x/*.proto  M0001  it is  broken # why\na import:y M0011 gone\nb edition: M0301 new\n"
        rules = sets.read_rejections(text)
        self.assertEqual([rule.files for rule in rules["a"]], ["x/*.proto", "import:y"])
        self.assertEqual(rules["a"][0].reason, "it is  broken")
        self.assertEqual(rules["b"], [sets.Rejection("edition:", "M0301", "new")])

    def test_a_line_without_a_reason_is_refused(self):
        with self.assertRaisesRegex(sets.BadArgument, "rejected.txt:2: expected SET FILES CODE REASON"):
            sets.read_rejections("\na x.proto M0001\n")

    def test_each_form_fits_what_it_is_about_and_nothing_else(self):
        pattern = sets.Rejection("a/*.proto", "M0001", "")
        self.assertTrue(pattern.fits("a/b.proto", "", ""))
        self.assertFalse(pattern.fits("b/a/c.proto", "", ""))
        missing = sets.Rejection("import:a/*", "M0011", "")
        self.assertTrue(missing.fits("x.proto", "import `a/b.proto` not found", ""))
        self.assertFalse(missing.fits("a/x.proto", "import `b.proto` not found", ""))
        edition = sets.Rejection("edition:", "M0301", "")
        self.assertTrue(edition.fits("x.proto", "", '// ours\n  edition = "2023";'))
        self.assertFalse(edition.fits("x.proto", "", 'syntax = "proto3";\nmessage M { int32 edition = 1; }'))

    def test_the_list_is_of_sets_that_exist(self):
        rules = sets.read_rejections(sets.REJECTED.read_text(encoding="utf-8"))
        self.assertLessEqual(set(rules), set(sets.names()))


class Folders(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name).resolve()
        for name in ("own/b/c.proto", "own/a.proto", "own/no.txt", "more/d.proto", "empty/no.txt"):
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("", encoding="utf-8")

    def test_the_first_folder_has_the_files_and_the_others_are_imported_from(self):
        one = sets.of_argument(f"{self.folder}/own:{self.folder}/more")
        self.assertEqual(one.files, ["a.proto", "b/c.proto"])
        self.assertEqual(one.roots, [self.folder / "own", self.folder / "more"])

    def test_what_is_no_folder_or_has_no_file_is_said(self):
        for argument, said in (("own:gone", "gone"), ("", "is no folder"), ("empty", "no .proto file below")):
            argument = ":".join(f"{self.folder}/{part}" if part else "" for part in argument.split(":"))
            with self.assertRaisesRegex(sets.BadArgument, said):
                sets.of_argument(argument)


class Plans(unittest.TestCase):
    def test_names_are_unique_and_versions_pinned(self):
        self.assertEqual(len(sets.names()), len(set(sets.names())))
        for plan in sets.PLANS:
            for root in (*plan.own, *plan.imports):
                self.assertRegex(root.package.version, r"^v?\d|^installed$", plan.name)

    def test_an_unknown_set_is_refused_with_those_that_there_are(self):
        with self.assertRaisesRegex(sets.BadArgument, "no set `nowhere`; there are: googleapis"):
            sets.ready(["nowhere"])

    def test_patterns_choose(self):
        root = sets.Root(sets.GOOGLE, only=("a/*",), without=("a/b/*",))
        self.assertEqual([sets.chosen(name, root) for name in ("a/x", "a/b/x", "x")], [True, False, False])


if __name__ == "__main__":
    unittest.main()
