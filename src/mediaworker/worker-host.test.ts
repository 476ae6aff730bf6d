import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { freeUdpRange } from '../../test/support/ports.ts';
import { type Logger, silentLogger } from '../log/logger.ts';
import { RealClock } from '../time/real-clock.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { parseRtp, RTP_HEADER_LENGTH, RtpHeader, writeRtpHeader } from '../rtp/packet.ts';
import { MediaHostPool } from './host-pool.ts';
import type { MediaCommand, MediaEvent, MediaHost, NegotiatedMedia } from './protocol.ts';
import { WorkerMediaHost } from './worker-host.ts';

const PORTS = { min: 42_000, max: 42_999 };
const LOCALHOST = '127.0.0.1';

function openHost(t: TestContext, log: Logger = silentLogger): WorkerMediaHost {
  const host = new WorkerMediaHost({ data: { rtpPorts: PORTS }, log, clock: new RealClock() });
  t.after(() => host.close());
  return host;
}

/** The events of a session, each to be waited for. */
class Session {
  readonly events: MediaEvent[] = [];
  readonly #host: MediaHost;
  readonly #id: string;
  #waiting: (() => void)[] = [];

  constructor(host: MediaHost, id: string) {
    this.#host = host;
    this.#id = id;
    host.subscribe(id, (event) => {
      this.events.push(event);
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  async open(): Promise<number> {
    this.#host.send({ type: 'open', sessionId: this.#id, bindAddress: LOCALHOST, idleMedia: 'silence' });
    return (await this.event('opened')).rtpPort;
  }

  send(command: MediaCommand): void {
    this.#host.send(command);
  }

  configure(port: number): void {
    this.#host.send({
      type: 'configure',
      sessionId: this.#id,
      media: {
        codec: 'PCMU',
        payloadType: 0,
        telephoneEventPayloadType: 101,
        remoteAddress: LOCALHOST,
        remotePort: port,
        remoteRtcpPort: port + 1,
        direction: 'sendrecv',
        ptimeMs: 20,
      },
    });
  }

  close(): Promise<Extract<MediaEvent, { readonly type: 'closed' }>> {
    this.#host.send({ type: 'close', sessionId: this.#id, cause: 'hangup' });
    return this.event('closed');
  }

  async event<T extends MediaEvent['type']>(type: T): Promise<Extract<MediaEvent, { readonly type: T }>> {
    for (;;) {
      const found = this.events.find(
        (event): event is Extract<MediaEvent, { readonly type: T }> => event.type === type,
      );
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
}

/** The thread that the next session starts. */
async function nextWorker(): Promise<Worker> {
  const [worker] = await once(process, 'worker');
  return worker as Worker;
}

test('a session in a worker hears a party over UDP and is heard by it', async (t) => {
  const session = new Session(openHost(t), 's1');
  const rtpPort = await session.open();
  assert.ok(rtpPort >= PORTS.min && rtpPort < PORTS.max && rtpPort % 2 === 0);
  const party = createSocket('udp4');
  t.after(() => party.close());
  party.bind(0, LOCALHOST);
  await once(party, 'listening');
  session.configure(party.address().port);
  const [datagram] = (await once(party, 'message')) as [Uint8Array];
  const header = new RtpHeader();
  assert.equal(parseRtp(datagram, header), 'ok');
  assert.deepEqual([header.payloadType, header.payloadLength], [0, 160]);

  const packet = new Uint8Array(RTP_HEADER_LENGTH + 4);
  writeRtpHeader(packet, 101, true, 1, 160, 7);
  packet.set([5, 10, 0, 160], RTP_HEADER_LENGTH);
  party.send(packet, rtpPort, LOCALHOST);
  assert.equal((await session.event('digit')).digit, '5');
  const { statistics } = await session.close();
  assert.ok(statistics.packetsSent > 0);
});

test('commands wait for others, but an urgent one takes those that wait along at once', async (t) => {
  const host = openHost(t);
  const started = nextWorker();
  const session = new Session(host, 's1');
  await session.open();
  const posted = t.mock.method(await started, 'postMessage').mock;
  const stop = (playId: string): MediaCommand => ({ type: 'stopPlay', sessionId: 's1', playId });
  host.send(stop('first'));
  assert.equal(posted.callCount(), 0);
  host.send(stop('second'), true);
  assert.equal(posted.callCount(), 1);
  assert.deepEqual(posted.calls[0]!.arguments[0], {
    kind: 'commands',
    commands: [stop('first'), stop('second')],
  });
  host.send(stop('third'));
  assert.equal(posted.callCount(), 1);
  await session.close();
});

test('a session is open at once on a port that was bound ahead, and has what comes there', async (t) => {
  const data = { rtpPorts: PORTS, spare: { bindAddress: LOCALHOST, pairs: 4 } };
  const host = new WorkerMediaHost({ data, log: silentLogger, clock: new RealClock() });
  t.after(() => host.close());
  let session: Session;
  for (let number = 0; ; number++) {
    session = new Session(host, `s${number}`);
    const opened = session.open();
    // No answer of the thread comes between two microtasks.
    await Promise.resolve();
    const known = session.events.length === 1;
    await opened;
    if (known) break;
  }
  const { rtpPort } = await session.event('opened');
  const party = createSocket('udp4');
  t.after(() => party.close());
  party.bind(0, LOCALHOST);
  await once(party, 'listening');
  session.configure(party.address().port);
  await once(party, 'message');
  const packet = new Uint8Array(RTP_HEADER_LENGTH + 4);
  writeRtpHeader(packet, 101, true, 1, 160, 7);
  packet.set([5, 10, 0, 160], RTP_HEADER_LENGTH);
  party.send(packet, rtpPort, LOCALHOST);
  assert.equal((await session.event('digit')).digit, '5');
  await session.close();
});

test('ports that were not to be had ahead are bound once a session finds one by itself', async (t) => {
  const min = await freeUdpRange(4);
  const data = { rtpPorts: { min, max: min + 3 }, spare: { bindAddress: LOCALHOST, pairs: 2 } };
  const host = new WorkerMediaHost({ data, log: silentLogger, clock: new RealClock() });
  t.after(() => host.close());
  const haveSpare = async (count: number): Promise<void> => {
    for (let tries = 0; tries < 2_000 && host.sparePorts !== count; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.equal(host.sparePorts, count);
  };
  host.warmUp();
  await haveSpare(2);
  const all = [new Session(host, 's1'), new Session(host, 's2')];
  await Promise.all(all.map((session) => session.open()));
  await haveSpare(0);
  await Promise.all(all.map((session) => session.close()));
  const next = new Session(host, 's3');
  await next.open();
  await haveSpare(1);
  await next.close();
});

test('where no thread can be started, a session fails to open with the reason, and leaves nothing behind', async (t) => {
  const lines: string[] = [];
  const log: Logger = { ...silentLogger, error: (_fields, message) => lines.push(message) };
  // No thread can be made of it, as where the system has none left.
  const entry = new URL('nowhere:thread');
  const host = new WorkerMediaHost({ data: { rtpPorts: PORTS }, log, clock: new RealClock(), entry });
  t.after(() => host.close());
  const session = new Session(host, 's1');
  session.send({ type: 'open', sessionId: 's1', bindAddress: LOCALHOST, idleMedia: 'none' });
  assert.match((await session.event('openFailed')).error, /^its media thread cannot be started: /);
  assert.equal(host.load, 0);
  assert.deepEqual(lines, ['a media thread cannot be started']);
});

test('when a worker dies, its sessions end with `closed`, and the next one starts another', async (t) => {
  const host = openHost(t);
  const started = nextWorker();
  const [first, second] = [new Session(host, 's1'), new Session(host, 's2')];
  await Promise.all([first.open(), second.open()]);
  assert.equal(host.load, 2);
  await (await started).terminate();
  await Promise.all([first.event('closed'), second.event('closed')]);
  assert.equal(host.load, 0);
  host.send({ type: 'stopPlay', sessionId: 's1', playId: 'p' });
  const third = new Session(host, 's3');
  assert.ok((await third.open()) > 0);
  await third.close();
});

/** Beats once, and never again. */
const HANGS = `import { parentPort, workerData } from 'node:worker_threads';
Atomics.add(new Int32Array(workerData.pulse), 0, 1);
parentPort.postMessage({ kind: 'log', level: 'info', fields: {}, message: 'hangs' });
for (;;);`;

test('a worker that hangs is ended after ten seconds, and its calls with it; nobody waits for it', async () => {
  const lines: string[] = [];
  let hangs = (): void => {};
  const hanging = new Promise<void>((resolve) => {
    hangs = resolve;
  });
  const log: Logger = {
    ...silentLogger,
    info: () => hangs(),
    error: (_fields, message) => lines.push(message),
  };
  const clock = new VirtualClock();
  const entry = new URL(`data:text/javascript,${encodeURIComponent(HANGS)}`);
  const host = new WorkerMediaHost({ data: { rtpPorts: PORTS }, log, clock, entry });
  const session = new Session(host, 's1');
  host.send({ type: 'open', sessionId: 's1', bindAddress: LOCALHOST, idleMedia: 'none' });
  await hanging;
  const memory = host.memory();
  await clock.advance(1_000);
  assert.deepEqual(await memory, { heap: 0, external: 0 });
  const closed = host.close();
  await clock.advance(9_900);
  assert.deepEqual(session.events, []);
  await clock.advance(200);
  await session.event('closed');
  await closed;
  assert.deepEqual(lines, ['media worker hangs: it is ended, and its calls with it']);
});

test('a worker that dies while a session opens closes that session, too', async (t) => {
  const host = openHost(t);
  const started = nextWorker();
  const session = new Session(host, 's1');
  host.send({ type: 'open', sessionId: 's1', bindAddress: LOCALHOST, idleMedia: 'none' });
  await (await started).terminate();
  await session.event('closed');
});

test('a session that fails is closed; the others of its worker go on', async (t) => {
  const errors: string[] = [];
  const log: Logger = { ...silentLogger, error: (_fields, message) => errors.push(message) };
  const host = openHost(t, log);
  const [bad, good] = [new Session(host, 'bad'), new Session(host, 'good')];
  await Promise.all([bad.open(), good.open()]);
  host.send({ type: 'configure', sessionId: 'bad', media: null as unknown as NegotiatedMedia });
  await bad.event('closed');
  assert.deepEqual(errors, ['media session failed']);
  const media: NegotiatedMedia = {
    codec: 'PCMU',
    payloadType: 0,
    remoteAddress: LOCALHOST,
    remotePort: 0,
    remoteRtcpPort: 0,
    direction: 'inactive',
    ptimeMs: 20,
  };
  host.send({ type: 'configure', sessionId: 'good', media });
  host.send({ type: 'digit', sessionId: 'good', digit: '1', durationMs: 100 });
  await good.event('digit');
  await good.close();
});

test('an address that is not ours fails the session, with the reason', async (t) => {
  const session = new Session(openHost(t), 's1');
  session.send({ type: 'open', sessionId: 's1', bindAddress: '192.0.2.1', idleMedia: 'none' });
  assert.match((await session.event('openFailed')).error, /192\.0\.2\.1/);
});

test('closing the host closes its sessions first, and it opens no more', async (t) => {
  const host = openHost(t);
  host.warmUp();
  const session = new Session(host, 's1');
  await session.open();
  await Promise.all([host.close(), host.close()]);
  assert.equal(session.events.at(-1)?.type, 'closed');
  assert.throws(
    () => host.send({ type: 'open', sessionId: 's2', bindAddress: LOCALHOST, idleMedia: 'none' }),
    /closed/,
  );
  host.send({ type: 'close', sessionId: 's1', cause: 'hangup' });
});

test('a pool places each session on the worker with the fewest, and its commands go there', async (t) => {
  const hosts = [openHost(t), openHost(t)];
  const pool = new MediaHostPool(hosts);
  const sessions = ['s1', 's2', 's3'].map((id) => new Session(pool, id));
  assert.deepEqual(
    hosts.map((host) => host.load),
    [2, 1],
  );
  await Promise.all(sessions.map((session) => session.open()));
  await sessions[0]!.close();
  await sessions[2]!.close();
  const fourth = new Session(pool, 's4');
  assert.deepEqual(
    hosts.map((host) => host.load),
    [1, 1],
  );
  await fourth.open();
  await pool.close();
  await Promise.all([fourth.event('closed'), sessions[1]!.event('closed')]);
  assert.throws(() => new MediaHostPool([]), TypeError);
});
