// What a visitor does in the browser: shared by the browser tests.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
export const PASSWORD = "a long and winding road";

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
}

// Fails if axe finds a barrier on the page, whose context must bypass the policy of the shop.
export async function checkWithAxe(page, where) {
  await page.addScriptTag({ path: AXE });
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  assert.deepEqual(found, [], where);
}

// Follows the newest kept mail for the address to its link.
export async function openMailedLink(page, shop, email) {
  const mail = page.locator("main li", { hasText: email }).first().getByRole("link");
  for (let attempt = 0; attempt < 100 && (await mail.count()) === 0; attempt += 1) {
    // The mail is sent in the background.
    await page.waitForTimeout(100);
    await page.goto(`${shop}/mail`);
  }
  await mail.click();
  await page.locator("main p.mail a").first().click();
}

export async function signIn(page, shop, email) {
  await page.goto(`${shop}/sign-in`);
  await page.getByLabel("Email address").fill(email);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.locator("main").getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL((url) => url.pathname !== "/sign-in");
}

export async function addToCart(page, shop, bookId, copies) {
  await page.goto(`${shop}/books/${bookId}`);
  await page.getByLabel("Copies").fill(String(copies));
  await page.getByRole("button", { name: "Add to cart" }).click();
  await page.waitForURL("**/cart?done=added");
}

export async function fillAddress(page) {
  await page.getByLabel("Recipient").fill("Reader");
  await page.getByLabel("Street and number").fill("1 Main Street");
  await page.getByLabel("City").fill("London");
  await page.getByLabel("Country").fill("GB");
}

// The number of copies in the cart.
export async function badge(page) {
  return (await page.locator(".visitor .badge").count()) === 0
    ? 0
    : Number.parseInt(await page.locator(".visitor .badge").innerText(), 10);
}
