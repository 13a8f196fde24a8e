// Tests the shop at BINDERY_SHOP in Chromium: no page may log an error or have a failed
// request, search must show suggestions while the visitor types, a visitor can sign up and
// fill a cart, order, review and cancel with and without JavaScript, and axe finds no barrier
// on any page, in light and dark. If BINDERY_SCREENSHOT is set, saves the screenshot of the README to that file.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { PASSWORD, addToCart, badge, checkWithAxe, fillAddress, launch, openMailedLink, signIn } from "./visitor.mjs";

const shop = process.env.BINDERY_SHOP;
assert.ok(shop, "BINDERY_SHOP must hold the address of the shop");

let browser;
let page;
let problems = [];

before(async () => {
  browser = await launch();
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

browserTest("breadcrumbs lead back to the category", async () => {
  await page.goto(`${shop}/Books/01/`);
  assert.equal(page.url(), `${shop}/books/1`);
  await page.getByRole("navigation", { name: "Breadcrumbs" }).getByRole("link", { name: "Mystery" }).click();
  await page.waitForURL("**/categories/mystery");
});

browserTest("an author and a series have a page, to which books and searches lead", async () => {
  await page.goto(`${shop}/books/32`);
  await page.locator("main").getByRole("link", { name: "Agatha Christie" }).first().click();
  await page.waitForURL("**/authors/agatha-christie");
  assert.equal(await page.locator("h1").innerText(), "Agatha Christie");
  assert.ok((await page.locator('main a[href^="/books/"]').count()) >= 2);
  await page.goto(`${shop}/books/32`);
  await page.locator("main").getByRole("link", { name: "Hercule Poirot" }).click();
  await page.waitForURL("**/series/hercule-poirot");
  const titles = await page.locator("main .title").allInnerTexts();
  assert.deepEqual(titles, ["The Murder of Roger Ackroyd", "Murder on the Orient Express"]);
  await page.goto(`${shop}/search?q=hercule+poirot`);
  await page.getByText("All books of the series").getByRole("link").click();
  await page.waitForURL("**/series/hercule-poirot");
});

browserTest("the menu opens all categories", async () => {
  await page.goto(shop);
  const link = page.getByRole("navigation", { name: "Categories" }).getByRole("link", { name: "Business" });
  assert.equal(await link.isVisible(), false);
  await page.getByText("All categories", { exact: true }).click();
  await link.click();
  await page.waitForURL("**/categories/business");
});

browserTest("no text of a cover leaves it, in any font", async () => {
  // A typewriter font is the widest that replaces a missing font.
  for (const family of [undefined, "monospace", "DejaVu Serif", "DejaVu Sans"]) {
    for (let book = 1; book <= 60; book += 1) {
      const answer = await page.request.get(`${shop}/covers/${book}.svg`);
      const outside = await page.evaluate(([svg, font]) => {
        const holder = document.createElement("div");
        holder.innerHTML = svg;
        document.body.append(holder);
        const texts = [...holder.querySelectorAll("text")];
        if (font) for (const text of texts) text.setAttribute("font-family", font);
        const left = texts.filter((text) => {
          const box = text.getBBox();
          return box.x < 0 || box.x + box.width > 240;
        });
        holder.remove();
        return left.map((text) => text.textContent);
      }, [await answer.text(), family]);
      assert.deepEqual(outside, [], `cover ${book} in ${family}`);
    }
  }
});

browserTest("the monitor shows every service", async () => {
  await page.goto(`${shop}/monitor`);
  const text = await page.locator("main").innerText();
  for (const service of ["InventoryService", "RecommendationService"]) assert.match(text, new RegExp(service));
});

browserTest("every page has one heading, a language and labels, and does not scroll sideways on a phone", async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  for (const path of ["/", "/categories/mystery", "/books/1", "/books/1/reviews", "/authors/agatha-christie", "/series/hercule-poirot",
    "/search?q=sea", "/search?q=xyzzy", "/monitor", "/sign-up", "/cart", "/mail"]) {
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

for (const javaScriptEnabled of [true, false]) {
  test(`a visitor signs up, fills a cart and orders it ${javaScriptEnabled ? "with" : "without"} JavaScript`, { timeout: 120_000 }, async () => {
    const context = await browser.newContext({ javaScriptEnabled });
    const page = await context.newPage();
    const email = `reader-${javaScriptEnabled}@example.org`;

    // A guest fills a cart in two tabs.
    await addToCart(page, shop, 1, 2);
    const tab = await context.newPage();
    await addToCart(tab, shop, 4, 1);
    await page.goto(`${shop}/cart`);
    assert.equal(await badge(page), 3);
    await tab.close();

    // What is wrong is said at the field, and what was typed is kept.
    await page.goto(`${shop}/sign-up`);
    await page.getByLabel("Email address").fill("reader");
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByLabel("Your name").fill("Reader");
    await page.getByRole("button", { name: "Open my account" }).click();
    assert.match(await page.locator("#email-error").innerText(), /not an email address/);
    assert.equal(await page.getByLabel("Your name").inputValue(), "Reader");
    await page.getByLabel("Email address").fill(email);
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Open my account" }).click();
    await page.waitForURL("**/sign-up/sent");

    await page.getByRole("link", { name: "read them here" }).click();
    await openMailedLink(page, shop, email);
    await page.getByRole("button", { name: "Open my account" }).click();
    await page.waitForURL("**/sign-in?done=verified");

    // The cart of the guest moves into the account.
    await signIn(page, shop, email);
    await page.waitForURL(`${shop}/`);
    assert.match(await page.locator(".visitor").innerText(), /Reader/);
    assert.equal(await badge(page), 3);
    await page.locator(".visitor").getByRole("link", { name: "Cart" }).click();
    await page.getByRole("button", { name: /^Remove/ }).first().click();
    await page.waitForURL("**/cart?done=removed");

    // It is there on another device, too.
    const other = await browser.newContext({ javaScriptEnabled });
    const phone = await other.newPage();
    await signIn(phone, shop, email);
    await phone.goto(`${shop}/cart`);
    assert.equal(await badge(phone), await badge(page));
    await page.goto(`${shop}/account`);
    await page.getByRole("button", { name: /^Sign out Chrome/ }).click();
    await page.waitForURL("**/account?done=session");
    await phone.goto(`${shop}/account`);
    assert.equal(new URL(phone.url()).pathname, "/sign-in");
    await other.close();

    // What the shop knows about the reader is one file.
    await page.goto(`${shop}/account`);
    const downloading = page.waitForEvent("download");
    await page.getByRole("link", { name: "download your data" }).click();
    const download = await downloading;
    assert.equal(download.suggestedFilename(), "bindery-account.json");
    const exported = JSON.parse(readFileSync(await download.path(), "utf8"));
    assert.equal(exported.accounts.email, email);
    assert.equal(exported.cart.cart_items.length, 1);

    // The cart becomes an order, which is paid in the background and then cancelled.
    await page.goto(`${shop}/cart`);
    await page.getByRole("link", { name: "Order these books" }).click();
    await fillAddress(page);
    await page.getByRole("button", { name: "Order and pay" }).click();
    await page.waitForURL("**/orders/*");
    const order = page.url().split("?")[0];
    await page.getByRole("heading", { name: "Paid", exact: true }).waitFor();
    assert.equal(await badge(page), 0);

    // The receipt is mailed again.
    await page.getByRole("button", { name: "Send the receipt again" }).click();
    await page.waitForURL("**/orders/*?done=receipt");
    await page.getByText("The receipt is on its way").waitFor();

    // A reader of the book reviews it: what is wrong is said at the field, and what was typed is kept.
    const bought = page.locator(".items a").first();
    const title = await bought.innerText();
    await bought.click();
    await page.waitForURL("**/books/*");
    await page.getByRole("link", { name: "Write a review" }).click();
    await page.waitForURL("**/review");
    await page.getByLabel("Headline").fill("A good night");
    await page.getByLabel("Review (optional)").fill("I read it\nuntil the morning.");
    await page.getByRole("button", { name: "Publish the review" }).click();
    assert.match(await page.locator("#stars-error").innerText(), /choose one/);
    assert.equal(await page.getByLabel("Headline").inputValue(), "A good night");
    await page.getByLabel("Stars").selectOption("4");
    await page.getByRole("button", { name: "Publish the review" }).click();
    await page.waitForURL("**/books/*?done=reviewed");
    const own = page.locator(".reviews .panel");
    assert.match(await own.innerText(), /A good night[^]*Verified purchase[^]*until the morning/);
    assert.equal(await own.getByRole("img", { name: "4 of 5 stars" }).count(), 1);
    await page.getByRole("link", { name: "Change or delete it" }).click();
    await page.waitForURL("**/review");
    await page.getByLabel("Stars").selectOption("5");
    await page.getByRole("button", { name: "Publish the review" }).click();
    await page.waitForURL("**/books/*?done=reviewed");
    await page.locator(".reviews").getByRole("link", { name: "Reviews by stars" }).click();
    await page.waitForURL("**/reviews");
    assert.match(await page.locator("h1").innerText(), new RegExp(title));
    await page.getByLabel("Order").selectOption("best");
    await page.getByRole("button", { name: "Show" }).click();
    await page.waitForURL("**/reviews?order=best");
    assert.match(await page.locator("main").innerText(), /A good night/);
    await page.getByRole("link", { name: "Write or change yours" }).click();
    await page.waitForURL("**/review");
    await page.getByRole("button", { name: "Delete my review" }).click();
    await page.waitForURL("**/books/*?done=review-deleted");
    assert.equal(await own.count(), 0);

    // The home page has the books that were looked at, until the visitor forgets them.
    await page.goto(shop);
    assert.match(await page.locator(".recent").innerText(), new RegExp(title));
    await page.locator(".recent").getByRole("button", { name: /^Forget them/ }).click();
    await page.locator(".recent").waitFor({ state: "detached" });

    await page.goto(order);
    await page.getByRole("button", { name: "Cancel the order" }).click();
    await page.waitForURL("**/orders/*?done=cancelled");
    await page.getByText(/Paid back/).waitFor();
    await page.getByRole("link", { name: "All your orders" }).click();
    await page.locator("main h2 a").first().click();
    assert.equal(page.url(), order);

    // A declined order says why, and the books are back in the cart.
    await addToCart(page, shop, 4, 1);
    await page.goto(`${shop}/checkout`);
    await fillAddress(page);
    await page.getByLabel("Payment method").selectOption("tok_insufficient_funds");
    await page.getByRole("button", { name: "Order and pay" }).click();
    await page.waitForURL("**/orders/*");
    await page.getByText("there is not enough money").waitFor();
    await page.goto(`${shop}/cart`);
    assert.equal(await badge(page), 1);

    await page.locator(".visitor").getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL(`${shop}/`);
    assert.equal(await badge(page), 0);
    assert.equal(await page.locator(".visitor").getByRole("link", { name: "Sign in" }).count(), 1);
    await context.close();
  });
}

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds no barrier in ${colorScheme} colours`, { timeout: 180_000 }, async () => {
    // axe is added to the pages, which their policy would forbid.
    const context = await browser.newContext({ colorScheme, bypassCSP: true });
    const page = await context.newPage();
    const check = (where) => checkWithAxe(page, `${where} in ${colorScheme}`);
    const paths = ["/", "/categories/mystery", "/books/1", "/books/1/reviews", "/authors/agatha-christie", "/series/hercule-poirot",
      "/search?q=sea", "/search?q=hercule+poirot&availability=in-stock", "/search?q=xyzzy", "/no-such-page", "/monitor",
      "/sign-up", "/sign-up/sent", "/verify?token=x", "/sign-in?done=verified", "/forgot", "/forgot/sent",
      "/reset?token=x", "/cart", "/mail"];
    for (const path of paths) {
      await page.goto(shop + path);
      await check(path);
    }
    await page.goto(shop);
    await page.getByText("All categories", { exact: true }).click();
    await check("the open menu");
    await page.goto(`${shop}/mail`);
    await page.locator("main li a").first().click();
    await check("a mail");
    await page.goto(`${shop}/sign-up`);
    await page.getByRole("button", { name: "Open my account" }).click();
    await page.locator("#email-error").waitFor();
    await check("a refused form");
    await addToCart(page, shop, 1, 100);
    await check("a cart");
    await page.locator("input[name=quantity]").first().fill("0");
    await page.getByRole("button", { name: /^Change/ }).first().click();
    await page.locator(".problem").waitFor();
    await check("a refused quantity");
    await signIn(page, shop, "reader-true@example.org");
    await page.waitForURL(`${shop}/`);
    await page.goto(`${shop}/account`);
    await check("the account");
    await page.goto(`${shop}/checkout`);
    await check("the checkout");
    await page.getByRole("button", { name: "Order and pay" }).click();
    await page.locator(".problem").first().waitFor();
    await check("a refused order");
    await page.goto(`${shop}/orders`);
    await check("the orders");
    await page.locator("main h2 a").first().click();
    await page.waitForURL("**/orders/*");
    await check("an order");
    await page.locator(".items a").first().click();
    await page.getByRole("link", { name: /Write a review|Change or delete it/ }).click();
    await page.waitForURL("**/review");
    await check("the form of a review");
    await page.getByLabel("Stars").selectOption("");
    await page.getByRole("button", { name: "Publish the review" }).click();
    await page.locator("#stars-error").waitFor();
    await check("a refused review");
    await page.getByLabel("Stars").selectOption("3");
    await page.getByLabel("Headline").fill("As I expected");
    await page.getByLabel("Review (optional)").fill("A book.");
    await page.getByRole("button", { name: "Publish the review" }).click();
    await page.waitForURL("**/books/*?done=reviewed");
    await check("a book with a review");
    await page.getByRole("link", { name: "Reviews by stars" }).click();
    await page.waitForURL("**/reviews");
    await check("the reviews of a book");
    await page.goto(shop);
    await page.locator(".recent").waitFor();
    await check("the home page with recently viewed books");
    await context.close();
  });
}
