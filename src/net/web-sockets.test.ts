import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type WebSocket, WebSocketServer } from 'ws';
import { until } from '../../test/support/until.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { RealClock } from '../time/real-clock.ts';
import { AddressGuard } from './address-guard.ts';
import { HttpError } from './http-errors.ts';
import { CERTIFICATE, PRIVATE_KEY } from './web-socket-fixtures.ts';
import { WebSockets, type WebSocketsOptions } from './web-sockets.ts';

const LOCAL = ['127.0.0.1', 'media.test', 'localhost'];

interface Peer {
  readonly port: number;
  /** The server's end, once somebody has connected, and the headers of the handshake. */
  readonly connection: Promise<{
    readonly socket: WebSocket;
    readonly headers: Readonly<Record<string, unknown>>;
  }>;
}

async function listen(t: TestContext, options: { readonly tls?: boolean } = {}): Promise<Peer> {
  const https = options.tls === true ? createServer({ cert: CERTIFICATE, key: PRIVATE_KEY }) : undefined;
  const server = new WebSocketServer(
    https === undefined ? { port: 0, host: '127.0.0.1' } : { server: https },
  );
  https?.listen(0, '127.0.0.1');
  await once(https ?? server, 'listening');
  t.after(() => {
    for (const client of server.clients) client.terminate();
    server.close();
    https?.close();
  });
  const { port } = (https ?? server).address() as AddressInfo;
  const { promise: connection, resolve } = Promise.withResolvers<Awaited<Peer['connection']>>();
  server.on('connection', (socket, { headers }) => resolve({ socket, headers }));
  return { port, connection };
}

function client(t: TestContext, change: Partial<WebSocketsOptions> = {}) {
  const sockets = new WebSockets({ clock: new RealClock(), guard: new AddressGuard(LOCAL), ...change });
  t.after(() => sockets.close());
  const texts: string[] = [];
  const { promise: closed, resolve: onClosed } = Promise.withResolvers<string>();
  const controller = new AbortController();
  const dial = (url: string, bearerToken?: string) =>
    sockets.dial(url, {
      bearerToken,
      signal: controller.signal,
      onText: (text) => texts.push(text),
      onBinary: () => texts.push('(binary)'),
      onDrain: () => {},
      onClosed,
    });
  const refused = async (url: string): Promise<string> => {
    try {
      await dial(url);
    } catch (error) {
      if (error instanceof HttpError) return `${error.code} ${error.message}`;
      throw error;
    }
    return assert.fail('not refused');
  };
  return { sockets, texts, closed, dial, refused, controller };
}

test('texts and bytes go both ways, and a token or the user of the URL is sent with the handshake', async (t) => {
  for (const [token, userinfo, authorization] of [
    ['secret', 'ann:pw@', 'Bearer secret'],
    [undefined, 'ann:pw@', `Basic ${Buffer.from('ann:pw').toString('base64')}`],
  ] as const) {
    const peer = await listen(t);
    const { dial, texts, closed } = client(t);
    const socket = await dial(`ws://${userinfo}127.0.0.1:${peer.port}/x?a=b`, token);
    const { socket: theirs, headers } = await peer.connection;
    assert.equal(headers['authorization'], authorization);
    const received: unknown[] = [];
    theirs.on('message', (data: Buffer, isBinary) => {
      received.push(isBinary ? [...data] : String(data));
      if (!isBinary) return;
      theirs.send(Uint8Array.of(4, 5));
      theirs.send('back', () => theirs.close(1001, 'bye'));
    });
    socket.send('text');
    socket.send(Uint8Array.of(1, 2, 3));
    assert.equal(await closed, 'it closed with code 1001 (bye)');
    assert.deepEqual(received, ['text', [1, 2, 3]]);
    assert.deepEqual(texts, ['(binary)', 'back']);
  }
});

test('wss is TLS whose certificate is checked', async (t) => {
  const peer = await listen(t, { tls: true });
  const resolve = async () => [{ address: '127.0.0.1', family: 4 }];
  const trusting = client(t, { ca: CERTIFICATE, resolve });
  await trusting.dial(`wss://media.test:${peer.port}/`);
  const strict = client(t, { resolve });
  assert.match(await strict.refused(`wss://media.test:${peer.port}/`), /^tls /);
});

