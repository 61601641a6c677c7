// The page that explains a pasted record and, with its data key, decodes it. Nothing leaves the page: its policy allows
// no connection, and the decoder has no way to ask for one.

import { Decoder } from "../decoder.js";
import type { Verdict } from "../verdict.js";
import { el } from "./element.js";
import { pastedKeys, records } from "./input.js";
import type { Report } from "./report.js";
import sample from "./sample.json" with { type: "json" };
import { answer } from "./view.js";

const find = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const record = find<HTMLTextAreaElement>("record");
const key = find<HTMLTextAreaElement>("key");
const output = find("answer");
const picker = find("picker");
const keyError = find("key-error");

/** Which of several pasted records is shown. */
let place = 0;
/** Grows with every change: an answer that is overtaken is not shown. */
let turn = 0;

async function show(): Promise<void> {
  const mine = ++turn;
  const all = records(record.value);
  place = Math.min(place, Math.max(0, all.length - 1));
  showPicker(all.length);
  const text = all[place];
  if (text === undefined) {
    keyError.textContent = "";
    output.replaceChildren();
    return;
  }
  try {
    const [report, verdict] = await look(text);
    if (mine === turn) output.replaceChildren(...answer(report, verdict));
  } catch (thrown) {
    if (mine === turn) output.replaceChildren(el("p", { class: "failure" }, (thrown as Error).message));
  }
}

async function look(text: string): Promise<[Report, Verdict | undefined]> {
  const pasted = keys();
  const settings = { heartbeats: "keep", resources: pasted?.resources ?? [] };
  const decoder = await Decoder.open(settings, { keys: pasted?.keys ?? (() => new Uint8Array()) });
  const report = decoder.inspect(text) as Report;
  // What is not encrypted needs no key.
  if (!pasted && report.envelope?.encrypted !== false) return [report, undefined];
  const [verdict] = await decoder.decode([text]);
  return [report, verdict];
}

/** The pasted keys; none when there are none, or when they cannot be read, which is said beside them. */
function keys() {
  try {
    keyError.textContent = "";
    key.removeAttribute("aria-invalid");
    return key.value.trim() ? pastedKeys(key.value) : undefined;
  } catch (thrown) {
    keyError.textContent = (thrown as Error).message;
    key.setAttribute("aria-invalid", "true");
    return undefined;
  }
}

function showPicker(count: number): void {
  const turnTo = (to: number, name: string, sign: string) => {
    const button = el("button", { type: "button", class: "quiet", "aria-label": name }, sign) as HTMLButtonElement;
    button.disabled = to < 0 || to >= count;
    button.addEventListener("click", () => {
      place = to;
      show();
    });
    return button;
  };
  const position = el("span", {}, `record ${place + 1} of ${count.toLocaleString("en")}`);
  const parts = [turnTo(place - 1, "Previous record", "‹"), position, turnTo(place + 1, "Next record", "›")];
  picker.replaceChildren(...(count > 1 ? parts : []));
}

let waiting: ReturnType<typeof setTimeout>;
for (const field of [record, key]) {
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(show, 150);
  });
}

find("sample").addEventListener("click", () => {
  record.value = JSON.stringify(sample.record);
  key.value = sample.key;
  show();
});

find("clear").addEventListener("click", () => {
  record.value = key.value = "";
  show();
  record.focus();
});

record.addEventListener("dragover", (event) => event.preventDefault());
record.addEventListener("drop", async (event) => {
  const [file] = event.dataTransfer?.files ?? [];
  if (!file) return;
  event.preventDefault();
  record.value = await file.text();
  show();
});

// A browser keeps what was typed before a reload.
show();
