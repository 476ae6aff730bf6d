/**
 * What JavaScript in a document costs, µs of computing: `node bench/expressions.ts`. The first time an expression is
 * seen it is compiled; the sandbox itself is loaded with the first document that needs it.
 */
import { loadExpressions, type Moment } from '../src/swml/expressions.ts';
import type { Scope } from '../src/swml/scope.ts';
import { threadTimeMs } from '../src/time/thread-time.ts';

const TURNS = 5_000;
const NEW = 200;
const SCOPE: Scope = {
  kind: 'calling',
  vars: { n: 3, list: [3, 1, 2], o: { a: { b: 1 } }, text: 'a,b,c' },
  envs: { region: 'eu' },
  params: { quantity: 3 },
  subject: { type: 'sip', from: 'sip:ann@example.com' },
};
const MOMENT: Moment = { now: () => 0, elapsed: threadTimeMs };
const SOURCES = [
  'n + 1',
  'params.quantity * 10',
  "call.type == 'sip' && vars.n > 2",
  "list.map((x) => x * 2).join('-')",
  "text.split(',').length",
  'JSON.stringify(o)',
];
/** One long step of a built-in each: what the limit of 150 ms makes of them. */
const LONG = [
  '("\\u0301\\u0316".repeat(2e5)).normalize("NFD").length',
  '(a => { a.length = 4294967295; return a })([]).indexOf(1)',
  '"a".repeat(3e6).indexOf("a".repeat(1e6) + "b")',
  '/(a+)+$/.test("a".repeat(40) + "b")',
];

function cost(work: () => unknown): number {
  const from = threadTimeMs();
  work();
  return threadTimeMs() - from;
}

const from = threadTimeMs();
const expressions = await loadExpressions();
console.log(`loading the sandbox    ${(threadTimeMs() - from).toFixed(0)} ms`);
console.log(`its first expression   ${cost(() => expressions.evaluate('1', SCOPE, MOMENT)).toFixed(0)} ms`);
for (const source of SOURCES) {
  // A comment makes it a new one each time.
  const first = cost(() => {
    for (let turn = 0; turn < NEW; turn++) expressions.evaluate(`${source} // ${turn}`, SCOPE, MOMENT);
  });
  for (let turn = 0; turn < TURNS; turn++) expressions.evaluate(source, SCOPE, MOMENT);
  const all = cost(() => {
    for (let turn = 0; turn < TURNS; turn++) expressions.evaluate(source, SCOPE, MOMENT);
  });
  console.log(
    `${source.padEnd(36)} ${((all / TURNS) * 1_000).toFixed(1)} µs, the first time ${first.toFixed(0)}`,
  );
}
for (const source of LONG) {
  const took = cost(() => {
    try {
      expressions.evaluate(source, SCOPE, MOMENT);
    } catch {
      // It is broken off.
    }
  });
  console.log(`${source.slice(0, 58).padEnd(58)} ${took.toFixed(0)} ms`);
  await new Promise((resolve) => setImmediate(resolve));
}
