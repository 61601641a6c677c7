// The inspection page in headless Chromium, opened from the file system: what people see, and that nothing leaves.

import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import puppeteer from "puppeteer-core";
import { decodedByProgram, folder, generate } from "./support/stream.js";

const PAGE = fileURLToPath(new URL("../dist/inspect.html", import.meta.url));
const CHROMIUM = process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);

let browser;
before(async () => {
  // Root, as in most containers, may not use Chromium's own sandbox.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  browser = await puppeteer.launch({ executablePath: CHROMIUM, args });
});
after(() => browser?.close());

/** The page, opened; errors and requests of it fail the test. */
async function open(t, address = pathToFileURL(PAGE).href) {
  const page = await browser.newPage();
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on("console", (message) => message.type() === "error" && wrong.push(message.text()));
  page.on("request", (request) => {
    if (request.url() !== address && !request.url().startsWith("data:")) wrong.push(request.url());
  });
  await page.goto(address);
  t.after(async () => {
    await page.close();
    assert.deepEqual(wrong, []);
  });
  return page;
}

async function enter(page, { record, key }) {
  const set = (id, value) => page.$eval(id, (field, text) => {
    field.value = text;
    field.dispatchEvent(new Event("input"));
  }, value);
  if (record !== undefined) await set("#record", record);
  if (key !== undefined) await set("#key", key);
}

/** Waits until the steps say this, in order, and gives the page's answer as text. */
async function steps(page, ...expected) {
  await page.waitForFunction(
    (words) => [...document.querySelectorAll(".steps span")].map((span) => span.textContent).join() === words,
    { timeout: 10_000 },
    expected.join(),
  );
  return page.$eval("#answer", (answer) => answer.innerText);
}

/** How the README's picture is made: DASTAP_SCREENSHOTS names the folder. */
async function photograph(page, path) {
  await page.evaluate(async () => {
    document.activeElement.blur();
    window.scrollTo(0, 0);
    await new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted)));
  });
  await page.screenshot({ path });
}

const PASSED = Array(5).fill("passed");

/** A stream with one record, and the key of that record in base64. */
function oneRecord(t, ...options) {
  const stream = generate(t, "--records", "1", "--engine", "postgres", "--heartbeats", "0", "--empty", "0", "--events", "8", ...options);
  const [record] = stream.records;
  const { key } = JSON.parse(record);
  const { plaintext } = JSON.parse(stream.keyring).keys.find(({ ciphertext }) => ciphertext === key);
  return { record, key: plaintext, stream };
}

test("without a key the record is explained", async (t) => {
  const page = await open(t);
  const { record } = oneRecord(t);
  await enter(page, { record });
  const text = await steps(page, "readable", "needs a key", "readable", "not tried", "not tried");
  assert.match(text, /DatabaseActivityMonitoringRecords/);
  assert.match(text, /0x0178: AES-256-GCM, HKDF-SHA256, no key commitment, no signature/);
  assert.match(text, /BC \/ DataKey/);
  assert.equal((await page.$$(".layout li")).length, 2);
  assert.equal(await page.$(".events"), null);
});

test("with the data key, in base64 or hexadecimal, its events are those of the Rust program", async (t) => {
  const page = await open(t);
  const { record, key, stream } = oneRecord(t);
  const events = decodedByProgram(t, stream).lines.trimEnd().split("\n").map((line) => JSON.parse(line));
  for (const writing of [key, Buffer.from(key, "base64").toString("hex"), stream.keyring]) {
    await enter(page, { record: "", key: "" });
    await enter(page, { record, key: writing });
    await steps(page, ...PASSED);
    const shown = await page.$$eval(".events pre", (all) => all.map((pre) => JSON.parse(pre.textContent)));
    assert.deepEqual(shown, events);
  }
  assert.equal(await page.$eval(".events h2", (title) => title.textContent), `${events.length} events`);
  await page.click("details summary");
  assert.equal(await page.$eval("details", (details) => details.open), true);
});

test("the failing step and its reason are shown", async (t) => {
  const page = await open(t);
  const { record, key } = oneRecord(t);
  const wrong = Buffer.alloc(32, 1).toString("base64");
  const failing = [
    [{ record: "no json" }, ["failed", ...Array(4).fill("not tried")], /envelope\/not-json/],
    [{ record: '{"type":"x"}' }, ["failed", ...Array(4).fill("not tried")], /envelope\/wrong-type/],
    [{ record, key: wrong }, ["passed", "passed", "failed", "not tried", "not tried"], /message\/no-usable-key/],
    [{ record: oneRecord(t, "--fault", "frame-bit").record, key }, ["passed", "passed", "failed", "not tried", "not tried"], /message\/not-authentic\s+frame 1/],
    [{ record: oneRecord(t, "--fault", "not-gzip").record, key }, ["passed", "passed", "passed", "failed", "not tried"], /gunzip\/not-gzip/],
    [{ record: oneRecord(t, "--fault", "not-utf8").record, key }, ["passed", "passed", "passed", "passed", "failed"], /events\/not-utf8/],
  ];
  for (const [input, words, reason] of failing) {
    await enter(page, { record: "", key: "" });
    await page.waitForFunction(() => document.getElementById("answer").childElementCount === 0);
    await enter(page, input);
    assert.match(await steps(page, ...words), reason);
  }
});

