// The inspection page in headless Chromium: opened, filled in, waited for.

import { existsSync } from "node:fs";
import { after, before } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import puppeteer from "puppeteer-core";

export const DIST = fileURLToPath(new URL("../../dist/", import.meta.url));
const PAGE = pathToFileURL(`${DIST}inspect.html`).href;
const INSTALLED = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

let browser;
before(async () => {
  // Root, as in most containers, may not use Chromium's own sandbox.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  browser = await puppeteer.launch({ executablePath: process.env.CHROMIUM ?? INSTALLED.find(existsSync), args });
});
after(() => browser?.close());

/** An empty tab, closed with the test `t`. */
export async function tab(t, address) {
  const page = await browser.newPage();
  t.after(() => page.close());
  if (address) await page.goto(address);
  return page;
}

/** The page from the file system. Errors in it, and requests of it, fail the test. */
export async function open(t) {
  const page = await tab(t);
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on("console", (message) => message.type() === "error" && wrong.push(message.text()));
  page.on("request", (request) => {
    if (request.url() !== PAGE && !request.url().startsWith("data:")) wrong.push(request.url());
  });
  await page.goto(PAGE);
  t.after(() => {
    if (wrong.length > 0) throw new Error(`the page did what it must not: ${wrong}`);
  });
  return page;
}

/** Clears the page, then fills in record and key at once. */
export async function enter(page, record, key = "") {
  await fill(page, "", "");
  await page.waitForFunction(() => document.getElementById("answer").childElementCount === 0);
  await fill(page, record, key);
}

function fill(page, record, key) {
  const set = (values) => {
    for (const [id, value] of Object.entries(values)) {
      const field = document.getElementById(id);
      field.value = value;
      field.dispatchEvent(new Event("input"));
    }
  };
  return page.evaluate(set, { record, key });
}

/** Waits until the steps say this, in order, and gives the page's answer as text. */
export async function steps(page, ...expected) {
  const say = (words) => [...document.querySelectorAll(".steps span")].map((span) => span.textContent).join() === words;
  await page.waitForFunction(say, {}, expected.join());
  return page.$eval("#answer", (answer) => answer.innerText);
}

/** A picture of the page from its top. */
export async function photograph(page, path) {
  await page.evaluate(async () => {
    document.activeElement.blur();
    window.scrollTo(0, 0);
    await new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted)));
  });
  await page.screenshot({ path });
}
