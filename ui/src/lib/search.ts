/** Without accents and case, so that what is typed in a hurry finds what was written with care. */
export function folded(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

/** Words shorter than this hardly tell one sentence from another: "o", "de", "no". */
const TELLING = 3;

/**
 * Those of `all` that hold the most of the words typed, in any order, and at least half of them: who repeats a
 * customer's sentence should not have to guess which of its words count. Those that hold them in an earlier text come
 * first; of each thing `texts` gives what it can be found by, the most telling first.
 */
export function search<T>(all: T[], typed: string, texts: (each: T) => string[]): T[] {
  const words = folded(typed)
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean);
  const long = words.filter((word) => word.length >= TELLING);
  const wanted = long.length > 0 ? long : words;
  const held = all.map((each) => {
    const places = texts(each).map(folded);
    const ranks = wanted
      .map((word) => places.findIndex((place) => place.includes(word)))
      .filter((rank) => rank >= 0);
    return { each, count: ranks.length, rank: ranks.reduce((sum, rank) => sum + rank, 0) };
  });
  const most = Math.max(Math.ceil(wanted.length / 2), ...held.map(({ count }) => count));
  return held
    .filter(({ count }) => count === most)
    .sort((a, b) => a.rank - b.rank)
    .map(({ each }) => each);
}
