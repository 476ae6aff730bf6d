/**
 * Every property of every method against `test/data/method-facts.txt`, what the language publishes of them: type,
 * default, range, values, what must be given; and outputs, events and execution. Where we differ on purpose, a row
 * below says so and why.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { DocumentKind } from '../swml/error-codes.ts';
import { DIFFERENCES } from './facts-differences.test-helper.ts';
import { factsOf, factText } from './facts.test-helper.ts';
import type { AnyMethod } from './method.ts';
import { methodsOf } from './registry.ts';

const FILE = path.resolve(import.meta.dirname, '../../test/data/method-facts.txt');

interface Published {
  /** Facts by path, for each kind of document and for types by name. */
  readonly facts: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** Execution, outputs and events by kind and name. */
  readonly methods: ReadonlyMap<string, string>;
}

function read(): Published {
  const facts = new Map<string, Map<string, string>>();
  const methods = new Map<string, string>();
  for (const line of readFileSync(FILE, 'utf8').trimEnd().split('\n')) {
    const [, kind = '', at = '', fact = ''] = /^(\S+) (\S+) (.*)$/.exec(line) ?? assert.fail(line);
    if (at.endsWith('!')) methods.set(`${kind} ${at.slice(0, -1)}`, fact);
    else {
      const own = facts.get(kind) ?? new Map<string, string>();
      facts.set(kind, own.set(at, fact));
    }
  }
  return { facts, methods };
}

const PUBLISHED = read();

/** The facts of a method with its named types written out; a type within itself is `@`. */
function publishedFacts(kind: DocumentKind, name: string): Map<string, string> {
  const found = new Map<string, string>();
  const own = [...(PUBLISHED.facts.get(kind) ?? [])].filter(([at]) => isWithin(at, name));
  for (const [at, fact] of own) spell(at, fact, [], found);
  return found;
}

function spell(at: string, fact: string, within: readonly string[], found: Map<string, string>): void {
  const [types = '', ...rest] = fact.split(' ');
  const spelt: string[] = [];
  for (const type of types.split('|')) {
    if (!type.startsWith('@')) spelt.push(type);
    else if (within.includes(type)) spelt.push('@');
    else {
      const name = type.slice(1);
      for (const [inner, more] of PUBLISHED.facts.get('type') ?? []) {
        if (inner === name) spelt.push(more);
        else if (isWithin(inner, name)) spell(at + inner.slice(name.length), more, [...within, type], found);
      }
    }
  }
  found.set(at, [spelt.sort().join('|'), ...rest].join(' '));
}

function isWithin(at: string, name: string): boolean {
  return at === name || (at.startsWith(name) && /^[.[]/.test(at.slice(name.length)));
}

const used = new Set<unknown>();

function allowed(at: string, reference: string, ours: string): boolean {
  const row = DIFFERENCES.find(
    (one) => one.at.test(at) && one.reference.test(reference) && one.ours.test(ours),
  );
  if (row !== undefined) used.add(row);
  return row !== undefined;
}

for (const kind of ['calling', 'messaging'] as const) {
  for (const method of methodsOf(kind).values()) {
    test(`${kind} ${method.name} has the properties that the language publishes, in type, default and range`, () => {
      const reference = publishedFacts(kind, method.name);
      const ours = new Map(
        [...factsOf(method.params, method.name)].map(([at, fact]) => [at, factText(fact)]),
      );
      const differing = [...new Set([...reference.keys(), ...ours.keys()])].flatMap((at) => {
        const [one, other] = [reference.get(at) ?? '-', ours.get(at) ?? '-'];
        return one === other || allowed(at, one, other) ? [] : [`${at}: published ${one}, ours ${other}`];
      });
      assert.deepEqual(differing, []);
    });

    test(`${kind} ${method.name} has the outputs, events and execution that the language publishes`, () => {
      const published = PUBLISHED.methods.get(`${kind} ${method.name}`)!;
      const ours = summary(method, kind);
      if (published !== ours)
        assert.ok(allowed(`${kind} ${method.name}!`, published, ours), `${published}\n${ours}`);
    });
  }
}

function summary(method: AnyMethod, kind: DocumentKind): string {
  const outputs = method.outputs
    .map(({ name, values }) => (values === undefined ? name : `${name}{${[...values].sort().join(',')}}`))
    .sort();
  return [
    kind === 'calling' ? method.execution : '-',
    ...['outputs', outputs.join(' ') || '-', 'events', [...method.events].sort().join(' ') || '-'],
  ].join(' ');
}

test('every difference that is allowed is one, and has a reason', () => {
  assert.deepEqual(
    DIFFERENCES.filter((row) => !used.has(row)).map(({ at, why }) => `${at}: ${why}`),
    [],
  );
  for (const { why } of DIFFERENCES) assert.match(why, /\w/);
});
