// The answer as sections of the page: steps, failure, structure, events.

import type { Verdict } from "../verdict.js";
import { bytes, el, facts } from "./element.js";
import { type Failure, type Report, STAGES, type Stage } from "./report.js";

/** So many events are shown at first. */
const SHOWN = 50;

/** The whole answer. `verdict` is missing where there is no key. */
export function answer(report: Report, verdict: Verdict | undefined): HTMLElement[] {
  const failure = verdict && !verdict.ok ? verdict : report.failure;
  const sections = [steps(report, verdict, failure)];
  if (failure) sections.push(failed(failure));
  if (verdict?.ok) sections.push(events(verdict.outputs.map((output) => output.lines).join("")));
  if (report.envelope) sections.push(envelope(report.envelope));
  if (report.message) sections.push(message(report.message));
  return sections;
}

function steps(report: Report, verdict: Verdict | undefined, failure: Failure | undefined): HTMLElement {
  const items = STAGES.map((stage) => {
    const [state, word] = step(stage, report, verdict, failure);
    return el("li", { class: state }, el("b", {}, stage), el("span", {}, word));
  });
  return el("section", { "aria-label": "Steps of decoding" }, el("ol", { class: "steps" }, ...items));
}

function step(
  stage: Stage,
  { envelope }: Report,
  verdict: Verdict | undefined,
  failure: Failure | undefined,
): [state: "good" | "bad" | "half" | "none", word: string] {
  const broken = STAGES.findIndex((name) => name === failure?.stage);
  const place = STAGES.indexOf(stage);
  if (place === broken) return ["bad", "failed"];
  if (envelope?.encrypted === false && ["key", "message", "gunzip"].includes(stage)) return ["none", "not needed"];
  if (broken >= 0 && place > broken) return ["none", "not tried"];
  if (verdict) return ["good", "passed"];
  // Without a key the structure is read as far as the message's frames, and authenticated nowhere.
  if (stage === "key") return ["none", "needs a key"];
  return place < STAGES.indexOf("gunzip") ? ["half", "readable"] : ["none", "not tried"];
}

function failed({ stage, reason, detail }: Failure): HTMLElement {
  const title = el("h2", {}, "Why it does not decode");
  return el(
    "section",
    { class: "failure" },
    title,
    el("p", { class: "reason" }, `${stage}/${reason}`),
    el("p", {}, detail),
  );
}

function envelope({
  type,
  version,
  bytes: size,
  encrypted,
  ciphertextBytes,
  keyBytes,
}: NonNullable<Report["envelope"]>) {
  const rows = {
    Type: type,
    Version: version ?? undefined,
    Size: bytes(size),
    Events: encrypted === undefined ? undefined : encrypted ? `encrypted, ${bytes(ciphertextBytes)}` : "not encrypted",
    "Data key": keyBytes === undefined ? undefined : `${bytes(keyBytes)}, as KMS encrypted it`,
  };
  return el("section", {}, el("h2", {}, "Envelope"), facts(rows));
}

function message({
  format,
  suite,
  messageId,
  context,
  encryptedDataKeys,
  headerBytes,
  body,
  bytes: size,
}: NonNullable<Report["message"]>) {
  const keys = encryptedDataKeys?.map(
    ({ provider, name, ciphertextBytes }) => `${provider} / ${name}, ${bytes(ciphertextBytes)}`,
  );
  const rows = {
    Format: format === undefined ? undefined : `AWS Encryption SDK, version ${format}`,
    "Algorithm suite": suite && `${suite.id}: ${suite.name}`,
    "Message id": messageId,
    Size: bytes(size),
    Context: context && (context.map(([name, value]) => `${name} = ${value}`).join(", ") || "none in the message"),
    "Encrypted data keys": keys?.join("; "),
    Frames: body && frames(body),
    Signature: body && (bytes(body.signatureBytes) ?? "none"),
  };
  const section = el("section", {}, el("h2", {}, "Message"), facts(rows));
  if (body && headerBytes !== undefined && size !== undefined) section.append(layout(headerBytes, body, size));
  return section;
}

type Body = NonNullable<NonNullable<Report["message"]>["body"]>;

function frames({ framed, frames, frameLength, finalFrameBytes }: Body): string {
  if (!framed) return "none: one block";
  const regular = frames === 0 ? "" : `${frames} of ${bytes(frameLength)}, and `;
  return `${regular}a final one of ${bytes(finalFrameBytes) ?? "unknown length"}`;
}

/** The message's parts as a bar, in proportion. */
function layout(headerBytes: number, body: Body, size: number): HTMLElement {
  const signature = body.signatureBytes ?? 0;
  const final = body.finalFrameBytes ?? 0;
  const parts: Array<[name: string, size: number]> = [["header", headerBytes]];
  if (body.frames > 0)
    parts.push([body.frames === 1 ? "frame" : `${body.frames} frames`, size - headerBytes - final - signature]);
  if (body.framed) parts.push(["final frame", final]);
  else parts.push(["block", size - headerBytes - signature]);
  if (signature > 0) parts.push(["signature", signature]);
  const items = parts.map(([name, part]) => {
    const item = el("li", {}, el("b", {}, name), el("span", {}, part.toLocaleString("en")));
    // Through the object model: the page's policy allows no style attributes.
    item.style.flexGrow = String(Math.max(part, size / 40));
    return item;
  });
  return el("ol", { class: "layout", "aria-label": "Parts of the message, in bytes" }, ...items);
}

function events(lines: string): HTMLElement {
  const all = lines.split("\n").filter(Boolean);
  const title = el("h2", {}, all.length === 1 ? "1 event" : `${all.length} events`);
  if (all.length === 0)
    return el("section", { class: "events" }, title, el("p", {}, "The record's list of events is empty."));
  const copy = el("button", { type: "button", class: "quiet" }, "Copy as NDJSON");
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(lines);
    copy.textContent = "Copied";
  });
  const list = el("div", { class: "list" }, ...all.slice(0, SHOWN).map(event));
  const section = el("section", { class: "events" }, el("header", {}, title, copy), list);
  if (all.length > SHOWN) {
    const more = el("button", { type: "button" }, `Show ${all.length - SHOWN} more`);
    more.addEventListener("click", () => {
      list.append(...all.slice(SHOWN).map(event));
      more.remove();
    });
    section.append(more);
  }
  return section;
}

/** An event on a line, and all of it below when that is opened. */
function event(line: string): HTMLElement {
  const members = JSON.parse(line) as Record<string, unknown>;
  const text = (...names: string[]) => {
    const found = names.map((name) => members[name]).find((value) => typeof value === "string" && value !== "");
    return (found as string | undefined) ?? "";
  };
  // Engines write times in three ways; the part that people look for is hours, minutes and seconds.
  const time = /\d\d:\d\d:\d\d(\.\d{1,3})?/.exec(text("logTime", "startTime"))?.[0] ?? "";
  const what = text("commandText", "objectName", "errorMessage");
  const isHeartbeat = members["type"] === "heartbeat";
  const summary = el(
    "summary",
    {},
    el("time", {}, time),
    el("span", { class: "who" }, text("dbUserName")),
    el("b", {}, isHeartbeat ? "heartbeat" : text("command", "class", "type")),
    el("code", {}, what.replace(/\s+/g, " ").slice(0, 300)),
  );
  return el("details", {}, summary, el("pre", { tabindex: "0" }, JSON.stringify(members, null, 2)));
}
