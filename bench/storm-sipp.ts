/** SIPp as a storm of short calls without media. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { spawnProgram, temporaryFolder } from '../test/support/child-processes.ts';
import { freePort } from '../test/support/ports.ts';
import { programPath } from '../test/support/programs.ts';
import { STORM_USER } from './rows.ts';

export interface StormTask {
  /** SIP port of the server on loopback. */
  readonly port: number;
  /** Calls a second, and calls in all. */
  readonly rate: number;
  readonly calls: number;
  /** From the answer of a call to its BYE, ms. */
  readonly callMs: number;
}

export interface StormReport {
  readonly answered: number;
  /** Answered with 503. */
  readonly refused: number;
  /** Neither, or their BYE was not answered. */
  readonly failed: number;
  /** Messages that SIPp sent again for want of an answer. */
  readonly repeated: number;
  /** From the INVITE to its 200, ms; SIPp's clock goes on by 4 ms at a time. */
  readonly answersMs: readonly number[];
}

/** For answers and BYEs that are outstanding when the last call has begun. */
const SLACK_MS = 60_000;

export class Storm {
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #task: StormTask;

  private constructor(folder: string, child: ChildProcess, task: StormTask) {
    this.#folder = folder;
    this.#child = child;
    this.#task = task;
  }

  static async start(task: StormTask): Promise<Storm> {
    const { port, rate, calls, callMs } = task;
    const folder = temporaryFolder('openswml-storm-');
    writeFileSync(path.join(folder, 'caller.xml'), scenario(callMs));
    const limitS = Math.ceil(calls / rate + (callMs + SLACK_MS) / 1000);
    const settings: Readonly<Record<string, string>> = {
      '-sf': 'caller.xml',
      '-s': STORM_USER,
      '-t': 'u1',
      '-i': '127.0.0.1',
      '-p': String(await freePort()),
      '-m': String(calls),
      '-l': String(calls),
      '-r': String(rate),
      '-timeout': `${limitS}s`,
      '-fd': '1',
      '-stf': 'statistics.csv',
      '-rtt_freq': '1',
    };
    const flags = ['-nostdin', '-trace_stat', '-trace_rtt', '-skip_rlimit'];
    const args = [`127.0.0.1:${port}`, ...Object.entries(settings).flat(), ...flags];
    const env = { ...process.env, TERM: 'dumb' };
    const child = spawnProgram(programPath('sipp'), args, { cwd: folder, stdio: 'ignore', env });
    return new Storm(folder, child, task);
  }

  /** Resolves when all calls are over. */
  async report(): Promise<StormReport> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
    const last = lastStatistics(readFileSync(path.join(this.#folder, 'statistics.csv'), 'utf8'));
    const answersMs = readdirSync(this.#folder)
      .filter((name) => name.endsWith('_rtt.csv'))
      .flatMap((name) => answerTimes(readFileSync(path.join(this.#folder, name), 'utf8')));
    const refused = last('GenericCounter1(C)');
    const answered = last('SuccessfulCall(C)') - refused;
    const { calls } = this.#task;
    return {
      answered,
      refused,
      failed: calls - answered - refused,
      repeated: last('Retransmissions(C)'),
      answersMs,
    };
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const over = once(this.#child, 'exit');
      this.#child.kill('SIGKILL');
      await over;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Reads the last line of SIPp's statistics by the names of its columns. */
function lastStatistics(text: string): (column: string) => number {
  const lines = text.trim().split('\n');
  const names = lines[0]?.split(';') ?? [];
  const values = lines.at(-1)?.split(';') ?? [];
  return (column) => {
    const at = names.indexOf(column);
    if (at < 0) throw new Error(`SIPp tells nothing of ${column}`);
    return Number(values[at]);
  };
}

/** Lines are `date;milliseconds;name`, below a title. */
function answerTimes(text: string): number[] {
  return text
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => Number(line.split(';')[1]));
}

function scenario(callMs: number): string {
  const start = (method: string, cseq: number): string =>
    `${method} sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:${STORM_USER}@[local_ip]:[local_port]>;tag=[pid]-[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>${method === 'INVITE' ? '' : '[peer_tag_param]'}
Call-ID: [call_id]
CSeq: ${cseq} ${method}
Max-Forwards: 70`;
  const ackOf503 = `ACK sip:[service]@[remote_ip]:[remote_port] SIP/2.0
[last_Via:]
[last_From:]
[last_To:]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0`;
  return `<?xml version="1.0" encoding="ISO-8859-1"?>
<scenario name="storm">
  <send retrans="500" start_rtd="1"><![CDATA[

${start('INVITE', 1)}
Contact: <sip:${STORM_USER}@[local_ip]:[local_port]>
Content-Type: application/sdp
Content-Length: [len]

v=0
o=storm 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio 9 RTP/AVP 0
a=rtpmap:0 PCMU/8000
]]></send>
  <recv response="100" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="503" optional="true" next="refused" counter="1"/>
  <recv response="200" rtd="1"/>
  <send><![CDATA[

${start('ACK', 1)}
Content-Length: 0

]]></send>
  <pause milliseconds="${callMs}"/>
  <send retrans="500" start_txn="bye"><![CDATA[

${start('BYE', 2)}
Content-Length: 0

]]></send>
  <recv response="200" response_txn="bye"/>
  <nop next="end"/>
  <label id="refused"/>
  <send><![CDATA[

${ackOf503}

]]></send>
  <label id="end"/>
</scenario>
`;
}
