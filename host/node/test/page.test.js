// The inspection page in headless Chromium, opened from the file system: what people see, and that nothing leaves.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { test } from "node:test";
import { DIST, enter, open, photograph, steps, tab } from "./support/browser.js";
import { decodedByProgram, generate } from "./support/stream.js";

const PASSED = Array(5).fill("passed");
const EXPLAINED = ["readable", "needs a key", "readable", "not tried", "not tried"];

/** A stream with one record, and the key of that record in base64. */
function oneRecord(t, ...options) {
  const stream = generate(
    t,
    "--records",
    "1",
    "--engine",
    "postgres",
    "--heartbeats",
    "0",
    "--empty",
    "0",
    "--events",
    "8",
    ...options,
  );
  const [record] = stream.records;
  const { key } = JSON.parse(record);
  const { plaintext } = JSON.parse(stream.keyring).keys.find(({ ciphertext }) => ciphertext === key);
  return { record, key: plaintext, stream };
}

test("without a key the record is explained", async (t) => {
  const page = await open(t);
  const { record } = oneRecord(t);
  await enter(page, record);
  const text = await steps(page, ...EXPLAINED);
  assert.match(text, /DatabaseActivityMonitoringRecords/);
  assert.match(text, /0x0178: AES-256-GCM, HKDF-SHA256, no key commitment, no signature/);
  assert.match(text, /BC \/ DataKey/);
  assert.equal((await page.$$(".layout li")).length, 2);
  assert.equal(await page.$(".events"), null);
});

