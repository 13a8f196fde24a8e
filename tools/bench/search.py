"""Searches at 10,000 and 1,000,000 books."""
import json
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

import grpc
from imports import timed_import
from servers import ROOT, cpu_seconds, line_matching, resident_megabytes, up

sys.path.insert(0, str(ROOT / "gen/python"))
from bookstore.inventory.v1 import inventory_service_pb2 as inventory  # noqa: E402
from bookstore.inventory.v1 import inventory_service_pb2_grpc as services  # noqa: E402
from bookstore.inventory.v1 import search_pb2  # noqa: E402

QUERIES = 200
PAGE_SIZE = 24
DEEP_PAGES = (0, 100, 10_000, 200_000)
# The frequencies of words in titles fall like those of Zipf's law; the commonest of all are these.
COMMON = ("the", "a", "of", "and", "love", "in", "to", "my", "night", "girl", "life", "book", "house", "world", "man")
SYLLABLES = ("ka", "re", "mi", "no", "sta", "ber", "lin", "dor", "ves", "tan", "gal", "pho", "rix", "wen", "sol", "ud")


def vocabulary(generator):
    words = list(COMMON)
    known = set(words)
    while len(words) < 60_000:
        word = "".join(generator.choice(SYLLABLES) for _ in range(generator.randint(2, 4)))
        if word not in known:
            known.add(word)
            words.append(word)
    return words