test('addresses that are not public are refused, literal or resolved, before anything is sent', async (t) => {
  let connections = 0;
  const tcp = createTcpServer(() => connections++).listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  t.after(() => tcp.close());
  const { port } = tcp.address() as AddressInfo;
  const resolve = async () => [{ address: '127.0.0.1', family: 4 }];
  const { refused, sockets } = client(t, { guard: new AddressGuard([]), resolve });
  for (const host of [
    '127.0.0.1',
    '0x7f000001',
    '2130706433',
    '[::ffff:127.0.0.1]',
    'localhost',
    'rebound.test',
  ]) {
    assert.match(await refused(`ws://${host}:${port}/`), /^refused_address /, host);
  }
  assert.equal(connections, 0);
  assert.match(sockets.rtpRefusal('10.0.0.1', 4000) ?? '', /add "10\.0\.0\.1:4000"/);
  assert.equal(sockets.rtpRefusal('198.41.0.4', 4000), undefined);
});

test('what is no WebSocket is told apart: no URL of one, plain where that is off, an answer that is no handshake', async (t) => {
  const { refused } = client(t);
  assert.match(await refused('https://example.com/'), /^invalid_url .*expected ws:\/\/ or wss:\/\//);
  const secure = client(t, { httpsOnly: true });
  assert.match(await secure.refused('ws://127.0.0.1:1/'), /^https_required /);
  const web = createTcpServer((socket) =>
    socket.end('HTTP/1.1 302 Found\r\nlocation: ws://10.0.0.1/\r\n\r\n'),
  );
  web.listen(0, '127.0.0.1');
  await once(web, 'listening');
  t.after(() => web.close());
  const { port } = web.address() as AddressInfo;
  assert.match(await refused(`ws://127.0.0.1:${port}/`), /^protocol .*answered 302/);
  web.close();
  const gone = createTcpServer().listen(0, '127.0.0.1');
  await once(gone, 'listening');
  const { port: unused } = gone.address() as AddressInfo;
  gone.close();
  await once(gone, 'close');
  assert.match(await refused(`ws://127.0.0.1:${unused}/`), /^connection /);
});

test('a server that never answers the handshake is given up after 5 s, and when the call ends', async (t) => {
  const mute = createTcpServer((socket) => socket.on('error', () => {}).resume()).listen(0, '127.0.0.1');
  await once(mute, 'listening');
  t.after(() => mute.close());
  const { port } = mute.address() as AddressInfo;
  const clock = new VirtualClock();
  // Time that stands still while a connection is made would never reach the deadline.
  const unheld = {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after: clock.after.bind(clock),
    every: clock.every.bind(clock),
    holdWhile: <T>(work: Promise<T>) => work,
  };
  const { refused } = client(t, { clock: unheld });
  const late = refused(`ws://127.0.0.1:${port}/`);
  await clock.advance(5_000);
  assert.match(await late, /^timeout_connect .*within 5000 ms/);
  const other = client(t, { clock: unheld });
  const dropped = other.refused(`ws://127.0.0.1:${port}/`);
  other.controller.abort();
  assert.match(await dropped, /^aborted /);
  assert.equal(clock.pendingTimers, 0);
});

test('a peer that gives no sign of life between two pings is dead; one that answers them is not', async (t) => {
  const clock = new VirtualClock();
  const peer = await listen(t);
  const { dial, closed, texts } = client(t, { clock });
  await dial(`ws://127.0.0.1:${peer.port}/`);
  const { socket: theirs } = await peer.connection;
  for (const round of [1, 2, 3]) {
    const pinged = once(theirs, 'ping');
    await clock.advance(20_000);
    await pinged;
    // The answer to a ping is on its way when it is told: what is sent behind it arrives behind it.
    theirs.send(`after ${round}`);
    await until(() => texts.length >= round);
  }
  theirs.pause();
  await clock.advance(40_000);
  assert.match(await closed, /no sign of life for 20 s/);
});

test('behind a standstill of ours, a peer whose answer lies unread is not dead', async (t) => {
  const clock = new VirtualClock();
  let stoodStillMs = 0;
  const halting = {
    now: () => clock.now(),
    monotonic: () => clock.monotonic() + stoodStillMs,
    after: clock.after.bind(clock),
    every: clock.every.bind(clock),
    holdWhile: <T>(work: Promise<T>) => clock.holdWhile(work),
  };
  const peer = await listen(t);
  const { dial, closed, texts } = client(t, { clock: halting });
  await dial(`ws://127.0.0.1:${peer.port}/`);
  const { socket: theirs } = await peer.connection;
  let over: string | undefined;
  void closed.then((reason) => {
    over = reason;
  });
  let pings = 0;
  theirs.on('ping', () => pings++);
  theirs.pause();
  await clock.advance(20_000);
  // From here to the next ping the process stands still, so that comes as much too late.
  stoodStillMs = 25_000;
  await clock.advance(20_000);
  theirs.resume();
  await until(() => pings === 2 || over !== undefined);
  // It comes behind the answers to both.
  theirs.send('here');
  await until(() => texts.length > 0 || over !== undefined);
  assert.equal(over, undefined);
  theirs.pause();
  await clock.advance(40_000);
  assert.match(await closed, /no sign of life for 20 s/);
});

test('a closed socket says goodbye at once, and is broken off when the peer does not answer', async (t) => {
  const clock = new VirtualClock();
  const peer = await listen(t);
  const { dial, closed } = client(t, { clock });
  const socket = await dial(`ws://127.0.0.1:${peer.port}/`);
  const { socket: theirs } = await peer.connection;
  theirs.pause();
  socket.close();
  await clock.advance(2_000);
  await closed;
  socket.send('too late');
  assert.equal(clock.pendingTimers, 0);
});

test('a peer that floods is read no faster than it may send, and nothing of it is lost', async (t) => {
  const clock = new VirtualClock();
  const peer = await listen(t);
  const { dial, texts } = client(t, { clock });
  await dial(`ws://127.0.0.1:${peer.port}/`);
  const { socket: theirs } = await peer.connection;
  const large = 'x'.repeat(1_000_000);
  for (let i = 0; i < 40; i++) theirs.send(large);
  theirs.send('last');
  await until(() => texts.length >= 9);
  for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(texts.length < 14, `${texts.length} messages in no time`);
  while (texts.at(-1) !== 'last') {
    const had = texts.length;
    await clock.advance(1_000);
    // Virtual seconds pass faster than a real network brings what is on its way.
    const deadline = performance.now() + 30_000;
    while (texts.length === had) {
      assert.ok(performance.now() < deadline, `nothing came behind ${had} messages`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  assert.equal(texts.length, 41);
});

test('a peer that floods by answers to no ping is read no faster, either', async (t) => {
  const clock = new VirtualClock();
  const peer = await listen(t);
  const { dial, texts } = client(t, { clock });
  await dial(`ws://127.0.0.1:${peer.port}/`);
  const { socket: theirs } = await peer.connection;
  for (let i = 0; i < 20_000; i++) theirs.pong(Buffer.alloc(125));
  theirs.send('last');
  const turns = async (): Promise<void> => {
    for (let turn = 0; turn < 500; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  await turns();
  assert.deepEqual(texts, []);
  for (let second = 0; second < 15 && texts.length === 0; second++) {
    await clock.advance(1_000);
    await turns();
  }
  assert.deepEqual(texts, ['last']);
});

test('what a slow peer does not take waits, is told as waiting, and leaves when it reads again', async (t) => {
  const peer = await listen(t);
  let drains = 0;
  const sockets = new WebSockets({ clock: new RealClock(), guard: new AddressGuard(LOCAL) });
  t.after(() => sockets.close());
  const socket = await sockets.dial(`ws://127.0.0.1:${peer.port}/`, {
    signal: new AbortController().signal,
    onText: () => {},
    onDrain: () => drains++,
    onClosed: () => {},
  });
  const { socket: theirs } = await peer.connection;
  theirs.pause();
  const piece = new Uint8Array(1_000_000);
  // As much as the system's own buffers take goes out; more does not.
  for (let sent = 0; socket.waitingBytes < 4_000_000 && sent < 100; sent++) socket.send(piece);
  assert.ok(socket.waitingBytes >= 4_000_000);
  theirs.resume();
  await until(() => socket.waitingBytes === 0);
  assert.ok(drains > 0);
});
