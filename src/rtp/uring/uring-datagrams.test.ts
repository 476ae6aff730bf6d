import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { freeUdpRange } from '../../../test/support/ports.ts';
import type { DatagramSocket } from '../datagrams.ts';
import { ERRNO } from '../../io-uring/abi.ts';
import { loadLibc } from '../../io-uring/libc.ts';
import { Reactor } from '../../io-uring/reactor.ts';
import { RealClock } from '../../time/real-clock.ts';
import { UringDatagrams } from './uring-datagrams.ts';
import { openUring } from './uring.test-helper.ts';
import { until } from '../../../test/support/until.ts';

const HOST = '127.0.0.1';
const { datagrams, refused } = openUring();

/** Two sockets at ports in a row, and the port of the first. */
async function pair(): Promise<[DatagramSocket, DatagramSocket, number]> {
  const port = await freeUdpRange(2);
  const [from, to] = [await datagrams.bind(HOST, port), await datagrams.bind(HOST, port + 1)];
  assert.ok(from !== undefined && to !== undefined, 'the ports of the test are in use');
  return [from, to, port];
}

/** Behind the end of a turn, when all that was sent has left. */
async function sent(ms: number): Promise<void> {
  await new Promise((next) => setImmediate(next));
  await new Promise((next) => setTimeout(next, ms));
}

test('more datagrams at once than there are buffers and slots come all, in order, each as it was sent', {
  skip: refused,
}, async () => {
  const [from, to, port] = await pair();
  const got: number[] = [];
  let wrong = 0;
  to.listener = (bytes) => {
    const number = bytes[0]! * 256 + bytes[1]!;
    got.push(number);
    if (bytes.length !== 12 + (number % 100)) wrong++;
    for (let i = 2; i < bytes.length; i++) if (bytes[i] !== (number & 0xff)) wrong++;
  };
  for (let number = 0; number < 600; number++) {
    const datagram = new Uint8Array(12 + (number % 100)).fill(number & 0xff);
    datagram[0] = number >> 8;
    datagram[1] = number & 0xff;
    // The sender may use its buffer again at once.
    from.send(datagram, 0, datagram.length, port + 1, HOST);
    datagram.fill(0xee);
  }
  await until(() => got.length >= 600, 'not all came');
  assert.deepEqual(got, [...Array(600).keys()]);
  assert.equal(wrong, 0);
  from.close();
  to.close();
});

test('a datagram longer than any that fits a packet of a network is dropped, at either end', {
  skip: refused,
}, async () => {
  const [from, to, port] = await pair();
  const lengths: number[] = [];
  to.listener = (bytes) => lengths.push(bytes.length);
  const other = createSocket('udp4');
  const sendLong = (length: number) =>
    new Promise((resolve) => other.send(new Uint8Array(length), port + 1, HOST, resolve));
  await sendLong(9_000);
  await sendLong(2_040);
  from.send(new Uint8Array(9_000), 0, 9_000, port + 1, HOST);
  from.send(new Uint8Array(1_500), 0, 1_500, port + 1, HOST);
  await sendLong(0);
  await until(() => lengths.length === 2, 'the short ones did not come');
  assert.deepEqual(
    lengths.sort((a, b) => a - b),
    [0, 1_500],
  );
  other.close();
  from.close();
  to.close();
});

test('what was sent before a socket closed still leaves; its port and descriptor are free soon', {
  skip: refused,
}, async () => {
  const descriptors = () => readdirSync('/proc/self/fd').length;
  const [warm, to, port] = await pair();
  let came = 0;
  to.listener = () => came++;
  const warmed = descriptors();
  warm.close();
  await until(() => descriptors() < warmed, 'the descriptor is left open');
  const before = descriptors();
  for (let round = 0; round < 40; round++) {
    let from: DatagramSocket | undefined;
    for (let i = 0; from === undefined && i < 500; i++) {
      from = await datagrams.bind(HOST, port);
      if (from === undefined) await new Promise((next) => setTimeout(next, 1));
    }
    assert.ok(from !== undefined, 'the port is not free again');
    from.send(Uint8Array.of(round), 0, 1, port + 1, HOST);
    from.close();
  }
  await until(() => came === 40, 'not all came');
  await until(() => descriptors() <= before, 'descriptors are left open');
  to.close();
});

test('a listener that is changed in the middle gets what comes next', { skip: refused }, async () => {
  const [from, to, port] = await pair();
  const got: number[] = [];
  to.listener = (bytes) => {
    got.push(bytes[0]!);
    // As a session would that is closed in the middle.
    if (bytes[0] === 1) to.listener = (later) => got.push(100 + later[0]!);
  };
  for (let i = 0; i < 4; i++) from.send(Uint8Array.of(i), 0, 1, port + 1, HOST);
  await until(() => got.length === 4, 'not all came');
  assert.deepEqual(got, [0, 1, 102, 103]);
  from.close();
  to.close();
});

