// Tests the operator's pages of the shop at BINDERY_SHOP in Chromium: signing in with the token in
// BINDERY_DATA, shipping and paying back an order, stock, reviews, audit, outbox and injected faults,
// with and without JavaScript. The bookstore must allow faults (--allow-fault-injection). axe finds no barrier on any page, in light and dark, and no page scrolls
// sideways on a phone. If BINDERY_SCREENSHOTS is a folder, saves a screenshot of each page there.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const PASSWORD = "a long and winding road";
const PAGES = ["orders?show=all", "payments", "stock?q=sea", "reviews", "audit", "outbox", "faults"];

const shop = process.env.BINDERY_SHOP;
assert.ok(shop, "BINDERY_SHOP must hold the address of the shop");
const token = readFileSync(`${process.env.BINDERY_DATA}/operator.token`, "utf8").trim();

let browser;

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
});

after(() => browser?.close());

async function signIn(page) {
  await page.goto(`${shop}/operator`);
  await page.getByLabel("Operator token").fill(token);
  await page.locator("main").getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL("**/operator/orders");
}

// Opens an account and orders a book; returns the path of the order, which is paid unless it has
// another payment method.
async function order(page, email, method) {
  await page.goto(`${shop}/sign-up`);
  await page.getByLabel("Email address").fill(email);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByLabel("Your name").fill("Reader");
  await page.getByRole("button", { name: "Open my account" }).click();
  await page.waitForURL("**/sign-up/sent");
  await page.goto(`${shop}/mail`);
  const mail = page.locator("main li", { hasText: email }).first().getByRole("link");
  // The mail is sent in the background.
  while ((await mail.count()) === 0) await page.reload();
  await mail.click();
  await page.locator("main p.mail a").first().click();
  await page.getByRole("button", { name: "Open my account" }).click();
  await page.getByLabel("Email address").fill(email);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.locator("main").getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(`${shop}/`);
  await page.goto(`${shop}/books/1`);
  await page.getByRole("button", { name: "Add to cart" }).click();
  await page.waitForURL("**/cart?done=added");
  await page.goto(`${shop}/checkout`);
  await page.getByLabel("Recipient").fill("Reader");
  await page.getByLabel("Street and number").fill("1 Main Street");
  await page.getByLabel("City").fill("London");
  await page.getByLabel("Country").fill("GB");
  if (method) await page.getByLabel("Payment method").selectOption(method);
  await page.getByRole("button", { name: "Order and pay" }).click();
  await page.waitForURL("**/orders/*");
  if (!method) await page.getByRole("heading", { name: "Paid", exact: true }).waitFor();
  return new URL(page.url()).pathname;
}

for (const javaScriptEnabled of [true, false]) {
  test(`the operator ships and pays back ${javaScriptEnabled ? "with" : "without"} JavaScript`, { timeout: 180_000 }, async () => {
    const context = await browser.newContext({ javaScriptEnabled });
    const page = await context.newPage();
    const path = await order(page, `buyer-${javaScriptEnabled}@example.org`);
    await page.goto(`${shop}/operator`);
    assert.equal(new URL(page.url()).pathname, "/operator/sign-in");
    await page.getByLabel("Operator token").fill("wrong");
    await page.locator("main").getByRole("button", { name: "Sign in" }).click();
    assert.match(await page.locator("#token-error").innerText(), /not the operator token/);
    await signIn(page);
    await page.locator(`a[href="/operator${path}"]`).click();
    await page.getByLabel("Carrier and tracking number").fill("Royal Mail 7");
    await page.getByRole("button", { name: "Mark as shipped" }).click();
    await page.waitForURL("**?done=shipped");
    await page.locator('a[href^="/operator/payments/"].id').click();
    await page.getByLabel("Amount").fill("1,50");
    await page.getByLabel("Reason").fill("A torn page");
    await page.getByRole("button", { name: "Pay back" }).click();
    assert.match(await page.locator("#amount-error").innerText(), /such as 12.50/);
    assert.equal(await page.getByLabel("Reason").inputValue(), "A torn page");
    await page.getByLabel("Amount").fill("1.50");
    await page.getByRole("button", { name: "Pay back" }).click();
    await page.waitForURL("**?done=refunded");
    assert.match(await page.locator("main").innerText(), /Partly paid back/);
    await page.goto(`${shop}/operator/stock?q=1`);
    await page.getByLabel("Copies").fill("77");
    await page.getByRole("button", { name: /^Set/ }).click();
    await page.waitForURL("**done=set");
    assert.match(await page.locator("main").innerText(), /77 in the warehouse/);
    await page.goto(`${shop}/operator/audit`);
    await page.getByRole("button", { name: "Run the audit" }).click();
    await page.getByRole("heading", { name: "Everything agrees" }).waitFor();
    await page.goto(shop + path);
    assert.match(await page.locator("main").innerText(), /Royal Mail 7/);
    await page.goto(`${shop}/operator/orders`);
    await page.getByRole("button", { name: /^Sign out as the operator/ }).click();
    await page.waitForURL("**/operator/sign-in?done=out");
    await page.goto(`${shop}/operator/orders`);
    assert.equal(new URL(page.url()).pathname, "/operator/sign-in");
    await context.close();
  });
}

