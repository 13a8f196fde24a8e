// Walks from the home page to a cancelled order while one service of the bookstore is down, for
// each service in turn: the service is killed before each step. Each step must end in a page
// that works or says what to do, in light and dark without a barrier that axe finds; and once
// the service is back, the same step must succeed.
//
// Starts one process for each service, on free ports and with a temporary data folder.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes, randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { PASSWORD, badge, checkWithAxe, fillAddress, launch, openMailedLink } from "./visitor.mjs";

const BINARY = process.env.BINDERY_BINARY ?? new URL("../target/debug/bookstore", import.meta.url).pathname;
// How long a step may fail after its service is back: connections are opened again, and the
// outbox waits for its next attempt.
const RECOVERY = 30_000;

const folder = mkdtempSync(join(tmpdir(), "bindery-"));
const secret = join(folder, "service.secret");
writeFileSync(secret, randomBytes(32).toString("hex"), { mode: 0o600 });

// The address of the shop, to which the links in mails lead.
const taken = new Set();
const port = await freePort();
const shop = `http://127.0.0.1:${port}`;

// The system gives ports from 32768 to connections, so nobody takes one of these while its service
// is down.
async function freePort() {
  for (;;) {
    const port = randomInt(10_000, 32_768);
    if (taken.has(port)) continue;
    taken.add(port);
    const server = createServer().listen(port, "127.0.0.1");
    try {
      await once(server, "listening");
    } catch {
      continue;
    }
    server.close();
    await once(server, "close");
    return port;
  }
}

// A service in a process of its own, which keeps its address.
class Service {
  constructor(name, peers) {
    this.name = name;
    this.peers = peers;
    this.grpc = "127.0.0.1:0";
    this.log = join(folder, `${name}.log`);
  }

  async start() {
    const flags = [`--grpc-addr=${this.grpc}`, "--metrics-addr=127.0.0.1:0", `--shop-addr=127.0.0.1:${port}`, `--shop-url=${shop}`,
      `--data=${folder}/data`];
    const peers = this.peers.map((peer) => `--peer=${peer.name}=http://${peer.grpc}`);
    this.process = spawn(BINARY, ["serve", this.name, ...flags, ...peers], {
      stdio: ["ignore", "pipe", openSync(this.log, "a")],
      env: { ...process.env, BINDERY_SERVICE_SECRET_FILE: secret },
    });
    for await (const line of createInterface(this.process.stdout)) {
      const [name, address] = line.trim().split(/\s+/);
      if (name === "gRPC") this.grpc = address;
      // The last of the addresses.
      if (name === "metrics") return;
    }
    throw new Error(`${this.name} did not start:\n${readFileSync(this.log, "utf8")}`);
  }

  async stop(signal) {
    if (!this.isRunning()) return;
    const ended = once(this.process, "exit");
    this.process.kill(signal);
    await ended;
  }

  isRunning() {
    return this.process && this.process.exitCode === null && this.process.signalCode === null;
  }
}

const inventory = new Service("inventory", []);
const accounts = new Service("accounts", []);
const transactions = new Service("transactions", [accounts]);
const cart = new Service("cart", [inventory, transactions, accounts]);
const reviews = new Service("reviews", [inventory, cart, accounts]);
const recommendations = new Service("recommendations", [inventory, cart, reviews]);
accounts.peers = [cart, transactions, reviews];
const services = [inventory, accounts, transactions, cart, reviews, recommendations];
const marketplace = new Service("marketplace", services);

let browser;

before(async () => {
  // Services call each other in a cycle, so their addresses are chosen first.
  for (const service of services) service.grpc = `127.0.0.1:${await freePort()}`;
  for (const service of [...services, marketplace]) await service.start();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  for (const service of [marketplace, ...services]) await service.stop("SIGTERM");
  rmSync(folder, { recursive: true });
});

// The pages of failures that axe has seen: those with the same heading are built alike.
const checkedHeadings = new Set();

// The visitor of one journey, whose `stopped` service is down whenever a step begins.
class Journey {
  constructor(page, stopped) {
    this.page = page;
    this.stopped = stopped;
    this.outages = [];
    page.on("response", (response) => {
      const request = response.request();
      if (request.isNavigationRequest() && request.frame() === page.mainFrame()) this.response = response;
    });
  }

  // `act` leads to a page; `isDone` tells whether it is the one that the step is for.
  async step(name, act, isDone) {
    await this.stopped.stop("SIGKILL");
    this.sent = undefined;
    await act();
    await this.checkPage(name);
    if (await isDone()) return;
    this.outages.push(name);
    await this.stopped.start();
    const end = Date.now() + RECOVERY;
    do {
      await act();
      await this.checkPage(name);
      if (await isDone()) return;
      await this.page.waitForTimeout(100);
    } while (Date.now() < end);
    assert.fail(`${name}: no success after ${this.stopped.name} is back: ${await this.page.locator("main").innerText()}`);
  }

  // No page is blank or fails without words.
  async checkPage(name) {
    const status = this.response.status();
    const where = `${name} without ${this.stopped.name}: ${status} ${this.page.url()}`;
    assert.ok([200, 422, 503].includes(status), where);
    assert.equal(await this.page.locator("h1").count(), 1, where);
    assert.ok((await this.page.title()).length > 8, where);
    const text = await this.page.locator("main").innerText();
    if (status === 503) assert.match(text, /again|still works/, where);
    const heading = await this.page.locator("h1").innerText();
    if (status !== 200 && !checkedHeadings.has(heading)) {
      checkedHeadings.add(heading);
      for (const colorScheme of ["light", "dark"]) {
        await this.page.emulateMedia({ colorScheme });
        await checkWithAxe(this.page, `${where} in ${colorScheme}`);
      }
    }
    assert.ok(text.length > 40, `${where}: ${text}`);
  }

