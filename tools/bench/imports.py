"""The import of catalogues."""
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from servers import RELEASE


def write_books(path, count):
    with open(path, "w") as file:
        file.write("id,title,authors,year,category,price,stock\n")
        for number in range(1, count + 1):
            file.write(f"{number},The {number} Lives of Book {number % 977},Author {number % 4999},"
                       f"{1900 + number % 125},general,{5 + number % 30}.99,{number % 50}\n")


def timed_import(file, data):
    """The seconds of an import into a data folder, and the largest memory in MB."""
    began = time.monotonic()
    # For files without prices, such as books.csv of goodbooks-10k.
    child = subprocess.Popen([RELEASE / "bookstore", "import", file, f"--data={data}", "--default-price=9.99"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    output = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    elapsed = time.monotonic() - began
    if status != 0:
        sys.exit(f"import failed:\n{output[-2000:]}")
    return elapsed, usage.ru_maxrss / 1024


def timed_import_into_new_folder(file):
    with tempfile.TemporaryDirectory(prefix="bindery-bench-") as folder:
        return timed_import(file, f"{folder}/data")


def imports(rounds, books):
    print("\nImport into an empty SQLite data folder")
    with tempfile.TemporaryDirectory(prefix="bindery-bench-") as folder:
        cases = []
        for count in (10_000, 100_000, 1_000_000):
            path = Path(folder) / f"{count}.csv"
            write_books(path, count)
            cases.append((f"{count:>9,} generated books", path, rounds if count == 10_000 else 1))
        if books:
            cases.insert(0, (f"{books.name}", books, rounds))
        for name, path, turns in cases:
            runs = [timed_import_into_new_folder(path) for _ in range(turns)]
            seconds = statistics.median(run[0] for run in runs)
            print(f"  {name:<28} median {seconds:7.2f} s   peak {max(run[1] for run in runs):6.1f} MB")
    print("  targets: 10,000 books in 2 s; 1,000,000 in constant memory")