test("with the data key, in base64 or hexadecimal, its events are those of the Rust program", async (t) => {
  const page = await open(t);
  const { record, key, stream } = oneRecord(t);
  const events = decodedByProgram(t, stream)
    .lines.trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  for (const writing of [key, Buffer.from(key, "base64").toString("hex"), stream.keyring]) {
    await enter(page, record, writing);
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
  const damaged = (fault) => oneRecord(t, "--fault", fault).record;
  for (const [pasted, pastedKey, place, reason] of [
    ["no json", "", 0, /envelope\/not-json/],
    ['{"type":"x"}', "", 0, /envelope\/wrong-type/],
    [record, wrong, 2, /message\/no-usable-key/],
    [damaged("frame-bit"), key, 2, /message\/not-authentic\s+frame 1/],
    [damaged("not-gzip"), key, 3, /gunzip\/not-gzip/],
    [damaged("not-utf8"), key, 4, /events\/not-utf8/],
  ]) {
    await enter(page, pasted, pastedKey);
    const words = PASSED.map((word, index) => (index < place ? word : index > place ? "not tried" : "failed"));
    assert.match(await steps(page, ...words), reason);
  }
});

test("a key that cannot be read is said beside it, and the record is explained all the same", async (t) => {
  const page = await open(t);
  const { record } = oneRecord(t);
  for (const [key, message] of [
    ["!", "expected a data key in base64 or hexadecimal, or a keyring in JSON"],
    ["AAAA", "expected a data key of 32 bytes (16 and 24 are accepted), found 3"],
    ["{", "keyring is not JSON"],
  ]) {
    await enter(page, record, key);
    await page.waitForFunction(() => document.getElementById("key-error").textContent !== "");
    await steps(page, ...EXPLAINED);
    const said = await page.$eval("#key-error", (error) => error.textContent);
    assert.ok(said.startsWith(message), said);
    assert.equal(await page.$eval("#key", (field) => field.getAttribute("aria-invalid")), "true");
  }
});

test("every carrier is unpacked, and one can turn from record to record", async (t) => {
  const page = await open(t);
  for (const format of ["ndjson", "kinesis-event", "firehose-event"]) {
    const { text, keyring } = generate(
      t,
      "--records",
      "3",
      "--engine",
      "mysql",
      "--heartbeats",
      "0",
      "--empty",
      "0",
      "--format",
      format,
    );
    await enter(page, text, keyring);
    await page.waitForFunction(() => document.getElementById("picker").innerText.includes("of 3"));
    const ids = [];
    for (let n = 1; n <= 3; n++) {
      await page.waitForFunction(
        (n) => document.getElementById("picker").innerText.includes(`record ${n} of 3`),
        {},
        n,
      );
      const answer = await steps(page, ...PASSED);
      ids.push(/Message id\s+([0-9a-f]{32})/i.exec(answer)[1]);
      if (n < 3) await page.click("#picker button[aria-label='Next record']");
    }
    assert.equal(new Set(ids).size, 3, format);
  }
});

test("markup in a record stays text", async (t) => {
  const page = await open(t);
  const event = { type: "record", command: "<img src=x onerror=alert(1)>", commandText: "<script>alert(1)</script>" };
  const document = { type: "DatabaseActivityMonitoringRecord", databaseActivityEventList: [event] };
  await enter(page, JSON.stringify({ type: "DatabaseActivityMonitoringRecords", databaseActivityEvents: document }));
  await steps(page, "passed", "not needed", "not needed", "not needed", "passed");
  assert.equal(await page.$eval("details code", (code) => code.textContent), event.commandText);
  assert.equal(await page.$("#answer img, #answer script"), null);
});

test("the page may open no connection", async (t) => {
  const server = createServer((_, answer) => answer.end(readFileSync(join(DIST, "inspect.html"))));
  let requests = 0;
  server.on("request", () => {
    requests += 1;
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.closeAllConnections() ?? server.close());
  const page = await tab(t, `http://127.0.0.1:${server.address().port}/`);
  const before = requests;
  const tried = await page.evaluate(async () => {
    const refused = (promise) =>
      promise.then(
        () => "allowed",
        () => "refused",
      );
    const image = new Promise((resolve, reject) =>
      Object.assign(new Image(), { onload: resolve, onerror: reject, src: "/x.png" }),
    );
    const beacon = navigator.sendBeacon("/x", "key");
    return [await refused(fetch("/x")), await refused(image), beacon];
  });
  assert.deepEqual(tried.slice(0, 2), ["refused", "refused"]);
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(requests, before);
});

test("the package itself works in a browser, without a bundler", async (t) => {
  const types = { ".js": "text/javascript", ".wasm": "application/wasm", ".html": "text/html" };
  const server = createServer(({ url }, answer) => {
    answer.setHeader("content-type", types[extname(url)] ?? "text/html");
    const blank = '<!doctype html><link rel="icon" href="data:,"><title>test</title>';
    answer.end(url === "/" ? blank : readFileSync(join(DIST, url)));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.closeAllConnections() ?? server.close());
  const stream = generate(t, "--records", "20", "--engine", "oracle");
  const page = await tab(t, `http://127.0.0.1:${server.address().port}/`);
  const lines = await page.evaluate(async ({ records, keyring, resources }) => {
    const { Decoder, Keyring } = await import("/index.js");
    const decoder = await Decoder.open({ resources }, { keys: new Keyring(keyring) });
    return (await decoder.decodeMerged(records)).outputs.map((output) => output.lines).join("");
  }, stream);
  assert.equal(lines, decodedByProgram(t, stream).lines);
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
  for (const expected of [
    "textbox: Record",
    "textbox: Data key optional",
    "button: Try a sample",
    "heading: Envelope",
    "heading: Message",
  ]) {
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
        const [r, g, b] = rgb(color).map((value) =>
          value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4,
        );
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const ground = (element) => {
        const color = getComputedStyle(element).backgroundColor;
        return rgb(color)[3] > 0 ? color : ground(element.parentElement);
      };
      const holdsText = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
      return [...document.querySelectorAll("body *")]
        .filter((element) => holdsText(element) && element.checkVisibility())
        .flatMap((element) => {
          const [a, b] = [luminance(getComputedStyle(element).color), luminance(ground(element))].sort((x, y) => y - x);
          const contrast = (a + 0.05) / (b + 0.05);
          return contrast < 4.5
            ? [`${element.tagName} ${element.textContent.slice(0, 30)}: ${contrast.toFixed(2)}`]
            : [];
        });
    });
    assert.deepEqual(poor, []);
    if (process.env.DASTAP_SCREENSHOTS) await photograph(page, join(process.env.DASTAP_SCREENSHOTS, `${scheme}.png`));
  });
}
