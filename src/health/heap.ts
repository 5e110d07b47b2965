/** A binary heap: the smallest of many by an order, in logarithmic time. */

export class Heap<T> {
  readonly #items: T[] = [];
  readonly #isBefore: (a: T, b: T) => boolean;

  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore;
  }

  get size(): number {
    return this.#items.length;
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    let index = this.#items.push(item) - 1;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#items[parentIndex];
      if (parent === undefined || !this.#isBefore(item, parent)) break;
      this.#items[index] = parent;
      index = parentIndex;
    }
    this.#items[index] = item;
  }

  pop(): T | undefined {
    const top = this.#items[0];
    const last = this.#items.pop();
    if (last !== undefined && this.#items.length > 0) this.#sink(last);
    return top;
  }

  /** Drops what does not satisfy `keep`. */
  retain(keep: (item: T) => boolean): void {
    const kept = this.#items.filter(keep);
    this.#items.length = 0;
    for (const item of kept) this.push(item);
  }

  #sink(item: T): void {
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const child = this.#smaller(left, left + 1);
      if (child === undefined || !this.#isBefore(child.item, item)) break;
      this.#items[index] = child.item;
      index = child.index;
    }
    this.#items[index] = item;
  }

  #smaller(left: number, right: number): { readonly index: number; readonly item: T } | undefined {
    const a = this.#items[left];
    const b = this.#items[right];
    if (a === undefined) return undefined;
    return b !== undefined && this.#isBefore(b, a) ? { index: right, item: b } : { index: left, item: a };
  }
}
