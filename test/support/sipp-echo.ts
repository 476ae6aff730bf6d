/** SIPp's own answering scenario with RTP echo: the counterpart on which the test helpers prove themselves. */
import { once } from 'node:events';
import { connect } from 'node:net';

import { spawnProgram } from './child-processes.ts';
import { freePort, freeUdpRange } from './ports.ts';
import { programPath } from './programs.ts';

export interface EchoingAnswerer {
  readonly host: string;
  readonly port: number;
  stop(): Promise<void>;
}

const UP_WITHIN_MS = 60_000;

/** Answers one call after the other and sends back what it hears. */
export async function startEcho(transport: 'udp' | 'tcp'): Promise<EchoingAnswerer> {
  const host = '127.0.0.1';
  const port = await freePort();
  const mediaPort = await freeUdpRange(4);
  const args = ['-sn', 'uas', '-i', host, '-p', String(port), '-mi', host, '-mp', String(mediaPort)];
  const flags = ['-rtp_echo', '-nostdin', '-aa', '-skip_rlimit', '-t', transport === 'udp' ? 'u1' : 't1'];
  const child = spawnProgram(programPath('sipp'), [...args, ...flags], {
    stdio: 'ignore',
    env: { ...process.env, TERM: 'dumb' },
  });
  // Over UDP nothing shows when it is up, and nothing need: callers repeat an INVITE that is not answered.
  if (transport === 'tcp') await untilConnectable(host, port);
  return {
    host,
    port,
    stop: async () => {
      if (child.exitCode !== null) return;
      const over = once(child, 'exit');
      child.kill('SIGKILL');
      await over;
    },
  };
}

async function untilConnectable(host: string, port: number): Promise<void> {
  const giveUp = performance.now() + UP_WITHIN_MS;
  for (;;) {
    const socket = connect(port, host);
    try {
      await once(socket, 'connect');
      return;
    } catch (error) {
      if (performance.now() > giveUp) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    } finally {
      socket.destroy();
    }
  }
}
