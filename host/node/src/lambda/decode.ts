// Verdicts for the records of an event, each with its place, whatever their carrier's base64 is.

import type { Decoder } from "../decoder.js";
import type { Input } from "../record.js";
import type { Failed, Verdict } from "../verdict.js";

export async function verdicts(
  decoder: Decoder,
  records: Array<Input | Failed>,
  resource: string | undefined,
): Promise<Verdict[]> {
  const decoded = await decoder.decode(records.filter(isInput), resource);
  let next = 0;
  return records.map((record) => (isInput(record) ? decoded[next++]! : { ...record }));
}

function isInput(record: Input | Failed): record is Input {
  return typeof record === "string" || ArrayBuffer.isView(record);
}
