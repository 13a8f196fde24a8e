"""Removes one guard of the checkout and of the payments at a time, in a copy of the sources, and runs
tests of the crate, on SQLite only. A guard that no test misses is a survivor: prints the table, and
exits with 1 if there is one. Arguments: parts of the names of the guards to remove (default: all)."""
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COPY = ROOT / "target/mutations/source"
# A test may wait for ever for something that the guard does.
TEST_SECONDS = 240

SAGA = "rust/cart/src/domain/saga.rs"
PLACE = "rust/cart/src/service/checkout/place.rs"
ADVANCE = "rust/cart/src/service/checkout/advance.rs"
PAYMENTS = "rust/cart/src/payments.rs"
CHARGE = "rust/transactions/src/service/charge.rs"
RESOLUTION = "rust/cart/src/domain/resolution.rs"
OPERATOR = "rust/cart/src/service/checkout/operator.rs"
REFUND = "rust/transactions/src/service/refund.rs"
RESOLVE_PAYMENT = "rust/transactions/src/service/resolve.rs"
CART_DATA = "rust/cart/src/service/checkout/account_data.rs"
POST = "rows::ledger::post(transaction, &posting, currency, &entries, now).await?;"

# What is done wrong; the file; the text, which occurs once in it; the text in its place.
MUTATIONS = [
    ("commit before the charge", SAGA,
     "ChargeState::None => Some(Step::RequestCharge)", "ChargeState::None => Some(Step::Commit)"),
    ("do not release the copies", SAGA,
     "if self.hold == HoldState::Held => {", "if self.hold == HoldState::Held && self.lines.is_empty() => {"),
    ("do not settle the charge of a cancelled order", SAGA,
     "ChargeState::Requested => Some(Step::Settle)", "ChargeState::Requested => None"),
    ("do not refund", SAGA, "Some(Step::Refund)", "None"),
    ("accept a second charge", SAGA,
     "ChargeState::Charged if self.transaction_id == Some(*transaction_id) => {}", "ChargeState::Charged => {}"),
    ("keep the copies of a cart that has changed", PLACE,
     "Err(CartError::CartEmpty | CartError::CartChanged)", "Err(CartError::CartEmpty)"),
    ("keep the lines of a failed order", SAGA, "LinesBack(fails)", "LinesBack(fails && self.lines.is_empty())"),
    ("charge with a new key each time", PAYMENTS,
     'request_id: step_key(order, "charge").to_string()', "request_id: Uuid::now_v7().to_string()"),
    ("reserve with a new key each time", PLACE,
     "let key = request.reservation_key(number);",
     "let key = Uuid::now_v7(); let _ = request.reservation_key(number);"),
    ("do not empty the cart", PLACE, "rows::carts::delete(transaction, owner).await?;", ""),
    ("order a cart that has changed", PLACE, "if current != *items {", "if current != *items && current.is_empty() {"),
    ("do not tell the background task of an order", PLACE, "enqueue(transaction, &order, now).await?;", ""),
    ("charge after the reservation may have expired", ADVANCE,
     "Step::RequestCharge | Step::Charge if is_late =>",
     "Step::RequestCharge | Step::Charge if is_late && order.lines.is_empty() =>"),
    ("wait for ever", ADVANCE, "order.waiting_since) > limit {", "order.waiting_since) > limit && order.lines.is_empty() {"),
    ("charge without the ledger", CHARGE, POST, "let _ = (posting, currency);"),
    ("do not resume a charge", CHARGE, "self.enqueue_resume(transaction, pending).await?;", "let _ = pending;"),
    ("send no receipt", CHARGE, "receipt::enqueue_first(transaction, decided, now).await?;", "let _ = decided;"),
    ("believe a provider that contradicts itself", CHARGE,
     "&& contradicts(stored, outcome) {", "&& contradicts(stored, outcome) && stored.decided.is_none() {"),
    ("charge again after the key was deleted", CHARGE,
     "match rows::charges::with_request_id(transaction, request_id).await? {", "match None::<StoredCharge> {"),
    ("resolve an order that is not parked", RESOLUTION,
     "if self.parked_reason.is_none() {", "if self.parked_reason.is_none() && self.lines.is_empty() {"),
    ("keep an order parked that was resolved", RESOLUTION, "self.parked_reason = None;", ""),
    ("mark an order as paid with any charge", OPERATOR,
     "self.check_charge(request.order_id, transaction_id).await?;", "let _ = transaction_id;"),
    ("resolve an order without the next step", OPERATOR, "enqueue(transaction, &order, now).await?;", ""),
    ("refund without the ledger", REFUND, POST, "let _ = (posting, currency, &entries);"),
    ("resolve a charge that is not parked", RESOLVE_PAYMENT,
     "let parked_reason = charge.parked_reason.clone();",
     "let parked_reason = Some(charge.parked_reason.clone().unwrap_or_default());"),
    ("resolve the refund of another charge", RESOLVE_PAYMENT,
     "found.filter(|refund| refund.transaction_id == transaction_id)", "found"),
    ("ask the provider again after it may have forgotten", RESOLVE_PAYMENT,
     "PaymentAction::Retry if self.is_too_old(refund.requested_at) => {",
     "PaymentAction::Retry if self.is_too_old(refund.requested_at) && refund.parked_reason.is_none() => {"),
    ("mark a refunded charge as failed", RESOLVE_PAYMENT,
     "(PaymentAction::MarkFailed, _) if charge.refund_count == 0 => {", "(PaymentAction::MarkFailed, _) => {"),
    ("mark a charge as successful without a receipt", RESOLVE_PAYMENT,
     "receipt::enqueue_first(transaction, &charged, now).await?;", "let _ = charged;"),
    ("keep the cart of a deleted account", CART_DATA, "rows::carts::delete(transaction, owner).await", "Ok::<_, CartError>(())"),
    ("let a deleted account fill its cart", CART_DATA,
     "rows::deleted_accounts::insert(transaction, account_id, now).await?;", ""),
    ("export the cart on each page", CART_DATA, "let items = if page_token.is_empty() {", "let items = if page_size > 0 {"),
    ("do not resume a refund", REFUND, "self.enqueue_resume(transaction, pending).await?;", "let _ = pending;"),
]