  async open(path) {
    await this.page.goto(shop + path);
  }

  // Sends the form of a page. If this step has sent it, and it was refused, sends it again with
  // what was typed, which the page must have kept except for passwords.
  async send(path, button, fill) {
    const submit = this.page.locator("main").getByRole("button", { name: button });
    if (this.sent !== path || (await submit.count()) === 0) {
      await this.open(path);
      if ((await submit.count()) === 0) return;
      await fill?.();
    }
    const password = this.page.getByLabel("Password");
    if ((await password.count()) > 0) await password.fill(PASSWORD);
    this.sent = path;
    await Promise.all([this.page.waitForNavigation(), submit.first().click()]);
  }

  isAt(path) {
    const { pathname, search } = new URL(this.page.url());
    return this.response.status() === 200 && path.test(pathname + search);
  }

  async shows(text) {
    return this.response.status() === 200 && (await this.page.getByText(text).count()) > 0;
  }
}

async function walk(journey, email) {
  const { page } = journey;
  const main = page.locator("main");
  await journey.step("the home page", () => journey.open("/"), async () => (await main.locator(".card").count()) >= 12);
  await journey.step("a search", () => journey.open("/search?q=hitchhiker"), () => journey.shows(/Hitchhiker/));
  await journey.step("a book", () => journey.open("/books/4"), async () => (await page.getByLabel("Copies").count()) > 0);
  await journey.step("adding to the cart", () => journey.send("/books/4", "Add to cart"), () => journey.isAt(/^\/cart\?done=added/));

  await journey.step("the sign-up", () => journey.send("/sign-up", "Open my account", async () => {
    await page.getByLabel("Email address").fill(email);
    await page.getByLabel("Your name").fill("Reader");
  }), () => journey.isAt(/^\/sign-up\/sent/));
  // The mail is sent by Accounts.
  if (!accounts.isRunning()) await accounts.start();
  await journey.open("/mail");
  await openMailedLink(page, shop, email);
  await page.getByRole("button", { name: "Open my account" }).waitFor();
  const verify = page.url().slice(shop.length);
  await journey.step("the verification", () => journey.send(verify, "Open my account"), () => journey.isAt(/^\/sign-in\?done=verified/));
  await journey.step("the sign-in", () => journey.send("/sign-in", "Sign in", () => page.getByLabel("Email address").fill(email)),
    async () => (await page.locator(".visitor").getByRole("button", { name: "Sign out" }).count()) > 0);

  await journey.step("the cart", async () => {
    await journey.open("/cart");
    // The cart of the guest, which could not be moved at the sign-in.
    const move = main.getByRole("button", { name: "Move it here now" });
    if ((await move.count()) > 0) await Promise.all([page.waitForNavigation(), move.click()]);
  }, async () => (await badge(page)) === 1 && (await page.getByRole("link", { name: "Order these books" }).count()) > 0);
  await journey.step("the order", () => journey.send("/checkout", "Order and pay", () => fillAddress(page)), () => journey.isAt(/^\/orders\/[-0-9a-f]{36}/));
  const order = new URL(page.url()).pathname;
  await journey.step("the payment", () => journey.open(order), async () => (await main.getByRole("heading", { name: "Paid", exact: true }).count()) > 0);
  await journey.step("the receipt", () => journey.send(order, "Send the receipt again"), () => journey.isAt(/^\/orders\/.*done=receipt/));

  await journey.step("a review", () => journey.send("/books/4/review", "Publish the review", async () => {
    await page.getByLabel("Stars").selectOption("5");
    await page.getByLabel("Headline").fill("Don’t panic");
  }), () => journey.isAt(/^\/books\/4\?done=reviewed/));
  await journey.step("all reviews", () => journey.open("/books/4/reviews"), () => journey.shows("Don’t panic"));
  await journey.step("the end of a review", () => journey.send("/books/4/review", "Delete my review"),
    // The page after the deletion may have failed.
    async () => journey.isAt(/^\/books\/4/) && (await main.getByRole("button", { name: "Delete my review" }).count()) === 0);

  await journey.step("the orders", () => journey.open("/orders"), async () => (await main.locator(".orders li").count()) > 0);
  // However often it was sent.
  assert.equal(await main.locator(".orders li").count(), 1);
  await journey.step("the cancellation", () => journey.send(order, "Cancel the order"),
    async () => (await main.getByRole("heading", { name: "Cancelled", exact: true }).count()) > 0);
  await journey.step("the refund", () => journey.open(order), () => journey.shows(/Paid back/));
  await journey.step("the account", () => journey.open("/account"), () => journey.shows(email));
  const signOut = page.locator(".visitor").getByRole("button", { name: "Sign out" });
  await journey.step("the sign-out", async () => {
    if ((await signOut.count()) > 0) await Promise.all([page.waitForNavigation(), signOut.click()]);
  }, async () => (await signOut.count()) === 0);
}

for (const stopped of services) {
  test(`the journey goes on whenever ${stopped.name} is down`, { timeout: 180_000 }, async (context) => {
    // axe is added to the pages, which their policy would forbid.
    const visitor = await browser.newContext({ bypassCSP: true });
    const journey = new Journey(await visitor.newPage(), stopped);
    await walk(journey, `reader-${stopped.name}@example.org`);
    context.diagnostic(`needed by: ${journey.outages.join(", ") || "no step"}`);
    await visitor.close();
    if (!stopped.isRunning()) await stopped.start();
  });
}
