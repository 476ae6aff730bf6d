import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { freePort, freeUdpRange } from './ports.ts';

const PORTS = 300;
const ASK = `
  const { freePort } = await import(${JSON.stringify(import.meta.resolve('./ports.ts'))});
  const ports = await Promise.all(Array.from({ length: ${PORTS} }, () => freePort()));
  console.log(JSON.stringify(ports));
  process.stdin.resume();
`;

test('no port is told twice, be it to another process that does not listen yet', async () => {
  const children = [1, 2].map(() =>
    promisify(execFile)(process.execPath, ['--input-type=module', '-e', ASK]),
  );
  const own: number[] = [];
  for (let first = 0; first < PORTS; first += 1) {
    own.push(await freePort());
    const range = await freeUdpRange(4);
    own.push(range, range + 1, range + 2, range + 3);
  }
  for (const { child } of children) child.stdin!.end();
  const told = await Promise.all(children.map(async (child) => JSON.parse((await child).stdout) as number[]));
  const all = [...own, ...told.flat()];
  assert.equal(all.length, PORTS * 7);
  assert.equal(new Set(all).size, all.length);
});

test('the port that fetch refuses is never told', async (t) => {
  const refused = 10_080;
  await assert.rejects(fetch(`http://127.0.0.1:${refused}/`), ({ cause }) => /bad port/.test(String(cause)));
  // What would give that one, then the middle of the range, then any: others may have been given that.
  const draws = [(refused - 10_000) / 9_998, 0.5];
  const { random } = Math;
  t.mock.method(Math, 'random', () => draws.shift() ?? random());
  assert.notEqual(await freePort(), refused);
  assert.ok(draws.length < 2);
});
