import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { silentLogger } from '../../log/logger.ts';
import type { MediaCommand, MediaEvent, MediaHost } from '../../mediaworker/protocol.ts';
import { WorkerMediaHost } from '../../mediaworker/worker-host.ts';
import { KeyRing } from '../../recording/encryption/keys.ts';
import type { Timer } from '../../time/clock.ts';
import { RealClock } from '../../time/real-clock.ts';
import { loadConfig } from '../config.ts';
import { WarmUp } from './warm-up.ts';
import { until } from '../../../test/support/until.ts';

/** The phone of a warm-up waits 2 s for an answer: too short where the machine, or the start of a thread, is slow. */
class PatientClock extends RealClock {
  override after(delayMs: number, callback: () => void): Timer {
    return super.after(delayMs === 2000 ? UNTIL_MS : delayMs, callback);
  }
}

const UNTIL_MS = 60_000;
const clock = new PatientClock();
const { config } = loadConfig({
  env: {},
  cwd: '/',
  flags: { 'document.source': '/none.yaml', 'rtp.bind': '127.0.0.1', 'rtp.ports': '46000-46999' },
});
const identity = { projectId: 'p', spaceId: 's', nodeId: 'n', apiToken: 't', linkKey: 'l' };
let worker: WorkerMediaHost;

before(() => {
  const data = { rtpPorts: config.rtp.ports };
  worker = new WorkerMediaHost({ data, log: silentLogger, clock });
});
after(() => worker.close());

/** A media thread, and what goes to it and comes from it. */
function overheard(): { media: MediaHost; commands: MediaCommand[]; events: MediaEvent[] } {
  const commands: MediaCommand[] = [];
  const events: MediaEvent[] = [];
  const media: MediaHost = {
    close: () => worker.close(),
    send: (command) => {
      commands.push(command);
      worker.send(command);
    },
    subscribe: (id, listener) =>
      worker.subscribe(id, (event) => {
        events.push(event);
        listener(event);
      }),
  };
  return { media, commands, events };
}

function warmUpWith(media: MediaHost, calls: number, round?: number, settings = config): WarmUp {
  return new WarmUp({
    config: settings,
    identity,
    media,
    keys: new KeyRing(undefined),
    version: '0',
    clock,
    log: silentLogger,
    calls,
    ...(round !== undefined && { round }),
  });
}

test('calls of a warm-up are answered, recorded and ended, round by round, and nothing is left of them', async () => {
  const { media, commands, events } = overheard();
  const warmUp = warmUpWith(media, 3, 2);
  warmUp.start();
  await until(() => !warmUp.running);
  const outcomes = events.flatMap((event) => (event.type === 'recordEnded' ? [event.outcome] : []));
  assert.deepEqual(
    outcomes.map(({ state, endedBy }) => [state, endedBy]),
    Array.from({ length: 3 }, () => ['finished', 'hangup']),
  );
  assert.ok(outcomes.every(({ byteSize }) => byteSize > 0));
  assert.equal(events.filter(({ type }) => type === 'closed').length, 3, 'all sessions and their ports');
  const paths = commands.flatMap((command) => (command.type === 'record' ? [command.spec.path] : []));
  assert.equal(paths.length, 3);
  const folders = new Set(paths.map((file) => path.dirname(path.dirname(path.dirname(file)))));
  assert.equal(folders.size, 2, 'each round has its own');
  for (const file of paths) assert.ok(!existsSync(path.dirname(path.dirname(path.dirname(file)))), file);
  assert.equal(worker.load, 0);
  await warmUp.close();
});

test('the limit of calls is not for those of a warm-up', async () => {
  const { media, events } = overheard();
  const warmUp = warmUpWith(media, 3, 3, { ...config, limits: { ...config.limits, max_calls: 1 } });
  warmUp.start();
  await until(() => !warmUp.running);
  assert.equal(events.filter(({ type }) => type === 'recordEnded').length, 3);
  await warmUp.close();
});

test('a warm-up has its calls also where real ones have none of the codecs of its phone', async () => {
  const { media, events } = overheard();
  const warmUp = warmUpWith(media, 3, 3, { ...config, rtp: { ...config.rtp, codecs: ['OPUS'] } });
  warmUp.start();
  await until(() => !warmUp.running);
  assert.equal(events.filter(({ type }) => type === 'recordEnded').length, 3);
  await warmUp.close();
});

test('a warm-up that is stopped makes no further call, and ends those there are', async () => {
  const { media, commands, events } = overheard();
  const warmUp = warmUpWith(media, 1000);
  warmUp.start();
  await until(() => commands.some(({ type }) => type === 'record'));
  warmUp.stop();
  await warmUp.close();
  const opened = commands.filter(({ type }) => type === 'open').length;
  assert.ok(opened < 1000, `${opened} calls`);
  assert.equal(events.filter(({ type }) => type === 'closed').length, opened);
  assert.equal(warmUp.running, false);
});

test('where there are few ports, all are left to real calls', async () => {
  const { media, commands } = overheard();
  const few = { ...config, rtp: { ...config.rtp, ports: { min: 46_000, max: 46_099 } } };
  const warmUp = new WarmUp({
    config: few,
    identity,
    media,
    keys: new KeyRing(undefined),
    version: '0',
    clock,
    log: silentLogger,
  });
  warmUp.start();
  await warmUp.close();
  assert.deepEqual(commands, []);
});
