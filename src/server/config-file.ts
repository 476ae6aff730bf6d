import { readFileSync, statSync } from 'node:fs';
import { isMap, isScalar, LineCounter, type Node, type Pair, parseDocument, type YAMLMap } from 'yaml';
import { withoutByteOrderMark } from '../swml/parse.ts';
import { closest } from '../swml/suggest.ts';
import type { ConfigProblem } from './config-error.ts';
import { CONFIG_GROUPS, NAMED_KEYS } from './config-keys.ts';

/** A value before it is checked. */
export interface RawValue {
  readonly value: unknown;
  /** For messages: `FILE:LINE:COLUMN`, the name of a variable or of a flag, or `default`. */
  readonly source: string;
  readonly from: 'default' | 'file' | 'env' | 'flag';
}

export interface ConfigFile {
  /** By the name of the key. */
  readonly values: ReadonlyMap<string, RawValue>;
  readonly problems: readonly ConfigProblem[];
}

const MAX_FILE_BYTES = 1024 * 1024;
const NAMES: ReadonlySet<string> = new Set(NAMED_KEYS.map(({ name }) => name));

/** Reads a YAML file of settings; whatever is wrong with it comes back as problems with line and column. */
export function readConfigFile(file: string): ConfigFile {
  let text: string;
  try {
    if (statSync(file).size > MAX_FILE_BYTES) return unreadable(file, 'is larger than 1 MB');
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return unreadable(file, `cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  return new Reader(file, text).read();
}

function unreadable(file: string, why: string): ConfigFile {
  return { values: new Map(), problems: [{ where: file, message: `the configuration file ${why}` }] };
}

/** One pass over the mapping and the mappings in it. */
class Reader {
  readonly #file: string;
  readonly #text: string;
  readonly #lines = new LineCounter();
  readonly #values = new Map<string, RawValue>();
  readonly #problems: ConfigProblem[] = [];

  constructor(file: string, text: string) {
    this.#file = file;
    this.#text = withoutByteOrderMark(text);
  }

  read(): ConfigFile {
    const document = parseDocument(this.#text, { lineCounter: this.#lines, prettyErrors: false });
    for (const { code, pos, message } of document.errors) {
      this.#problem(
        pos[0],
        code === 'MULTIPLE_DOCS' ? 'the file holds more than one YAML document' : message,
      );
    }
    // YAML would take `api_token: !env TOKEN` for "TOKEN".
    for (const { code, pos, message } of document.warnings) {
      if (code !== 'TAG_RESOLVE_FAILED') continue;
      this.#problem(pos[0], `${message}; settings take no tags, but secrets may come from the environment`);
    }
    const root = document.contents;
    if (document.errors.length === 0 && root !== null && !isEmpty(root)) {
      if (isMap(root)) this.#readMap(root, '', (node) => node.toJS(document));
      else this.#problem(offsetOf(root), 'expected settings by name, such as "data_dir: ./data"');
    }
    return { values: this.#values, problems: this.#problems };
  }

  #readMap(map: YAMLMap, prefix: string, toValue: (node: Node) => unknown): void {
    for (const pair of map.items as Pair<Node, Node | null>[]) {
      const name = prefix + (isScalar(pair.key) ? String(pair.key.value) : '?');
      const { value } = pair;
      if (NAMES.has(name)) {
        // Nothing behind the colon leaves the default in force.
        if (value === null || isEmpty(value)) continue;
        const other = this.#values.get(name);
        if (other !== undefined) {
          // As `http.listen:` beside `http: {listen: …}`, which to YAML are two keys.
          this.#problem(offsetOf(pair.key), `${name} is given twice, also at ${other.source}`);
          continue;
        }
        this.#readValue(name, value, toValue);
      } else if (CONFIG_GROUPS.has(name)) {
        if (value === null || isEmpty(value)) continue;
        if (isMap(value)) this.#readMap(value, `${name}.`, toValue);
        else
          this.#problem(offsetOf(value), `${name}: expected settings by name below it, ${membersOf(name)}`);
      } else {
        this.#problem(offsetOf(pair.key), unknownName(name));
      }
    }
  }

  /** YAML takes `*:8080` for a reference to something named `:8080`, which is found missing only here. */
  #readValue(name: string, node: Node, toValue: (node: Node) => unknown): void {
    const offset = offsetOf(node);
    try {
      this.#values.set(name, { value: toValue(node), source: this.#where(offset), from: 'file' });
    } catch (error) {
      if (!(error instanceof ReferenceError)) throw error;
      this.#problem(offset, `${name}: ${error.message}; what begins with * and is a text needs quotes`);
    }
  }

  #problem(offset: number, message: string): void {
    this.#problems.push({ where: this.#where(offset), message });
  }

  #where(offset: number): string {
    const { line, col } = this.#lines.linePos(offset);
    return `${this.#file}:${line}:${col}`;
  }
}

/** Message for a name that is no setting, with the one that was probably meant. */
export function unknownName(name: string): string {
  const meant = closest(name, NAMES) ?? closest(name, CONFIG_GROUPS);
  // A setting at the wrong level, such as `listen` or `public_url` alone.
  const elsewhere = [...NAMES].filter((known) => known.endsWith(`.${name.split('.').at(-1)}`));
  const candidates = meant === undefined ? elsewhere : [meant];
  const hint =
    candidates.length === 0 ? '' : `; did you mean ${candidates.map((each) => `"${each}"`).join(' or ')}?`;
  return `"${name}" is not a setting${hint}`;
}

function membersOf(group: string): string {
  const members = [...NAMES].filter((name) => name.startsWith(`${group}.`));
  return `such as ${members.slice(0, 3).join(', ')}`;
}

function isEmpty(node: Node): boolean {
  return isScalar(node) && node.value === null;
}

function offsetOf(node: Node): number {
  return node.range?.[0] ?? 0;
}