for (const javaScriptEnabled of [true, false]) {
  test(`the operator injects and removes a fault ${javaScriptEnabled ? "with" : "without"} JavaScript`, { timeout: 60_000 }, async () => {
    const context = await browser.newContext({ javaScriptEnabled });
    const page = await context.newPage();
    await signIn(page);
    await page.getByRole("link", { name: "Faults", exact: true }).click();
    await page.getByLabel("Calls of").selectOption("RecommendationService: all methods");
    await page.getByLabel("What happens to them").selectOption("Fail with INTERNAL");
    await page.getByLabel("Share of the calls in percent").fill("101");
    await page.getByRole("button", { name: "Inject the fault" }).click();
    await page.locator("#fault-percent-error").waitFor();
    await page.getByLabel("Share of the calls in percent").fill("100");
    await page.getByRole("button", { name: "Inject the fault" }).click();
    await page.waitForURL("**/operator/faults?done=set");
    assert.match(await page.locator("main").innerText(), /Every call fails with INTERNAL/);
    await page.goto(`${shop}/monitor`);
    assert.match(await page.locator("main").innerText(), /Injected faults/);
    await page.goto(shop);
    await page.locator(".notices").waitFor();
    await page.goto(`${shop}/operator/faults`);
    assert.doesNotMatch(await page.locator("main").innerText(), /Calls so far: 0/);
    await page.getByRole("button", { name: /^Remove/ }).click();
    await page.waitForURL("**/operator/faults?done=removed");
    await page.getByText("No fault is injected.").waitFor();
    await page.goto(shop);
    assert.equal(await page.locator(".notices").count(), 0);
    await context.close();
  });
}

// axe is added to the page, which its policy would forbid.
async function checkWithAxe(page, where, colorScheme) {
  await page.addScriptTag({ path: AXE });
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  const folder = process.env.BINDERY_SCREENSHOTS;
  const name = where.replace(/\W+/g, "-");
  if (folder) await page.screenshot({ path: `${folder}/${name}-${colorScheme}.png`, fullPage: true });
  await page.setViewportSize({ width: 390, height: 844 });
  if (folder) await page.screenshot({ path: `${folder}/${name}-${colorScheme}-phone.png`, fullPage: true });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  await page.setViewportSize({ width: 1280, height: 900 });
  assert.deepEqual({ found, wide }, { found: [], wide: false }, `${where} in ${colorScheme}`);
}

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds no barrier on the operator's pages in ${colorScheme} colours`, { timeout: 180_000 }, async () => {
    const context = await browser.newContext({ colorScheme, bypassCSP: true });
    const page = await context.newPage();
    const check = (where) => checkWithAxe(page, where, colorScheme);
    await page.goto(`${shop}/operator/sign-in`);
    await check("sign-in");
    await signIn(page);
    for (const path of PAGES) {
      await page.goto(`${shop}/operator/${path}`);
      await check(path);
    }
    await page.goto(`${shop}/operator/orders?show=all`);
    await page.locator("main h2 a").first().click();
    await page.waitForURL("**/operator/orders/*");
    await check("order");
    await page.goto(`${shop}/operator/payments`);
    await page.locator("main h2 a").first().click();
    await page.waitForURL("**/operator/payments/*");
    await check("payment");
    await page.getByLabel("Amount").fill("x");
    await page.getByRole("button", { name: "Pay back" }).click();
    await page.locator("#amount-error").waitFor();
    await check("refused refund");
    await page.goto(`${shop}/operator/audit`);
    await page.getByRole("button", { name: "Run the audit" }).click();
    await page.getByRole("heading", { name: "Everything agrees" }).waitFor();
    await check("report");
    await context.close();
  });
}

for (const colorScheme of ["light", "dark"]) {
  test(`the operator decides about a parked payment in ${colorScheme} colours`, { timeout: 180_000 }, async () => {
    const context = await browser.newContext({ colorScheme, bypassCSP: true });
    const page = await context.newPage();
    await order(page, `parked-${colorScheme}@example.org`, "tok_request_refused");
    await signIn(page);
    const parked = page.locator("main li h2 a");
    do await page.goto(`${shop}/operator/payments?show=parked`);
    while ((await parked.count()) === 0);
    await checkWithAxe(page, "parked payments", colorScheme);
    await parked.first().click();
    await page.waitForURL("**/operator/payments/*");
    await checkWithAxe(page, "parked payment", colorScheme);
    await page.getByLabel("What has happened").selectOption("Mark as charged");
    await page.getByLabel("Your name").fill("Grace");
    await page.getByLabel("What you have found out").fill("Nothing was taken");
    await page.getByRole("button", { name: "Decide" }).click();
    await page.getByText("Write the id of the charge").waitFor();
    await checkWithAxe(page, "refused decision", colorScheme);
    await page.getByLabel("What has happened").selectOption("Mark as not charged");
    await page.getByRole("button", { name: "Decide" }).click();
    await page.waitForURL("**?done=resolved");
    const text = await page.locator("main").innerText();
    assert.match(text, /Mark as not charged.*by Grace/);
    assert.match(text, /Declined/);
    await checkWithAxe(page, "decided payment", colorScheme);
    await context.close();
  });
}