test('a listener that asks for more in the middle gets it in order, and each datagram comes once', {
  skip: refused,
}, async () => {
  const [from, to, port] = await pair();
  const got: number[] = [];
  to.listener = (bytes) => {
    got.push(bytes[0]!);
    // As a session does that was waiting, when a key comes.
    to.receive!();
    assert.ok(bytes.every((octet) => octet === bytes[0]));
  };
  const all = Array.from({ length: 200 }, (_, i) => i);
  for (let round = 0; round < 3; round++) {
    got.length = 0;
    for (const number of all) from.send(new Uint8Array(172).fill(number), 0, 172, port + 1, HOST);
    await until(() => got.length >= all.length, 'not all came');
    await new Promise((next) => setTimeout(next, 20));
    assert.deepEqual(got, all);
  }
  from.close();
  to.close();
});

test('IPv6 peers are told in the form of RFC 5952', { skip: refused }, async (t) => {
  const port = await freeUdpRange(2, '::1').catch(() => 0);
  const six = port > 0 ? await datagrams.bind('::1', port) : undefined;
  if (six === undefined) {
    t.skip('this machine has no IPv6');
    return;
  }
  const got: string[] = [];
  six.listener = (_bytes, address, from) => got.push(`${address} ${from}`);
  six.send(Uint8Array.of(1), 0, 1, port, '0:0:0:0:0:0:0:1');
  await until(() => got.length === 1, 'it did not come');
  assert.deepEqual(got, [`::1 ${port}`]);
  six.close();
});

test('what waits for its batch comes with it, in order across changes, with the times of its arrival', {
  skip: refused,
}, async () => {
  const [from, to, port] = await pair();
  const clock = new RealClock();
  const got: { readonly number: number; readonly arrivedMs: number }[] = [];
  to.listener = (bytes, _address, _port, arrivedMs) => got.push({ number: bytes[0]!, arrivedMs: arrivedMs! });
  const send = async (number: number): Promise<void> => {
    from.send(Uint8Array.of(number), 0, 1, port + 1, HOST);
    await sent(20);
  };
  await send(0);
  await until(() => got.length === 1, 'the first did not come');
  assert.equal(to.joinBatch!({ look: 7 }), true);
  const before = clock.monotonic();
  await send(1);
  await send(2);
  assert.equal(got.length, 1, 'they do not come by themselves');
  datagrams.receive(6);
  assert.equal(got.length, 1, 'nor with another batch');
  datagrams.receive(7);
  assert.deepEqual(
    got.map(({ number }) => number),
    [0, 1, 2],
  );
  const [, first, second] = got;
  assert.ok(first!.arrivedMs >= before - 5, 'times of arrival');
  // What is older than 20 s is told as of that age: the machine stood still.
  const stood = clock.monotonic() - before >= 20_000;
  assert.ok(stood || second!.arrivedMs - first!.arrivedMs >= 15, 'each its own time');
  assert.ok(clock.monotonic() - second!.arrivedMs >= 15, 'they came earlier than they were looked at');
  await send(3);
  // What has come so far comes at the change.
  assert.equal(to.joinBatch!(undefined), true);
  assert.equal(got.length, 4);
  await send(4);
  to.joinBatch!({ look: 7 });
  to.joinBatch!(undefined);
  to.joinBatch!({ look: 7 });
  await send(5);
  to.receive!();
  assert.deepEqual(
    got.map(({ number }) => number),
    [0, 1, 2, 3, 4, 5],
  );
  from.close();
  to.close();
});

