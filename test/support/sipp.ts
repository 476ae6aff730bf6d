/** Runs SIPp as the calling side. It does the signalling; sound is an {@link RtpTalker}'s, whose port it names. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { spawnProgram, temporaryFolder } from './child-processes.ts';
import { freePort } from './ports.ts';
import { preferProcess } from './priority.ts';
import { programPath } from './programs.ts';

export interface SippOptions {
  readonly server: { readonly host: string; readonly port: number };
  readonly transport: 'udp' | 'tcp';
  /** XML, see `sippScenario`. */
  readonly scenario: string;
  /** RTP port of each call; as many calls are placed. */
  readonly rtpPorts: readonly number[];
  /** User part of the address that is called. Default `voicemail`. */
  readonly service?: string;
  /** New calls each second. Default 20. */
  readonly rate?: number;
  /** Give up after this long. Default 120 s. */
  readonly timeoutMs?: number;
}

export interface SippResult {
  /** 0: every call went as the scenario says. */
  readonly exitCode: number;
  /** What SIPp found wrong: unexpected messages, timeouts. */
  readonly errors: string;
}

export interface RemoteMedia {
  readonly host: string;
  readonly port: number;
}

const POLL_MS = 10;

export class Sipp {
  /** Resolves when all calls are over. */
  readonly ended: Promise<SippResult>;
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #timeoutMs: number;
  #over = false;

  private constructor(child: ChildProcess, folder: string, timeoutMs: number) {
    this.#child = child;
    this.#folder = folder;
    this.#timeoutMs = timeoutMs;
    this.ended = this.#finish();
  }

  static async start(options: SippOptions): Promise<Sipp> {
    const folder = temporaryFolder('openswml-sipp-');
    const timeoutMs = options.timeoutMs ?? 120_000;
    writeFileSync(path.join(folder, 'caller.xml'), options.scenario);
    writeFileSync(
      path.join(folder, 'calls.csv'),
      `SEQUENTIAL\n${options.rtpPorts.map((port) => `${port};\n`).join('')}`,
    );
    const host = options.server.host;
    const settings: Readonly<Record<string, string>> = {
      '-sf': 'caller.xml',
      '-inf': 'calls.csv',
      '-s': options.service ?? 'voicemail',
      '-t': options.transport === 'udp' ? 'u1' : 't1',
      '-i': host,
      '-mi': host,
      '-p': String(await freePort(host)),
      '-m': String(options.rtpPorts.length),
      '-l': String(options.rtpPorts.length),
      '-r': String(options.rate ?? 20),
      // It would note as an error each time that the machine kept it waiting.
      '-watchdog_interval': '0',
      '-timeout': `${Math.ceil(timeoutMs / 1000)}s`,
      '-log_file': 'log',
      '-error_file': 'errors',
      '-message_file': 'messages',
    };
    const flags = ['-nostdin', '-trace_logs', '-trace_err', '-trace_msg', '-timeout_error', '-skip_rlimit'];
    const args = [`${host}:${options.server.port}`, ...Object.entries(settings).flat(), ...flags];
    const child = spawnProgram(programPath('sipp'), args, {
      cwd: folder,
      stdio: 'ignore',
      env: { ...process.env, TERM: 'dumb' },
    });
    if (child.pid !== undefined) preferProcess(child.pid);
    return new Sipp(child, folder, timeoutMs);
  }

  /**
   * Where the server wants the sound of a call, once it has answered.
   * @throws Error with SIPp's own words when the call ends without an answer
   */
  async media(call = 0): Promise<RemoteMedia> {
    const [host, port] = await this.#logged('media', call);
    return { host: host!, port: Number(port) };
  }

  /** Resolves when the scenario of a call has passed `mark(text)`, or `awaitBye` (text `bye`). */
  async marked(text: string, call = 0): Promise<void> {
    await this.#logged('mark', call, text);
  }

  /** Every SIP message sent and received, with its time. */
  messages(): string {
    return this.#read('messages');
  }

  /**
   * When the first message of a method left or came, a request or its 200, ms since 1970 to the microsecond.
   * @throws Error when there was none
   */
  timeOf(way: 'sent' | 'received', what: 'request' | '200', method: string): number {
    for (const text of this.messages().split(/^-{40,} /m)) {
      const [, at, where] = /^(\S+ \S+)\n\w+ message (sent|received)/.exec(text) ?? [];
      const status = /^SIP\/2\.0 (\d+)/m.exec(text)?.[1];
      const isIt = what === 'request' ? status === undefined : status === what;
      if (where !== way || !isIt || !new RegExp(`^CSeq: \\d+ ${method}\\s*$`, 'm').test(text)) continue;
      const [seconds, fraction] = at!.split('.');
      return Date.parse(seconds!.replace(' ', 'T')) + Number(`0.${fraction}`) * 1000;
    }
    throw new Error(`no ${what} of ${method} was ${way}:\n${this.messages()}`);
  }

  /** Ends SIPp at once; calls are left as they are. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }

  /** Removes its files. */
  async dispose(): Promise<void> {
    if (!this.#over) await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #logged(kind: string, call: number, text?: string): Promise<readonly string[]> {
    const giveUp = performance.now() + this.#timeoutMs;
    for (;;) {
      const wasOver = this.#over;
      for (const line of this.#read('log').split('\n')) {
        const [at, number, ...rest] = line.trim().split(' ');
        // SIPp counts calls from 1.
        if (at === kind && Number(number) === call + 1 && (text === undefined || rest[0] === text))
          return rest;
      }
      const what = `${kind} of call ${call}`;
      if (wasOver)
        throw new Error(`SIPp ended without ${what}:\n${this.#read('errors') || this.#read('messages')}`);
      if (performance.now() > giveUp) throw new Error(`no ${what} within ${this.#timeoutMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  async #finish(): Promise<SippResult> {
    const [code] = (await once(this.#child, 'exit')) as [number | null];
    this.#over = true;
    return { exitCode: code ?? -1, errors: this.#read('errors') };
  }

  #read(name: string): string {
    try {
      return readFileSync(path.join(this.#folder, name), 'utf8');
    } catch {
      return '';
    }
  }
}
