// What to say about a setting that does not exist.

/** Names the setting and the nearest one that exists. */
export function unknownSetting(place: string, found: string, known: string[]): Error {
  const nearest = [...known].sort((a, b) => distance(found, a) - distance(found, b))[0]!;
  return new Error(
    `${place}.${found}: there is no such setting; did you mean "${nearest}"? Known: ${known.join(", ")}`,
  );
}

/** How many letters must be put in, left out or replaced. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length]!;
}
