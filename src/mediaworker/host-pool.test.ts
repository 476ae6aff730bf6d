import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../log/logger.ts';
import { RealClock } from '../time/real-clock.ts';
import { MediaHostPool } from './host-pool.ts';
import { WorkerMediaHost } from './worker-host.ts';

/** Threads that nothing is sent to are never started. */
function openPool(count: number, ports?: { readonly hasFree: boolean }) {
  const data = { rtpPorts: { min: 43_000, max: 43_099 } };
  const hosts = Array.from(
    { length: count },
    () => new WorkerMediaHost({ data, log: silentLogger, clock: new RealClock() }),
  );
  const pool = new MediaHostPool(hosts, ports);
  return { hosts, loads: () => hosts.map(({ load }) => load), pool };
}

test('sessions that stand alone are spread over the workers', () => {
  const { pool, loads } = openPool(2);
  for (const id of ['a', 'b', 'c', 'd']) pool.subscribe(id, () => {});
  assert.deepEqual(loads(), [2, 2]);
});

test('a session that another wants to be beside shares its worker, whichever comes first', () => {
  const { pool, loads } = openPool(2);
  pool.subscribe('a', () => {});
  for (const id of ['b1', 'b2', 'b3']) pool.subscribe(id, () => {}, 'a');
  assert.deepEqual(loads(), [4, 0]);
  pool.subscribe('y', () => {}, 'x');
  pool.subscribe('z', () => {});
  pool.subscribe('x', () => {});
  assert.deepEqual(loads(), [4, 3]);
});

test('one beside a session of a group is in that group', () => {
  const { pool, loads } = openPool(2);
  pool.subscribe('a', () => {});
  pool.subscribe('b', () => {}, 'a');
  pool.subscribe('c', () => {}, 'b');
  assert.deepEqual(loads(), [3, 0]);
});

test('where no ports are left but some that were bound ahead, sessions go to who has these', (t) => {
  const ports = { hasFree: true };
  const { hosts, pool, loads } = openPool(3, ports);
  const spares = [0, 2, 1];
  for (const [index, host] of hosts.entries())
    t.mock.getter(host, 'sparePorts', () => spares[index]! - host.load);
  pool.subscribe('a', () => {});
  assert.deepEqual(loads(), [1, 0, 0]);
  ports.hasFree = false;
  assert.equal(pool.hasPorts, true);
  for (const id of ['b', 'c', 'd']) pool.subscribe(id, () => {});
  assert.deepEqual(loads(), [1, 2, 1]);
  assert.equal(pool.hasPorts, false);
});
