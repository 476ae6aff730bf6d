import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { silentLogger } from '../log/logger.ts';
import { HttpClient } from '../net/http-client.ts';
import { Database } from '../storage/database.ts';
import { RealClock } from '../time/real-clock.ts';
import { HttpSender } from './http-sender.ts';
import { DurableOutbox } from './outbox.ts';

const HERE = import.meta.dirname;
const OPERATIONS = 5;

/** A server that enqueues until it is killed, five operations in turn, and prints each number once it is enqueued. */
function program(directory: string, url: string): string {
  const from = (file: string): string => JSON.stringify(path.join(HERE, file));
  return `
    const { Database } = await import(${from('../storage/database.ts')});
    const { RealClock } = await import(${from('../time/real-clock.ts')});
    const { HttpClient } = await import(${from('../net/http-client.ts')});
    const { silentLogger: log } = await import(${from('../log/logger.ts')});
    const { HttpSender } = await import(${from('http-sender.ts')});
    const { DurableOutbox } = await import(${from('outbox.ts')});
    const clock = new RealClock();
    const database = Database.open(${JSON.stringify(directory)}, { clock });
    const http = new HttpClient({ clock, log, allow: ['127.0.0.1'] });
    const outbox = new DurableOutbox({ database, clock, log, random: Math.random, sender: new HttpSender({ http, clock }) });
    outbox.start();
    for (let n = 0; n < 100_000; n++) {
      const envelope = { event_type: 'e', timestamp: 0, project_id: 'p', space_id: 's', params: { n } };
      outbox.enqueue({ url: ${JSON.stringify(url)}, operationId: String(n % ${OPERATIONS}), envelope });
      await new Promise((resolve) => process.stdout.write(n + '\\n', resolve));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }`;
}

test('after kill -9 every callback that was enqueued arrives, in order within its operation', async (context) => {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'openswml-outbox-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  const arrived: { n: number; key: string }[] = [];
  const receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      arrived.push({ n: JSON.parse(body).params.n, key: String(request.headers['idempotency-key']) });
      response.end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  // Else a test that fails would leave a process that waits for it.
  context.after(() => {
    receiver.closeAllConnections();
    receiver.close();
  });
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;

  const child = spawn(process.execPath, ['--input-type=module', '--eval', program(directory, url)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  context.after(() => child.kill('SIGKILL'));
  let printed = '';
  child.stdout.on('data', (chunk) => {
    printed += chunk;
    if (printed.split('\n').length > 100) child.kill('SIGKILL');
  });
  await once(child, 'close');
  const last = Number(printed.slice(0, printed.lastIndexOf('\n')).split('\n').at(-1));

  const clock = new RealClock();
  const database = Database.open(directory, { clock });
  const http = new HttpClient({ clock, log: silentLogger, allow: ['127.0.0.1'] });
  const sender = new HttpSender({ http, clock });
  const outbox = new DurableOutbox({ database, clock, log: silentLogger, random: () => 0, sender });
  outbox.start();
  await outbox.drain(30_000);

  const keyOf = new Map<number, string>();
  const order = new Map<number, number>();
  for (const { n, key } of arrived) {
    const repeated = keyOf.get(n);
    if (repeated !== undefined) {
      assert.equal(repeated, key, `a repetition of ${n} has its key`);
      continue;
    }
    keyOf.set(n, key);
    assert.ok(n > (order.get(n % OPERATIONS) ?? -1), `${n} came behind ${order.get(n % OPERATIONS)}`);
    order.set(n % OPERATIONS, n);
  }
  for (let n = 0; n <= last; n++) assert.ok(keyOf.has(n), `${n} of ${last} has not arrived`);
  assert.equal(new Set(keyOf.values()).size, keyOf.size, 'every callback has a key of its own');

  await outbox.close();
  await http.close();
  database.close();
});