test("a key that cannot be read is said beside it, and the record is explained all the same", async (t) => {
  const page = await open(t);
  const { record } = oneRecord(t);
  for (const [key, message] of [
    ["!", "expected a data key in base64 or hexadecimal, or a keyring in JSON"],
    ["AAAA", "expected a data key of 32 bytes (16 and 24 are accepted), found 3"],
    ["{", /^keyring is not JSON/],
  ]) {
    await enter(page, { record, key });
    await page.waitForFunction(() => document.getElementById("key-error").textContent !== "");
    await steps(page, "readable", "needs a key", "readable", "not tried", "not tried");
    const said = await page.$eval("#key-error", (error) => error.textContent);
    assert.match(said, message instanceof RegExp ? message : new RegExp(`^${message.replace(/[()]/g, "\\$&")}$`));
    assert.equal(await page.$eval("#key", (field) => field.getAttribute("aria-invalid")), "true");
    await enter(page, { key: "" });
    await page.waitForFunction(() => !document.getElementById("key").hasAttribute("aria-invalid"));
  }
});

test("every carrier is unpacked, and one can turn from record to record", async (t) => {
  const page = await open(t);
  for (const format of ["ndjson", "kinesis-event", "firehose-event"]) {
    const { text, keyring } = generate(t, "--records", "3", "--engine", "mysql", "--heartbeats", "0", "--empty", "0", "--format", format);
    await enter(page, { record: text, key: keyring });
    await page.waitForFunction(() => document.getElementById("picker").innerText.includes("of 3"));
    const ids = [];
    for (let n = 1; n <= 3; n++) {
      await page.waitForFunction((n) => document.getElementById("picker").innerText.includes(`record ${n} of 3`), {}, n);
      const answer = await steps(page, ...PASSED);
      ids.push(/Message id\s+([0-9a-f]{32})/i.exec(answer)[1]);
      if (n < 3) await page.click("#picker button[aria-label='Next record']");
    }
    assert.equal(new Set(ids).size, 3, format);
    await enter(page, { record: "", key: "" });
    await page.waitForFunction(() => document.getElementById("answer").childElementCount === 0);
  }
});

test("markup in a record stays text", async (t) => {
  const page = await open(t);
  const event = { type: "record", command: "<img src=x onerror=alert(1)>", commandText: "<script>alert(1)</script>" };
  const document = { type: "DatabaseActivityMonitoringRecord", databaseActivityEventList: [event] };
  await enter(page, { record: JSON.stringify({ type: "DatabaseActivityMonitoringRecords", databaseActivityEvents: document }) });
  await steps(page, "passed", "not needed", "not needed", "not needed", "passed");
  assert.equal(await page.$eval("details code", (code) => code.textContent), event.commandText);
  assert.equal(await page.$("#answer img, #answer script"), null);
});

test("the page may open no connection", async (t) => {
  const server = createServer((_, answer) => answer.end(readFileSync(PAGE)));
  let requests = 0;
  server.on("request", () => {
    requests += 1;
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.closeAllConnections() ?? server.close());
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const before = requests;
  const tried = await page.evaluate(async () => {
    const refused = (promise) => promise.then(() => "allowed", () => "refused");
    const image = new Promise((resolve, reject) => Object.assign(new Image(), { onload: resolve, onerror: reject, src: "/x.png" }));
    const beacon = navigator.sendBeacon("/x", "key");
    return [await refused(fetch("/x")), await refused(image), beacon];
  });
  assert.deepEqual(tried.slice(0, 2), ["refused", "refused"]);
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(requests, before);
  await page.close();
});

test("it can be used by keyboard and read by assistive technology", async (t) => {
  const page = await open(t);
  const names = [];
  for (let n = 0; n < 4; n++) {
    await page.keyboard.press("Tab");
    names.push(await page.evaluate(() => document.activeElement.id));
  }
  assert.deepEqual(names, ["record", "key", "sample", "clear"]);
  await page.focus("#sample");
  await page.keyboard.press("Enter");
  await steps(page, ...PASSED);
  const tree = await page.accessibility.snapshot();
  const flat = (node) => [node, ...(node.children ?? []).flatMap(flat)];
  const roles = flat(tree).map(({ role, name }) => `${role}: ${name}`);
  for (const expected of ["textbox: Record", "textbox: Data key optional", "button: Try a sample", "heading: Envelope", "heading: Message"]) {
    assert.ok(roles.includes(expected), `${expected} in ${roles.slice(0, 30)}`);
  }
});

for (const scheme of ["light", "dark"]) {
  test(`text can be told from its ground in ${scheme}`, async (t) => {
    const page = await open(t);
    await page.setViewport({ width: 1280, height: 1080, deviceScaleFactor: 1.5 });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await page.click("#sample");
    await steps(page, ...PASSED);
    // WCAG's contrast of every element that holds text itself, against the nearest ground that is not transparent.
    const poor = await page.evaluate(() => {
      const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
      const rgb = (color) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = color;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
      };
      const luminance = (color) => {
        const [r, g, b] = rgb(color).map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const ground = (element) => {
        const color = getComputedStyle(element).backgroundColor;
        return rgb(color)[3] > 0 ? color : ground(element.parentElement);
      };
      const holdsText = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
      return [...document.querySelectorAll("body *")].filter((element) => holdsText(element) && element.checkVisibility()).flatMap((element) => {
        const [a, b] = [luminance(getComputedStyle(element).color), luminance(ground(element))].sort((x, y) => y - x);
        const contrast = (a + 0.05) / (b + 0.05);
        return contrast < 4.5 ? [`${element.tagName} ${element.textContent.slice(0, 30)}: ${contrast.toFixed(2)}`] : [];
      });
    });
    assert.deepEqual(poor, []);
    if (process.env.DASTAP_SCREENSHOTS) await photograph(page, join(process.env.DASTAP_SCREENSHOTS, `${scheme}.png`));
  });
}
