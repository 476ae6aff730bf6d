/** A SIP peer that is moved by hand, message by message, against an endpoint on a network in memory. */
import assert from 'node:assert/strict';
import type { SipMessage, SipRequest, SipResponse } from '../../src/sip/message/message.ts';
import { parseMessage } from '../../src/sip/message/parser.ts';
import type { SipListener } from '../../src/sip/api.ts';
import { MemoryNetwork } from '../../src/sip/transport/memory-network.ts';
import type { DatagramSocket } from '../../src/sip/transport/network.ts';
import { VirtualClock } from '../../src/time/virtual-clock.ts';
import { Party, type PartyOptions } from './party.ts';

export interface RawBench {
  readonly clock: VirtualClock;
  readonly network: MemoryNetwork;
  /** The endpoint under test, at 10.0.0.2:5060 over UDP and TCP. */
  readonly bob: Party;
  readonly peer: RawPeer;
  /** Closes the endpoint and asserts that nothing of it is left. */
  finish(): Promise<void>;
}

export const PEER_ADDRESS = '10.0.0.1';

/** Headers of a request by their names; `undefined` leaves one out, a list writes one line each. */
export type RawHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

export async function rawBench(options: Partial<PartyOptions> = {}): Promise<RawBench> {
  const clock = new VirtualClock();
  const network = new MemoryNetwork(clock);
  const host = '10.0.0.2';
  const bob = new Party('bob', {
    clock,
    network: network.host(host),
    listeners: (['udp', 'tcp'] as const).map((protocol): SipListener => ({ protocol, host, port: 5060 })),
    ...options,
  });
  await bob.start();
  const peer = await RawPeer.open(network);
  return {
    clock,
    network,
    bob,
    peer,
    finish: async () => {
      const closed = bob.endpoint.close();
      await clock.advance(60_000);
      await closed;
      assert.equal(clock.pendingTimers, 0, 'timers left');
      const { calls, serverTransactions, clientTransactions } = bob.endpoint.stats;
      assert.deepEqual([calls, serverTransactions, clientTransactions], [0, 0, 0]);
    },
  };
}

export class RawPeer {
  /** All that came, oldest first. */
  readonly received: SipMessage[] = [];
  readonly #socket: DatagramSocket;
  readonly #address: string;

  private constructor(socket: DatagramSocket, received: SipMessage[], address: string) {
    this.#socket = socket;
    this.received = received;
    this.#address = address;
  }

  static async open(network: MemoryNetwork, address = PEER_ADDRESS, port = 5060): Promise<RawPeer> {
    const received: SipMessage[] = [];
    const socket = await network.host(address).bindDatagram(address, port, {
      message: (data) => received.push(parseMessage(data)),
      error: (error) => assert.fail(error),
    });
    return new RawPeer(socket, received, address);
  }

  /** Statuses and methods that came, e.g. `200 INVITE`, `BYE`. */
  get lines(): string[] {
    return this.received.map((message) =>
      message.kind === 'request'
        ? message.method
        : `${message.status} ${message.headers.get('CSeq')?.split(' ')[1]}`,
    );
  }

  /** The response that came last. */
  get response(): SipResponse {
    const last = this.received.findLast((message) => message.kind === 'response');
    assert.ok(last !== undefined, 'no response came');
    return last;
  }

  /** The request with this method that came last. */
  request(method: string): SipRequest {
    const last = this.received.findLast(
      (message): message is SipRequest => message.kind === 'request' && message.method === method,
    );
    assert.ok(last !== undefined, `no ${method} came`);
    return last;
  }

  /** @param headers replace the usual ones, or join them */
  send(method: string, headers: RawHeaders = {}, body = '', uri = 'sip:bob@10.0.0.2:5060'): void {
    const usual: RawHeaders = {
      Via: `SIP/2.0/UDP ${this.#address}:5060;branch=z9hG4bK-${method}-1`,
      'Max-Forwards': '70',
      From: `<sip:peer@${this.#address}>;tag=from1`,
      To: '<sip:bob@10.0.0.2>',
      'Call-ID': 'call-1',
      CSeq: `1 ${method}`,
      Contact: `<sip:peer@${this.#address}:5060>`,
      ...(body === '' ? {} : { 'Content-Type': 'application/sdp' }),
    };
    this.sendText(`${method} ${uri} SIP/2.0\r\n${lines({ ...usual, ...headers })}`, body);
  }

  /** Answers `request`, with a tag of ours unless it has one. */
  respond(request: SipRequest, status: number, headers: RawHeaders = {}, body = '', tag = 'peer-tag'): void {
    const to = request.headers.get('To')!;
    const usual: RawHeaders = {
      Via: request.headers.getAll('Via'),
      From: request.headers.get('From'),
      To: to.includes('tag=') || status === 100 ? to : `${to};tag=${tag}`,
      'Call-ID': request.headers.get('Call-ID'),
      CSeq: request.headers.get('CSeq'),
      Contact: `<sip:peer@${this.#address}:5060>`,
      ...(body === '' ? {} : { 'Content-Type': 'application/sdp' }),
    };
    this.sendText(`SIP/2.0 ${status} Whatever\r\n${lines({ ...usual, ...headers })}`, body);
  }

  /** @param head start line and headers, each with its line end */
  sendText(head: string, body = ''): void {
    this.sendBytes(Buffer.from(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`));
  }

  sendBytes(bytes: Uint8Array): void {
    this.#socket.send(bytes, '10.0.0.2', 5060, (error) => assert.fail(error));
  }
}

function lines(headers: RawHeaders): string {
  return Object.entries(headers)
    .flatMap(([name, value]) =>
      value === undefined ? [] : [value].flat().map((one) => `${name}: ${one}\r\n`),
    )
    .join('');
}
