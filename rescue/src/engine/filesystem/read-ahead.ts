/** Keeps a few reads under way while their results are used in order: tree blocks lie scattered over a disk. */

/**
 * `read(item)` of each of `items`, in order, with up to `depth` reads begun before they are asked for.
 * Ends with the first read that fails; what was begun after it is dropped.
 */
export async function* readAhead<I, O>(
  items: readonly I[],
  depth: number,
  read: (item: I) => Promise<O>,
): AsyncGenerator<O> {
  const begun: Promise<O>[] = [];
  let next = 0;
  while (next < items.length || begun.length > 0) {
    while (next < items.length && begun.length < depth) {
      const promise = read(items[next++]!);
      // It is awaited below, unless an earlier one fails: then its own failure is of no interest.
      promise.catch(() => undefined);
      begun.push(promise);
    }
    yield await begun.shift()!;
  }
}
