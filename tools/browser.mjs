// Tests the shop at BINDERY_SHOP in Chromium: no page may log an error or have a failed
// request, and search must show suggestions while the visitor types. If BINDERY_SCREENSHOT
// is set, saves the screenshot of the README to that file.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

const shop = process.env.BINDERY_SHOP;
assert.ok(shop, "BINDERY_SHOP must hold the address of the shop");

let browser;
let page;
let problems = [];

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("requestfailed", (request) => {
    if (request.failure()?.errorText !== "net::ERR_ABORTED") problems.push(`${request.url()} failed`);
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(shop) && !request.url().startsWith("data:")) {
      problems.push(`request to another origin: ${request.url()}`);
    }
  });
});

after(() => browser?.close());

function browserTest(name, body) {
  test(name, { timeout: 60_000 }, async () => {
    problems = [];
    await body();
    assert.deepEqual(problems, []);
  });
}

browserTest("the home page recommends books of several categories", async () => {
  await page.goto(shop, { waitUntil: "networkidle" });
  assert.ok((await page.locator('a[href^="/books/"]').count()) >= 12);
  assert.ok((await page.locator('a[href^="/categories/"]').count()) >= 12);
  if (process.env.BINDERY_SCREENSHOT) {
    await page.screenshot({ path: process.env.BINDERY_SCREENSHOT });
  }
});

browserTest("search suggests books while typing, and the keyboard opens one", async () => {
  await page.goto(shop);
  const field = page.getByRole("combobox").first();
  await field.pressSequentially("hitchh", { delay: 30 });
  const option = page.getByRole("option").first();
  await option.waitFor();
  assert.match(await option.innerText(), /Hitchhiker/);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/books/4");
  assert.match(await page.locator("h1").innerText(), /Hitchhiker/);
  assert.match(await page.locator("main").innerText(), /Douglas Adams/);
});

browserTest("search works without suggestions and ignores accents", async () => {
  await page.goto(`${shop}/search?q=garcia+marquez`);
  assert.match(await page.locator("main").innerText(), /García Márquez/);
  await page.locator('main a[href^="/books/"]').first().click();
  await page.waitForURL("**/books/*");
});

browserTest("a category is paginated", async () => {
  await page.goto(`${shop}/categories/mystery`);
  const first = await page.locator("main").innerText();
  await page.getByRole("link", { name: /next/i }).click();
  await page.waitForLoadState();
  assert.notEqual(await page.locator("main").innerText(), first);
});

browserTest("the monitor shows every service", async () => {
  await page.goto(`${shop}/monitor`);
  const text = await page.locator("main").innerText();
  for (const service of ["InventoryService", "RecommendationService"]) assert.match(text, new RegExp(service));
});

browserTest("every page has one heading, a language and labels, and does not scroll sideways on a phone", async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  for (const path of ["/", "/categories/mystery", "/books/1", "/search?q=sea", "/monitor"]) {
    await page.goto(shop + path);
    const facts = await page.evaluate(() => ({
      headings: document.querySelectorAll("h1").length,
      language: document.documentElement.lang,
      unlabelled: [...document.querySelectorAll("input:not([type=hidden]), select, button, img")].filter((element) =>
        !(element.labels?.length || element.getAttribute("aria-label") || element.hasAttribute("alt") || element.textContent.trim())).length,
      wide: document.documentElement.scrollWidth > innerWidth,
    }));
    assert.deepEqual(facts, { headings: 1, language: "en", unlabelled: 0, wide: false }, path);
  }
  await page.setViewportSize({ width: 1280, height: 900 });
});

test("an unknown page offers the search field", { timeout: 60_000 }, async () => {
  const answer = await page.goto(`${shop}/no-such-page`);
  assert.equal(answer.status(), 404);
  assert.ok((await page.locator('main input[name="q"], header input[name="q"]').count()) >= 1);
});

test("the shop works without JavaScript", { timeout: 60_000 }, async () => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const plain = await context.newPage();
  await plain.goto(shop);
  await plain.locator('input[name="q"]').first().fill("dune");
  await plain.keyboard.press("Enter");
  await plain.waitForURL("**/search?q=dune*");
  assert.match(await plain.locator("main").innerText(), /Dune/);
  await context.close();
});
