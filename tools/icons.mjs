// Draws the icons of the shop in the formats that are not SVG, from favicon.svg, and the image
// that other sites show beside a link: node tools/icons.mjs. Run it after a change of favicon.svg.
import { readFileSync, writeFileSync } from "node:fs";
import { launch } from "./visitor.mjs";

const ASSETS = new URL("../rust/marketplace/assets/", import.meta.url);
const svg = readFileSync(new URL("favicon.svg", ASSETS), "utf8");
const browser = await launch();

async function draw(html, width, height, omitBackground) {
  const page = await browser.newPage({ viewport: { width, height } });
  await page.setContent(`<style>*{margin:0}body{width:${width}px;height:${height}px}svg{display:block;width:100%;height:100%}</style>${html}`);
  const png = await page.screenshot({ omitBackground });
  await page.close();
  return png;
}

// A file of icons is a list of PNG files with their sizes.
function ico(images) {
  const head = Buffer.alloc(6 + 16 * images.length);
  head.writeUInt16LE(1, 2);
  head.writeUInt16LE(images.length, 4);
  let offset = head.length;
  images.forEach(({ size, png }, index) => {
    const entry = 6 + 16 * index;
    head.writeUInt8(size, entry);
    head.writeUInt8(size, entry + 1);
    head.writeUInt16LE(1, entry + 4);
    head.writeUInt16LE(32, entry + 6);
    head.writeUInt32LE(png.length, entry + 8);
    head.writeUInt32LE(offset, entry + 12);
    offset += png.length;
  });
  return Buffer.concat([head, ...images.map(({ png }) => png)]);
}

const images = [];
for (const size of [16, 32, 48]) images.push({ size, png: await draw(svg, size, size, true) });
writeFileSync(new URL("favicon.ico", ASSETS), ico(images));

// Phones round the corners themselves.
const square = svg.replace(/ rx="\d+"/, "");
writeFileSync(new URL("apple-touch-icon.png", ASSETS), await draw(square, 180, 180, false));

const share = `<style>body{background:#0f3b40;color:#f6f1e4;display:grid;grid-template-columns:22rem 1fr;gap:3rem;align-items:center;padding:0 6rem;box-sizing:border-box;
  border-bottom:14px solid #e8ae3c;font-family:"DejaVu Serif",Georgia,serif}h1{font-size:7rem;font-weight:500}p{font-size:2.6rem;color:#bfd3d0;margin-top:1rem}</style>
  ${square}<div><h1>Bindery</h1><p>A bookshop</p></div>`;
writeFileSync(new URL("share.png", ASSETS), await draw(share, 1200, 630, false));
await browser.close();
