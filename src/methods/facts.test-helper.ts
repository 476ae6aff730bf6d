/**
 * What a schema says of every property, one line each, so that schemas can be held against a table of facts:
 *
 *     record.format string ="wav" {wav,mp3,mp4}
 *     play.volume number =0 -40..40
 *     switch.case.* steps
 *
 * `*` are free names, `[]` items of a list; alternatives share a line. A type that lies in itself is `@`.
 */
import type { Schema } from '../swml/schema.ts';

export interface Fact {
  readonly types: Set<string>;
  required: boolean;
  default: string | undefined;
  range: string | undefined;
  readonly values: Set<string>;
  items: string | undefined;
  /** Shortest text. */
  length: number | undefined;
  url: boolean;
}

export type Facts = Map<string, Fact>;

export function factAt(facts: Facts, path: string): Fact {
  const known = facts.get(path);
  if (known !== undefined) return known;
  const fact: Fact = {
    ...{ types: new Set<string>(), required: false, default: undefined, range: undefined },
    ...{ values: new Set<string>(), items: undefined, length: undefined, url: false },
  };
  facts.set(path, fact);
  return fact;
}

/** Facts of a schema and all that is in it, by their paths. */
export function factsOf(schema: Schema, name: string): Facts {
  const facts: Facts = new Map();
  collect(schema, name, facts, []);
  return facts;
}

export function factText(fact: Fact): string {
  return [
    [...fact.types].sort().join('|'),
    fact.required ? 'required' : '',
    fact.default === undefined ? '' : `=${fact.default}`,
    fact.range ?? '',
    fact.values.size === 0 ? '' : `{${[...fact.values].sort().join(',')}}`,
    fact.items ?? '',
    fact.length === undefined ? '' : `length ${fact.length}..`,
    fact.url ? 'url' : '',
  ]
    .filter((part) => part !== '')
    .join(' ');
}

function collect(schema: Schema, path: string, facts: Facts, within: readonly string[]): void {
  const { node, info } = schema;
  const fact = factAt(facts, path);
  fact.required ||= info.required === true;
  if (info.default !== undefined) fact.default = JSON.stringify(info.default);
  switch (node.kind) {
    case 'named':
      if (within.includes(node.name)) fact.types.add('@');
      else collect(inheriting(node.get(), schema), path, facts, [...within, node.name]);
      return;
    case 'union':
      for (const variant of node.variants) collect(inheriting(variant, schema), path, facts, within);
      return;
    case 'string':
      fact.types.add('string');
      for (const value of node.enum ?? []) fact.values.add(value);
      fact.length = node.minLength;
      fact.url ||= /^(?:http-url|uri)$/.test(node.format ?? '') || /^a URL that/.test(node.allowed ?? '');
      return;
    case 'number':
    case 'integer': {
      fact.types.add(node.kind);
      const { min, max, also } = node;
      if (min !== undefined || max !== undefined) {
        fact.range = `${also === undefined ? '' : `${also.join(',')},`}${min ?? ''}..${max ?? ''}`;
      }
      return;
    }
    case 'array':
      fact.types.add('array');
      if (node.minItems !== undefined || node.maxItems !== undefined) {
        fact.items = `items ${node.minItems ?? ''}..${node.maxItems ?? ''}`;
      }
      collect(node.items, `${path}[]`, facts, within);
      return;
    case 'object':
      fact.types.add('object');
      for (const [name, property] of Object.entries(node.properties)) {
        collect(property, `${path}.${name}`, facts, within);
      }
      if (node.additional !== undefined) collect(node.additional, `${path}.*`, facts, within);
      return;
    default:
      fact.types.add(node.kind);
  }
}

/** What is said of the whole is said of each alternative. */
function inheriting(schema: Schema, whole: Schema): Schema {
  const { required, default: standard } = whole.info;
  return { node: schema.node, info: { ...schema.info, required, default: standard } };
}