def copy_sources():
    """Copies the files that git knows, and leaves those alone that have not changed: cargo would
    compile them again."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        source, copy = ROOT / name, COPY / name
        if source.is_file() and not (copy.is_file() and copy.read_bytes() == source.read_bytes()):
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
    # The settings of cargo name tools by paths relative to the checkout.
    for name in (".tools", ".deps"):
        if (ROOT / name).exists() and not (COPY / name).exists():
            (COPY / name).symlink_to(ROOT / name)


def cargo_test(file, *more):
    """Starts `cargo test` of the crate in a process group of its own."""
    target = os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target/mutations/target"))
    command = ["cargo", "test", "--package", file.split("/")[1], "--lib", *more]
    return subprocess.Popen(command, cwd=COPY, env={**os.environ, "CARGO_TARGET_DIR": target}, text=True,
                            start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def compile_errors(file):
    """Compiles the tests; the time for it does not count as theirs. Returns the end of the errors."""
    compiling = cargo_test(file, "--no-run")
    output, _ = compiling.communicate()
    return output[-2000:] if compiling.returncode != 0 else None


def first_failure(file):
    """Runs the tests up to the first that fails, and returns it; `None` if all succeed."""
    tests = cargo_test(file, "--", "--skip", "on_postgres")
    hangs = threading.Event()

    def stop():
        hangs.set()
        os.killpg(tests.pid, signal.SIGKILL)

    timer = threading.Timer(TEST_SECONDS, stop)
    timer.start()
    try:
        for line in tests.stdout:
            if line.startswith("test ") and line.endswith("... FAILED\n"):
                os.killpg(tests.pid, signal.SIGKILL)
                return line.split()[1]
        if tests.wait() == 0:
            return None
        return "a test that hangs" if hangs.is_set() else "the end of the test program"
    finally:
        timer.cancel()
        tests.wait()


def run(file, text, replacement):
    """Tests a mutation, and tells what has found it or what is wrong."""
    path = COPY / file
    original = path.read_text()
    if original.count(text) != 1:
        return f"STALE: the text occurs {original.count(text)} times in {file}"
    try:
        path.write_text(original.replace(text, replacement))
        if errors := compile_errors(file):
            return f"DOES NOT COMPILE\n{errors}"
        failure = first_failure(file)
        return f"found by {failure}" if failure else "SURVIVES"
    finally:
        path.write_text(original)


def main():
    copy_sources()
    chosen = [mutation for mutation in MUTATIONS
              if len(sys.argv) < 2 or any(part in mutation[0] for part in sys.argv[1:])]
    for file in sorted({file.split("/")[1]: file for _, file, _, _ in chosen}.values()):
        if failure := compile_errors(file) or first_failure(file):
            sys.exit(f"{file} is not changed, but the tests fail: {failure}")
    failed = 0
    for name, file, text, replacement in chosen:
        began = time.monotonic()
        result = run(file, text, replacement)
        failed += not result.startswith("found")
        print(f"{name:50} {time.monotonic() - began:4.0f} s  {result}", flush=True)
    print(f"{len(chosen)} guards removed, {failed} survive or are stale")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
