"""What is kept of a package, and what is said when it cannot be had."""

import pathlib
import tempfile
import threading
import unittest
from unittest import mock

import fetch


class Fetching(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.sets = pathlib.Path(scratch.name)

    def fetch(self, package, files):
        asked = []

        def client(package, scratch):
            asked.append(package)
            return [(name, name.encode) for name in files]

        with mock.patch.dict(fetch.CLIENTS, {"test": client}), mock.patch("sys.stderr"):
            folder = fetch.fetch(package, self.sets)
        found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
        return found, asked

    def test_only_proto_files_of_the_folder_are_kept_under_the_prefix(self):
        package = fetch.Package("test", "p", "1", folder="in", prefix="x/y")
        found, _ = self.fetch(package, ["in/a.proto", "in/b/c.proto", "in/d.go", "inner/e.proto", "f.proto"])
        self.assertEqual(found, ["x/y/a.proto", "x/y/b/c.proto"])

    def test_what_is_there_is_not_fetched_again_unless_it_is_asked_for_otherwise(self):
        package = fetch.Package("test", "p", "1")
        self.assertEqual(self.fetch(package, ["a.proto"]), (["a.proto"], [package]))
        self.assertEqual(self.fetch(package, ["b.proto"]), (["a.proto"], []))
        moved = fetch.Package("test", "p", "1", prefix="x")
        self.assertEqual(self.fetch(moved, ["b.proto"]), (["x/b.proto"], [moved]))

    def test_what_was_interrupted_is_done_again(self):
        package = fetch.Package("test", "p", "1")
        (self.sets / package.label()).mkdir()
        (self.sets / package.label() / "half.proto").write_text("", encoding="utf-8")
        self.assertEqual(self.fetch(package, ["a.proto"]), (["a.proto"], [package]))

    def test_a_package_without_files_or_with_some_outside_of_it_is_refused(self):
        for files, said in ((["a.txt"], "has no .proto file"), (["../a.proto"], "outside of itself")):
            with self.assertRaisesRegex(fetch.FetchFailed, f"test p 1 .*{said}"):
                self.fetch(fetch.Package("test", "p", "1"), files)

    def test_several_are_fetched_at_once_and_a_failure_is_told(self):
        both = threading.Barrier(2)

        def client(package, scratch):
            if package.name == "broken":
                raise fetch.FetchFailed("broken")
            both.wait(timeout=60)
            return [("a.proto", lambda: b"")]

        with mock.patch.dict(fetch.CLIENTS, {"test": client}), mock.patch("sys.stderr"):
            fetch.fetch_all([fetch.Package("test", name, "1") for name in "pq"], self.sets)
            self.assertTrue((self.sets / "test-p-1" / "a.proto").is_file())
            self.assertTrue((self.sets / "test-q-1" / "a.proto").is_file())
            with self.assertRaisesRegex(fetch.FetchFailed, "broken"):
                fetch.fetch_all([fetch.Package("test", "broken", "1")], self.sets)

    def test_a_client_that_is_missing_is_named_with_how_to_install_it(self):
        with mock.patch("shutil.which", return_value=None), mock.patch("sys.stderr"):
            for registry, tool in (("npm", "npm"), ("go", "go"), ("crates", "cargo")):
                with self.assertRaisesRegex(fetch.FetchFailed, f"needs `{tool}`, .*Install it: "):
                    fetch.fetch(fetch.Package(registry, "p", "1"), self.sets)

    def test_a_client_that_fails_is_quoted(self):
        package = fetch.Package("test", "p", "1")
        with self.assertRaisesRegex(fetch.FetchFailed, "(?s)test p 1: `sh .*failed.*no network"):
            fetch.run(["sh", "-c", "echo no network >&2; exit 1"], package, self.sets)


if __name__ == "__main__":
    unittest.main()
