"""Tests that schemathesis finds what is wrong in a document of the running bookstore."""
import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
DOCUMENT = json.loads((FOLDER.parents[1] / "gen/openapi.json").read_text())
PATH = "/v1/books/{book_id}"


class Documents(unittest.TestCase):
    def check(self, change):
        """Changes the description of one operation, and returns what a test by it ends with and writes."""
        document = json.loads(json.dumps(DOCUMENT))
        document["paths"] = {PATH: document["paths"][PATH]}
        change(document["paths"][PATH]["get"], document["components"]["schemas"])
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            shutil.copy(FOLDER / "schemathesis.toml", folder)
            for identifiers in ("orders", "reservations", "reviews", "sessions", "transactions"):
                (folder / f"{identifiers}.dict").write_text('"unused"\n')
            (folder / "openapi.json").write_text(json.dumps(document))
            run = subprocess.run(
                [
                    FOLDER.parents[1] / ".tools/schemathesis/bin/schemathesis",
                    f"--config-file={folder}/schemathesis.toml",
                    "run",
                    f"{folder}/openapi.json",
                    f"--url=http://{os.environ['BINDERY_GRPC']}",
                ],
                cwd=FOLDER.parents[1], capture_output=True, text=True,
            )
        return run.returncode, run.stdout + run.stderr

    def assert_finding(self, finding, change):
        code, output = self.check(change)
        self.assertEqual(code, 1, output)
        self.assertIn(finding, output)

    def test_document_of_the_bookstore_has_no_finding(self):
        code, output = self.check(lambda operation, schemas: None)
        self.assertEqual(code, 0, output)

    def test_required_field_that_is_not_sent_is_found(self):
        def change(_, schemas):
            schemas["bookstore.inventory.v1.Book"]["required"].append("shelf")

        self.assert_finding("Response violates schema", change)

    def test_wrong_type_is_found(self):
        def change(_, schemas):
            schemas["bookstore.inventory.v1.Book"]["properties"]["title"]["type"] = "integer"

        self.assert_finding("Response violates schema", change)

    def test_status_that_is_not_described_is_found(self):
        def change(operation, _):
            del operation["responses"]["404"], operation["responses"]["default"]

        self.assert_finding("Undocumented status code", change)

    def test_missing_rule_of_a_parameter_is_found(self):
        def change(operation, _):
            operation["parameters"][0]["schema"]["minimum"] = -5

        self.assert_finding("valid_request_keeps_the_rules", change)


if __name__ == "__main__":
    unittest.main(verbosity=2)
