"""What visitors may expect. A run that misses a budget exits with 1."""

# Of all requests, how many may fail.
MOST_FAILURES = 0.001

# The 95th percentile of each step in milliseconds, with all visitors and the shop on two cores.
DEFAULT_MS = 400
MS = {
    # A password is hashed on purpose slowly, and few are hashed at once.
    "sign up": 3000,
    "sign in": 3000,
    # From the button to the mail in the mailbox.
    "mail arrives": 3000,
    # From the answer of the checkout to the page that says so; the page is read each 100 ms.
    "order is paid": 2000,
    "order is declined": 2000,
}

# A run in which no visitor came so far would say nothing.
REQUIRED = (
    "home", "category", "book", "search", "suggestions", "cart", "add to cart", "change cart", "remove from cart",
    "sign up", "mail arrives", "verify", "sign in", "checkout", "order", "order is paid", "order is declined",
    "orders", "cancel", "reviews", "write review", "account", "sign out",
)


def missed(stats, slower):
    """Each budget that was missed, as one line. `stats` are those of locust; everything may take
    `slower` times longer."""
    entries = {entry.name: entry for entry in stats.entries.values()}
    for name, entry in sorted(entries.items()):
        budget, actual = slower * MS.get(name, DEFAULT_MS), entry.get_response_time_percentile(0.95)
        if actual > budget:
            yield f"{name}: the 95th percentile is {actual:.0f} ms, and {budget:.0f} ms are allowed"
    if stats.total.fail_ratio > MOST_FAILURES:
        yield f"{stats.total.num_failures} of {stats.total.num_requests} requests failed"
        for error in stats.errors.values():
            yield f"  {error.occurrences} x {error.name}: {error.error}"
    for name in REQUIRED:
        if name not in entries or not entries[name].num_requests:
            yield f"{name}: no visitor came so far"
