"""Tests `just breaking`: makes typical breaking edits on a copy of the contract and checks that
buf refuses each. UNDETECTED lists breaking edits that buf does not detect; the test fails as
soon as buf detects one, so that the list stays correct."""
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SERVICE = "bookstore/inventory/v1/inventory_service.proto"
BOOK = "bookstore/inventory/v1/book.proto"
RECOMMEND = "bookstore/recommendations/v1/recommendation_service.proto"
PAYMENT = "legacy/payment/payment.proto"

# (description, file, pattern, replacement); optionally (text, replacement) for a second edit
DETECTED = [
    ("a field is removed", PAYMENT, r"  string user_id = 4;\n", ""),
    ("a field is renumbered", PAYMENT, r"user_id = 4", "user_id = 5"),
    ("a field is retyped", PAYMENT, r"double amount", "float amount"),
    ("a field is renamed", PAYMENT, r"string user_id", "string account_id"),
    ("a field becomes repeated", PAYMENT, r"string user_id", "repeated string user_id"),
    ("a field loses `optional`", BOOK, r"optional int32 publication_year", "int32 publication_year"),
    ("an enum value is removed", BOOK, r"  // Poems and collections of poems\.\n  BOOK_CATEGORY_POETRY = 14;\n", ""),
    ("an enum value is renamed", BOOK, r"BOOK_CATEGORY_POETRY", "BOOK_CATEGORY_VERSE"),
    ("a method is removed", PAYMENT, r"  rpc ProcessPayment.*?;\n", ""),
    ("a method's request becomes a stream", PAYMENT, r"ProcessPayment\(", "ProcessPayment(stream "),
    ("a method's response changes its type", PAYMENT, r"returns \(PaymentResponse\)", "returns (PaymentRequest)"),
    ("a method is no longer idempotent", RECOMMEND, r"\n    option idempotency_level = NO_SIDE_EFFECTS;", ""),
    ("a message is removed", SERVICE, r"// The new stock, with the number of reserved copies\.\nmessage SetStockResponse.*?\n}\n", "", "SetStockResponse", "SetStockRequest"),
    ("the package is renamed", PAYMENT, r"package payment;", "package payments;"),
]
UNDETECTED = [
    ("a required rule is added to an existing field", BOOK,
     r'\(proofread\.v1\.unset\) = "the year is unknown",', "(buf.validate.field).required = true,"),
    ("a rule is tightened", RECOMMEND, r"lte: 100\b", "lte: 10"),
    ("an error is no longer declared", RECOMMEND, r"CATALOGUE_UNAVAILABLE", "CATALOGUE_GONE"),
]


def is_refused(edit):
    description, file, pattern, replacement, *second = edit
    with tempfile.TemporaryDirectory() as folder:
        for name in ("buf.yaml", "proto", ".deps", "conformance/released"):
            source, copy = ROOT / name, Path(folder) / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(source, copy) if source.is_dir() else shutil.copy(source, copy)
        path = Path(folder) / "proto" / file
        text, count = re.subn(pattern, replacement, path.read_text(), count=1, flags=re.S)
        if count != 1:
            sys.exit(f"{description}: nothing in {file} matches {pattern!r}; correct the edit")
        if second:
            text = text.replace(second[0], second[1])
        path.write_text(text)
        if subprocess.run(["buf", "build", "proto", "-o", "/dev/null"], cwd=folder, capture_output=True).returncode:
            sys.exit(f"{description}: the edited contract does not build; correct the edit")
        against = ["--against", "conformance/released/contract.binpb"]
        result = subprocess.run(["buf", "breaking", "proto", *against], cwd=folder, capture_output=True, text=True)
        return result.returncode != 0, result.stdout.strip()


def main():
    failed = 0
    for edits, expected in ((DETECTED, True), (UNDETECTED, False)):
        for edit in edits:
            refused, output = is_refused(edit)
            failed += refused != expected
            result = "refused" if refused else "not detected"
            print(f"{'ok' if refused == expected else 'FAILED'}: {edit[0]}: {result}. {output[:160]}")
    total = len(DETECTED) + len(UNDETECTED)
    print(f"buf does not detect: {'; '.join(edit[0] for edit in UNDETECTED)}")
    print(f"{total - failed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