test('packets of one type are put aside until their turn, or until anything else comes, all in order', {
  skip: refused,
}, async () => {
  const [from, to, port] = await pair();
  const otherPort = await freeUdpRange(1);
  const other = (await datagrams.bind(HOST, otherPort))!;
  const got: string[] = [];
  const listen = (name: string) => (bytes: Uint8Array, address: string, sender: number) => {
    assert.equal(`${address} ${sender}`, `${HOST} ${port}`);
    assert.equal(bytes.length, 172 + bytes[2]!);
    for (let i = 3; i < bytes.length; i++) assert.equal(bytes[i], bytes[2]);
    got.push(`${name}${bytes[2]}`);
  };
  to.listener = listen('a');
  other.listener = listen('b');
  const send = async (at: number, payloadType: number, number: number): Promise<void> => {
    const packet = new Uint8Array(172 + number).fill(number);
    packet[0] = 0x80;
    packet[1] = 0x80 | payloadType;
    from.send(packet, 0, packet.length, at, HOST);
    await sent(5);
  };
  const taken = () => got.splice(0).join(' ');
  to.joinBatch!({ look: 2, aside: { turn: 14, payloadType: 8 } });
  other.joinBatch!({ look: 2, aside: { turn: 26, payloadType: 8 } });
  for (let number = 1; number <= 40; number++) {
    await send(port + 1, 8, number);
    if (number % 10 === 0) await send(otherPort, 8, number);
    if (number % 3 === 0) datagrams.receive(2, 2);
  }
  assert.equal(taken(), '', 'all of them wait');
  datagrams.receive(2, 14);
  const ofA = Array.from({ length: 40 }, (_, i) => `a${i + 1}`).join(' ');
  assert.equal(taken(), ofA);
  datagrams.receive(2, 14);
  assert.equal(taken(), '', 'each comes once');
  await send(otherPort, 101, 50);
  await send(otherPort, 8, 51);
  datagrams.receive(2, 2);
  assert.equal(taken(), 'b10 b20 b30 b40 b50', 'what is of another type comes behind those before it');
  datagrams.receive(2, 26);
  assert.equal(taken(), 'b51');
  // Longer than a place for what waits.
  await send(port + 1, 8, 60);
  await send(port + 1, 8, 200);
  datagrams.receive(2, 2);
  assert.equal(taken(), 'a60 a200');
  await send(port + 1, 8, 61);
  datagrams.receive(2, 2);
  to.receive!();
  assert.equal(taken(), 'a61', 'who asks has all');
  await send(port + 1, 8, 62);
  datagrams.receive(2, 2);
  to.joinBatch!({ look: 2 });
  assert.equal(taken(), 'a62');
  await send(port + 1, 8, 63);
  datagrams.receive(2, 2);
  assert.equal(taken(), 'a63');
  to.joinBatch!({ look: 2, aside: { turn: 38, payloadType: 8 } });
  await send(port + 1, 8, 64);
  datagrams.receive(2, 2);
  to.joinBatch!(undefined);
  assert.equal(taken(), 'a64');
  other.joinBatch!({ look: 3, aside: { turn: 3, payloadType: 8 } });
  await send(otherPort, 8, 65);
  datagrams.receive(3, 15);
  other.close();
  datagrams.receive(3, 3);
  assert.equal(taken(), '', 'nobody gets what was put aside for one that has closed');
  for (const socket of [from, to]) socket.close();
});

test('what the system has no memory to send is lost, and what comes behind that is sent', {
  skip: refused,
}, async () => {
  const libc = loadLibc();
  let refuses = false;
  const ioUringEnter: typeof libc.ioUringEnter = (fd, submit, flags) =>
    refuses ? -ERRNO.EAGAIN : libc.ioUringEnter(fd, submit, flags);
  const reactor = new Reactor({ ...libc, ioUringEnter }, 16);
  const io = new UringDatagrams(reactor, () => 0);
  const port = await freeUdpRange(2);
  const [from, to] = [io.open(HOST, port)!, io.open(HOST, port + 1)!];
  const got: number[] = [];
  to.listener = (bytes) => got.push(bytes[0]!);
  io.receive();
  const send = (number: number): void => from.send(Uint8Array.of(number), 0, 1, port + 1, HOST);
  refuses = true;
  for (let number = 0; number < 100; number++) send(number);
  refuses = false;
  io.flush();
  send(200);
  await until(() => {
    io.receive();
    return got.includes(200);
  }, 'nothing is sent any more');
  assert.deepEqual(got, [...Array(16).keys(), 200]);
  for (const socket of [from, to]) socket.close();
  io.close();
  reactor.close();
});

test('its end leaves nothing open or bound, neither sockets nor those closed in the same turn', {
  skip: refused,
}, async () => {
  const descriptors = () => readdirSync('/proc/self/fd').length;
  const first = await freeUdpRange(20);
  const before = descriptors();
  const reactor = new Reactor(loadLibc());
  const io = new UringDatagrams(reactor, () => 0);
  const opened = Array.from({ length: 20 }, (_, i) => io.open(HOST, first + i)!);
  opened[0]!.joinBatch({ look: 1 });
  assert.ok(descriptors() >= before + 20);
  io.receive();
  io.receive(1);
  for (const socket of opened.slice(0, 10)) socket.close();
  io.close();
  reactor.close();
  await until(() => descriptors() <= before, 'descriptors are left open');
  // The memory of a ring is not given back, and a ring stays as long as its memory.
  for (let i = 0; i < 20; i++) {
    const again = await datagrams.bind(HOST, first + i);
    assert.ok(again !== undefined, `port ${first + i} is bound`);
    again.close();
  }
});
