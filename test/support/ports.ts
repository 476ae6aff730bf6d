/** Free ports and port ranges on loopback, for programs that must be told theirs beforehand. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

/**
 * Below the range from which Linux takes ephemeral ports (from 32768) and that of a server's RTP (from 20000), so
 * that no other socket drops into it.
 */
const LOWEST = 10_000;
const HIGHEST = 19_999;
const ATTEMPTS = 200;
/** In that range, what `fetch` refuses to connect to (a "bad port" of the Fetch standard): one start of 5,000. */
const REFUSED_BY_FETCH = 10_080;

/** A port that is free for both UDP and TCP on `host`, and that no other test is told of. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = randomEven(1);
    if (port === REFUSED_BY_FETCH) continue;
    if ((await claim(port)) && (await udpFree(port, host)) && (await tcpFree(port, host))) return port;
  }
  throw new Error(`no free port found between ${LOWEST} and ${HIGHEST} on ${host}`);
}

/**
 * First port of `count` consecutive UDP ports that are free on `host`, and that no other test is told of; even, as
 * RTP wants it.
 */
export async function freeUdpRange(count: number, host = '127.0.0.1'): Promise<number> {
  attempts: for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const first = randomEven(count);
    for (let port = first; port < first + count; port += 1) {
      if (!(await claim(port)) || !(await udpFree(port, host))) continue attempts;
    }
    return first;
  }
  throw new Error(`no ${count} free UDP ports in a row on ${host}`);
}

/** Whether any program has a socket at this UDP port, of IPv4 (proc_net(5)). */
export function isUdpPortTaken(port: number): boolean {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const [, ...sockets] = readFileSync('/proc/net/udp', 'utf8').split('\n');
  return sockets.some((line) => line.trim().split(/\s+/)[1]?.endsWith(local));
}

/**
 * Whoever is told of a port listens there only a while later, and test files run beside one another, each in a
 * process of its own. The mark is a socket without a file: the system takes it away with the process.
 * @returns false when a test has it already
 */
async function claim(port: number): Promise<boolean> {
  const mark = createServer();
  try {
    mark.listen(`\0openswml-test-port-${port}`);
    await once(mark, 'listening');
    mark.unref();
    return true;
  } catch {
    return false;
  }
}

function randomEven(count: number): number {
  const room = HIGHEST - LOWEST - count;
  return LOWEST + 2 * Math.floor((Math.random() * room) / 2);
}

async function udpFree(port: number, host: string): Promise<boolean> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  try {
    socket.bind(port, host);
    await once(socket, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    await new Promise<void>((done) => socket.close(() => done()));
  }
}

async function tcpFree(port: number, host: string): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    await new Promise<void>((done) => server.close(() => done()));
  }
}
