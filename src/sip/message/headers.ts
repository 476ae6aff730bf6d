import { headerKey, isListHeader } from './header-names.ts';
import { splitFirst, splitList } from './lists.ts';

/** A header field as it stands in a message. */
export type HeaderField = readonly [name: string, value: string];

/**
 * The header fields of a message, in order. Names are matched without regard to case and to compact forms
 * (RFC 3261 7.3.1, 7.3.3) and kept as they were written. Values are one line: folding is undone.
 */
export class Headers implements Iterable<HeaderField> {
  #names: string[] = [];
  #keys: string[] = [];
  #values: string[] = [];
  /** What accessors have parsed from these headers until the next change, and its keys: a dozen at most. */
  #parsed: unknown[] | undefined;
  #parsedKeys: string[] | undefined;

  constructor(fields?: Iterable<HeaderField>) {
    if (fields === undefined) return;
    for (const [name, value] of fields) this.add(name, value);
  }

  /** Header fields (lines), not list elements. */
  get size(): number {
    return this.#keys.length;
  }

  has(name: string): boolean {
    return this.#keys.includes(headerKey(name));
  }

  /** How many header fields have this name, list elements not counted apart. */
  count(name: string): number {
    const key = headerKey(name);
    let count = 0;
    for (const other of this.#keys) if (other === key) count++;
    return count;
  }

  /** Value of the first field of this name, whole: a list is not split. */
  get(name: string): string | undefined {
    const index = this.#keys.indexOf(headerKey(name));
    return index < 0 ? undefined : this.#values[index];
  }

  /**
   * All values of this name in order; where the grammar is a comma-separated list, its elements.
   * @throws SipParseError 513 past the limit of values
   */
  getAll(name: string): string[] {
    const key = headerKey(name);
    const isList = isListHeader(key);
    const values: string[] = [];
    for (let i = 0; i < this.#keys.length; i++) {
      if (this.#keys[i] !== key) continue;
      const value = this.#values[i]!;
      if (!isList) values.push(value);
      else if (value.includes(',')) values.push(...splitList(value));
      else if (value !== '') values.push(value);
    }
    return values;
  }

  /** All values of this name in order, whole: lists are not split. */
  getWhole(name: string): string[] {
    const key = headerKey(name);
    const first = this.#keys.indexOf(key);
    if (first < 0) return [];
    // Most have one; an array that is not grown into has no room to spare, and dialogs keep some.
    if (this.#keys.indexOf(key, first + 1) < 0) return [this.#values[first]!];
    return this.#values.filter((_value, index) => this.#keys[index] === key);
  }

  /** Puts one field in the place of the first of this name (else at the end) and removes its others. */
  set(name: string, value: string): this {
    const key = headerKey(name);
    const index = this.#keys.indexOf(key);
    if (index < 0) return this.add(name, value);
    for (let i = this.#keys.length - 1; i > index; i--) if (this.#keys[i] === key) this.#removeAt(i);
    this.#names[index] = name;
    this.#values[index] = value;
    this.#forgetParsed();
    return this;
  }

  /** Appends a field. */
  add(name: string, value: string): this {
    return this.addKeyed(name, headerKey(name), value);
  }

  /** Appends a field whose key the caller has. @param key `headerKey(name)` */
  addKeyed(name: string, key: string, value: string): this {
    this.#names.push(name);
    this.#keys.push(key);
    this.#values.push(value);
    this.#forgetParsed();
    return this;
  }

  /** Puts a field before the first of its name (a new top Via), or before everything when there is none. */
  prepend(name: string, value: string): this {
    const key = headerKey(name);
    const index = Math.max(0, this.#keys.indexOf(key));
    this.#names.splice(index, 0, name);
    this.#keys.splice(index, 0, key);
    this.#values.splice(index, 0, value);
    this.#forgetParsed();
    return this;
  }

  /** Removes all fields of this name. */
  remove(name: string): this {
    const key = headerKey(name);
    for (let i = this.#keys.length - 1; i >= 0; i--) if (this.#keys[i] === key) this.#removeAt(i);
    this.#forgetParsed();
    return this;
  }

  /**
   * Puts `value` in the place of the first list element of this name and leaves the others (the top Via gets
   * `received`), or takes that element away when `value` is undefined (a Route that was reached). No-op when
   * there is no such field.
   */
  replaceFirst(name: string, value: string | undefined): this {
    const index = this.#keys.indexOf(headerKey(name));
    if (index < 0) return this;
    const { rest } = splitFirst(this.#values[index]!);
    if (value === undefined && rest === undefined) this.#removeAt(index);
    else if (value === undefined) this.#values[index] = rest!;
    else this.#values[index] = rest === undefined ? value : `${value}, ${rest}`;
    this.#forgetParsed();
    return this;
  }

  /**
   * As {@link replaceFirst}, for who knows what will be parsed from the new value: all else that was parsed stays.
   * @param key of {@link parsed}
   */
  replaceFirstAs(name: string, value: string, key: string, parsed: unknown): this {
    const values = this.#parsed;
    const keys = this.#parsedKeys;
    this.replaceFirst(name, value);
    this.#parsed = values;
    this.#parsedKeys = keys;
    const index = keys?.indexOf(key) ?? -1;
    if (index >= 0) values![index] = parsed;
    return this;
  }

  /**
   * What `parse` makes of these headers, kept until they change. What is kept must not be changed by anyone.
   * @param key names the result; one key, one `parse`
   * @throws what `parse` throws, each time
   */
  parsed<T>(key: string, parse: (headers: Headers) => T): T {
    const known = this.#parsedKeys?.indexOf(key) ?? -1;
    if (known >= 0) return this.#parsed![known] as T;
    const result = parse(this);
    this.#parsed ??= [];
    this.#parsedKeys ??= [];
    this.#parsed.push(result);
    this.#parsedKeys.push(key);
    return result;
  }

  clone(): Headers {
    const copy = new Headers();
    copy.#names = this.#names.slice();
    copy.#keys = this.#keys.slice();
    copy.#values = this.#values.slice();
    return copy;
  }

  *[Symbol.iterator](): Iterator<HeaderField> {
    for (let i = 0; i < this.#names.length; i++) yield [this.#names[i]!, this.#values[i]!];
  }

  /** Name of the field at `index`, as written; 0 to `size` − 1. For loops that must not allocate. */
  nameAt(index: number): string {
    return this.#names[index]!;
  }

  /** Key of the field at `index` (see `headerKey`). */
  keyAt(index: number): string {
    return this.#keys[index]!;
  }

  /** Value of the field at `index`. */
  valueAt(index: number): string {
    return this.#values[index]!;
  }

  #forgetParsed(): void {
    this.#parsed = undefined;
    this.#parsedKeys = undefined;
  }

  #removeAt(index: number): void {
    this.#names.splice(index, 1);
    this.#keys.splice(index, 1);
    this.#values.splice(index, 1);
  }
}
