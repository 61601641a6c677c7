// DOM elements from their parts. Text is only ever set as text: what is shown comes from untrusted records.

type Child = Node | string | false | undefined;

export function el(name: string, attributes: Record<string, string> = {}, ...children: Child[]): HTMLElement {
  const element = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  element.append(...children.filter((child): child is Node | string => Boolean(child)));
  return element;
}

/** Names and values; a value that is undefined is left out. */
export function facts(rows: Record<string, string | undefined>): HTMLElement {
  const pairs = Object.entries(rows).filter(([, value]) => value !== undefined);
  return el("dl", {}, ...pairs.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

export function bytes(count: number | undefined | null): string | undefined {
  if (count === undefined || count === null) return undefined;
  if (count < 1024) return `${count} ${count === 1 ? "byte" : "bytes"}`;
  const [value, unit] = count < 1024 * 1024 ? [count / 1024, "KiB"] : [count / 1024 / 1024, "MiB"];
  return `${value.toFixed(1)} ${unit} (${count.toLocaleString("en")} bytes)`;
}