def write_titles(path, count):
    """Writes a catalogue; returns some of its titles and authors."""
    generator = random.Random(7)
    words = vocabulary(generator)
    weights = [1 / (rank + 3) for rank in range(len(words))]
    names = [f"{generator.choice(words[40:]).title()} {generator.choice(words[40:]).title()}" for _ in range(max(count // 5, 1))]
    examples = []
    with open(path, "w") as file:
        file.write("id,title,authors,year,category,price,stock\n")
        for first in range(0, count, 10_000):
            lengths = [generator.randint(1, 7) for _ in range(min(10_000, count - first))]
            drawn = iter(generator.choices(words, weights, k=sum(lengths)))
            for number, length in enumerate(lengths, first + 1):
                title = " ".join(next(drawn) for _ in range(length)).title()
                author = names[generator.randrange(len(names))]
                file.write(f"{number},{title},{author},{1900 + number % 125},{('general', 'mystery', 'poetry')[number % 3]},{5 + number % 60}.99,{number % 9}\n")
                if number % (count // 200) == 0:
                    examples.append((title, author))
    return examples


def queries(examples):
    """One-letter beginnings, the commonest words, whole and unfinished titles, authors, misspelled words."""
    generator = random.Random(11)
    chosen = [letter for letter in "abcdefghijklmnopqrstuvwxyz"] + list(COMMON) + ["the a", "love of the", "th", "lo", "sta"]
    makers = (
        lambda title, author: title,
        lambda title, author: title[:max(3, len(title) * 2 // 3)].strip(),
        lambda title, author: author,
        lambda title, author: f"{author.split()[-1]} {title.split()[0]}",
        lambda title, author: misspelled(generator, author),
    )
    while len(chosen) < QUERIES:
        title, author = generator.choice(examples)
        chosen.append(makers[len(chosen) % len(makers)](title, author)[:100])
    return chosen


def misspelled(generator, text):
    place = generator.randrange(1, len(text) - 1)
    return text[:place] + text[place + 1:]


def anonymous_megabytes(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1024
    return 0


def timed(stub, pid, requests):
    """The times of the calls, and the processor time of the server for each, in ms."""
    times = []
    before = cpu_seconds(pid)
    for request in requests:
        began = time.monotonic()
        stub.SearchBooks(request, timeout=30)
        times.append((time.monotonic() - began) * 1000)
    return sorted(times), (cpu_seconds(pid) - before) * 1000 / len(times)


def dearest(stub, pid, texts):
    """The processor time of the dearest of some queries, in ms: the clock of the kernel has ticks of 10 ms."""
    repeats = 20
    costs = {}
    for text in texts:
        request = inventory.SearchBooksRequest(query=text, page_size=PAGE_SIZE, with_facets=True)
        costs[text] = timed(stub, pid, [request] * repeats)[1]
    return max(costs.items(), key=lambda item: item[1])


def wait_until_indexed(stub, count):
    """An import has ended when its books are found, but the server begins with another process."""
    for _ in range(600):
        try:
            if stub.SearchBooks(inventory.SearchBooksRequest(query="the"), timeout=30).total_count:
                return
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE:
                raise
        time.sleep(0.1)
    sys.exit(f"the {count} books are not indexed")


def measure(count, rounds):
    with tempfile.TemporaryDirectory(prefix="bindery-bench-") as folder:
        path = Path(folder) / "books.csv"
        examples = write_titles(path, count)
        import_seconds, _ = timed_import(path, f"{folder}/data")
        with up(folder, "--log=warn") as bookstore:
            address = line_matching(bookstore, r"gRPC\s+(\S+)")
            with grpc.insecure_channel(address) as channel:
                stub = services.InventoryServiceStub(channel)
                wait_until_indexed(stub, count)
                texts = queries(examples)
                mixed = [inventory.SearchBooksRequest(query=text, page_size=PAGE_SIZE, with_facets=True) for text in texts]
                timed(stub, bookstore.pid, mixed)  # warms up
                runs = [timed(stub, bookstore.pid, mixed) for _ in range(rounds)]
                deep = {skip: timed(stub, bookstore.pid, [inventory.SearchBooksRequest(query="the", page_size=PAGE_SIZE, skip=skip)] * 10)
                        for skip in DEEP_PAGES}
                by_title = timed(stub, bookstore.pid, [inventory.SearchBooksRequest(query="the", order=search_pb2.SEARCH_ORDER_TITLE)] * 10)
                return {
                    "import": import_seconds,
                    "p50": statistics.median(run[0][len(run[0]) // 2] for run in runs),
                    "p99": statistics.median(run[0][len(run[0]) * 99 // 100] for run in runs),
                    "cpu": statistics.median(run[1] for run in runs),
                    "dearest": dearest(stub, bookstore.pid, [*COMMON, *"abcdefghijklmnopqrstuvwxyz"]),
                    "deep": {skip: statistics.median(times) for skip, (times, _) in deep.items()},
                    "by title": statistics.median(by_title[0]),
                    "memory": resident_megabytes(bookstore.pid),
                    "anonymous": anonymous_megabytes(bookstore.pid),
                }


def search(rounds, counts=(10_000, 1_000_000)):
    print(f"\nSearch with facets, {QUERIES} mixed queries, {rounds} turns, medians", flush=True)
    results = {count: measure(count, rounds) for count in counts}
    for count, it in results.items():
        text, cost = it["dearest"]
        print(f"  {count:>9,} books: p50 {it['p50']:6.2f} ms   p99 {it['p99']:6.2f} ms   CPU {it['cpu']:6.2f} ms a query, at most {cost:.1f} ms ({text})")
        print(f"    memory {it['memory']:.0f} MB, of which {it['anonymous']:.0f} MB are not files; import with index {it['import']:.1f} s")
        pages = "   ".join(f"{skip:,}: {ms:.2f} ms" for skip, ms in it["deep"].items())
        print(f"    pages of 'the' behind so many books: {pages}; sorted by title {it['by title']:.2f} ms")
    small, large = (results[count] for count in counts)
    ratios = {name: large[name] / small[name] for name in ("p50", "p99", "cpu")}
    print("  ratios: " + "   ".join(f"{name} {ratio:.1f}" for name, ratio in ratios.items()))
    print("  targets: p50 within 2 times, p99 within 3 times and under 20 ms of CPU; memory under 200 MB")
