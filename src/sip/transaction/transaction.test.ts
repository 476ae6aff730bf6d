import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../time/virtual-clock.ts';
import { createRequest, createResponse } from '../message/message.ts';
import { sipTimers } from '../timers.ts';
import type { Flow } from '../transport/flow.ts';
import { ClientTransaction } from './client-transaction.ts';
import { INVITE_CLIENT } from './invite-client.ts';
import { INVITE_SERVER } from './invite-server.ts';
import { NON_INVITE_CLIENT } from './non-invite-client.ts';
import { NON_INVITE_SERVER } from './non-invite-server.ts';
import type { Table } from './machine.ts';
import { TransactionDriver } from './transaction.ts';

/** A driver that writes down what it does and when, ms. */
function drive(table: Table<string, string>, reliable: boolean, onSend: () => void = () => {}) {
  const clock = new VirtualClock();
  const log: string[] = [];
  const note = (what: string): void => {
    log.push(`${clock.monotonic()} ${what}`);
  };
  const driver = new TransactionDriver<string>({
    table,
    clock,
    timers: sipTimers(),
    reliable,
    actions: {
      send: () => {
        note('send');
        onSend();
      },
      sendTrying: () => note('trying'),
      acknowledge: (message) => note(`ack ${message}`),
      deliver: (message) => note(`deliver ${message}`),
      report: (failure) => note(failure),
      terminated: () => note('terminated'),
    },
  });
  return { clock, log, driver };
}

test('An INVITE is sent at 0, 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s, and given up at 32 s', async () => {
  const { clock, log, driver } = drive(INVITE_CLIENT, false);
  driver.input('start');
  await clock.advance(100_000);
  assert.deepEqual(log, [
    ...[0, 500, 1500, 3500, 7500, 15_500, 31_500].map((at) => `${at} send`),
    '32000 timeout',
    '32000 terminated',
  ]);
  assert.equal(clock.pendingTimers, 0);
});

test('Another request is sent at growing intervals up to T2, and at T2 once a provisional response has come', async () => {
  const { clock, log, driver } = drive(NON_INVITE_CLIENT, false);
  driver.input('start');
  await clock.advance(12_000);
  assert.deepEqual(
    log.splice(0),
    [0, 500, 1500, 3500, 7500, 11_500].map((at) => `${at} send`),
  );
  const early = drive(NON_INVITE_CLIENT, false);
  early.driver.input('start');
  early.driver.input('provisional', '100');
  await early.clock.advance(9000);
  assert.deepEqual(early.log, ['0 send', '0 deliver 100', '500 send', '4500 send', '8500 send']);
});

test('Over a reliable transport nothing is sent twice, and a finished transaction is forgotten at once', async () => {
  const { clock, log, driver } = drive(NON_INVITE_CLIENT, true);
  driver.input('start');
  await clock.advance(10_000);
  driver.input('final', '200');
  assert.deepEqual(log, ['0 send', '10000 deliver 200', '10000 terminated']);
  assert.equal(clock.pendingTimers, 0);
  const server = drive(NON_INVITE_SERVER, true);
  server.driver.input('request', 'BYE');
  server.driver.input('final');
  assert.deepEqual(server.log, ['0 deliver BYE', '0 send', '0 terminated']);
});

test('A refusal is sent again up to every T2 until the ACK, which is then absorbed for T4', async () => {
  const { clock, log, driver } = drive(INVITE_SERVER, false);
  driver.input('request', 'INVITE');
  driver.input('failure');
  await clock.advance(8000);
  driver.input('ack', 'ACK');
  await clock.advance(4000);
  assert.equal(driver.state, 'confirmed');
  await clock.advance(2000);
  assert.deepEqual(log, [
    '0 deliver INVITE',
    ...[0, 500, 1500, 3500, 7500].map((at) => `${at} send`),
    '13000 terminated',
  ]);
});

test('An INVITE that nobody has answered after 200 ms gets a 100', async () => {
  const { clock, log, driver } = drive(INVITE_SERVER, false);
  driver.input('request', 'INVITE');
  await clock.advance(1000);
  assert.deepEqual(log, ['0 deliver INVITE', '200 trying']);
  driver.abandon();
  assert.equal(clock.pendingTimers, 0);
});

test('What fails while effects are performed comes after them, and ends the transaction once', async () => {
  const bench = drive(NON_INVITE_CLIENT, false, () => bench.driver.input('transportError'));
  bench.driver.input('start');
  assert.deepEqual(bench.log, ['0 send', '0 transport', '0 terminated']);
  bench.driver.input('final', '200');
  bench.driver.abandon();
  assert.equal(bench.log.length, 3);
  assert.equal(bench.clock.pendingTimers, 0);
});

test('An action that throws does not leave the driver deaf', () => {
  let thrown = false;
  const { driver, log } = drive(NON_INVITE_SERVER, false, () => {
    if (!thrown) {
      thrown = true;
      throw new Error('a bug');
    }
  });
  driver.input('request', 'BYE');
  assert.throws(() => driver.input('final'), /a bug/);
  driver.input('request', 'BYE');
  assert.deepEqual(log, ['0 deliver BYE', '0 send', '0 send']);
  driver.abandon();
});

test('Who has had the refusal of an INVITE is not told that its ACK could not be sent', async () => {
  const clock = new VirtualClock();
  const log: string[] = [];
  const flow: Flow = {
    protocol: 'udp',
    reliable: false,
    closed: false,
    local: { address: '10.0.0.1', port: 5060 },
    remote: { address: '10.0.0.2', port: 5060 },
    send: () => {},
    unanswered: () => {},
    retain: () => {},
    release: () => {},
  };
  const request = createRequest('INVITE', 'sip:bob@10.0.0.2', [
    ['Via', 'SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-1'],
    ['From', '<sip:alice@10.0.0.1>;tag=1'],
    ['To', '<sip:bob@10.0.0.2>'],
    ['Call-ID', 'call-1'],
    ['CSeq', '1 INVITE'],
  ]);
  const bytes = Buffer.from('the INVITE');
  const transaction = new ClientTransaction({
    key: 'key',
    request,
    bytes,
    flow,
    clock,
    timers: sipTimers(),
    user: {
      response: ({ status }) => log.push(`response ${status}`),
      failed: (failure) => log.push(`failed ${failure}`),
    },
    send: (data, _flow, failed) => {
      if (data !== bytes) clock.after(1, () => failed(new Error('ENOBUFS')));
    },
    retransmitted: () => {},
    terminated: () => log.push('terminated'),
  });
  transaction.start();
  transaction.receive(createResponse(request, 407, undefined, { toTag: '2' }));
  await clock.advance(100);
  assert.deepEqual(log, ['response 407', 'terminated']);
  assert.equal(clock.pendingTimers, 0);
});
