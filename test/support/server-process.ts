/** `bin/openswml serve` as a process of its own, on free loopback ports, with a data folder of its own. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';

import { spawnProgram, temporaryFolder } from './child-processes.ts';
import { freePort } from './ports.ts';
import { preferServer } from './priority.ts';
import { parseWav, type Wav } from './audio-files.ts';

/** With ports that turn out to be taken. */
const START_ATTEMPTS = 3;

export interface ServerOptions {
  /** Text of the document, YAML or JSON. */
  readonly document: string;
  /** Where `serve` gets the document instead, a URL or a path. */
  readonly source?: string;
  /** Further command line arguments of `serve`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What it costs is measured: it has no preference for the processor before others, as {@link preferServer} gives it. */
  readonly measured?: boolean;
  /** What is started in the place of `bin/openswml`. */
  readonly program?: readonly string[];
  /** Program and arguments that start the server in surroundings of their own and become it, given the data folder. */
  readonly launcher?: (dataFolder: string) => readonly string[];
}

export type LogLine = Readonly<Record<string, unknown>>;

/** A recording as the HTTP API tells it. */
export interface RecordingResource {
  readonly id: string;
  readonly status: string;
  readonly control_id: string;
  readonly call_id: string;
  readonly url: string;
  readonly duration_in_seconds: number;
  readonly duration_ms: number;
  readonly byte_size: number;
}

interface RecordingPage {
  readonly links: { readonly next?: string };
  readonly data: readonly RecordingResource[];
}

const ROOT = path.resolve(import.meta.dirname, '../..');
export const CREDENTIALS = { project: 'a86b7c1e-0f4f-4d37-9f5d-1f6f0c8d2b11', token: 'token-of-the-tests' };
const SETTINGS = {
  OPENSWML_PROJECT_ID: CREDENTIALS.project,
  OPENSWML_API_TOKEN: CREDENTIALS.token,
  // Callbacks and the playback of recordings stay on this machine.
  OPENSWML_NETWORK_ALLOW: '127.0.0.1',
  OPENSWML_RTP_BIND: '127.0.0.1',
  // Other tests keep this machine busy; a call is part of a test all the same.
  OPENSWML_LIMITS_REFUSE_WHEN_OVERLOADED: 'false',
  // A test that is over has no use for calls that go on.
  OPENSWML_LIMITS_DRAIN_SECONDS: '0',
  // What a test asks for is right at its first call, too.
  OPENSWML_WARM_UP: 'false',
  // Most tests have one call, and each thread takes time to start; see EACH_CORE.
  OPENSWML_RTP_THREADS: '1',
  // Away from the default, which another server on this machine may fill.
  OPENSWML_RTP_PORTS: '30000-32767',
};
/** A media thread for each core, as servers have by default: for tests with calls beside each other, and measurements. */
export const EACH_CORE = { OPENSWML_RTP_THREADS: '0' };
const TOO_BUSY = 'the machine cannot keep pace with more calls: they are refused';
const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 60_000;

export class ServerProcess {
  readonly host = '127.0.0.1';
  readonly sipPort: number;
  readonly httpPort: number;
  /** Holds the document and the data folder. */
  readonly folder: string;
  /** Log lines of all runs, in order. */
  readonly log: LogLine[] = [];
  readonly #options: ServerOptions;
  readonly #waiting = new Set<() => void>();
  #child: ChildProcess | undefined;
  #errors = '';

  private constructor(options: ServerOptions, folder: string, sipPort: number, httpPort: number) {
    this.#options = options;
    this.folder = folder;
    this.sipPort = sipPort;
    this.httpPort = httpPort;
  }

  /**
   * Another test may have been given the same ports at the same moment: then it is tried again.
   * @throws Error with the server's last words when it does not become ready
   */
  static async start(options: ServerOptions): Promise<ServerProcess> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await ServerProcess.#startOnce(options);
      } catch (error) {
        if (attempt === START_ATTEMPTS || !String(error).includes('another program uses this address'))
          throw error;
      }
    }
  }

  static async #startOnce(options: ServerOptions): Promise<ServerProcess> {
    const folder = temporaryFolder('openswml-server-');
    const server = new ServerProcess(options, folder, await freePort(), await freePort());
    writeFileSync(server.documentPath, options.document);
    try {
      await server.run();
    } catch (error) {
      await server.dispose();
      throw error;
    }
    return server;
  }

  get documentPath(): string {
    return path.join(this.folder, 'document.yaml');
  }

  get dataFolder(): string {
    return path.join(this.folder, 'data');
  }

  get address(): { readonly host: string; readonly port: number } {
    return { host: this.host, port: this.sipPort };
  }

  get httpUrl(): string {
    return `http://${this.host}:${this.httpPort}`;
  }

  /** Process id. @throws Error when it does not run: a signal to -1 would go to all processes there are */
  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error(`the server does not run\n${this.logText()}`);
    return pid;
  }

  /** Starts it (again) and waits until it is ready. */
  async run(): Promise<void> {
    if (this.#child !== undefined) throw new Error('the server runs already');
    const args = [
      'serve',
      this.#options.source ?? this.documentPath,
      ...['--sip', `${this.host}:${this.sipPort}`, '--http', `${this.host}:${this.httpPort}`],
      ...['--data', this.dataFolder, '--log', 'json', '--log-level', 'debug'],
      ...(this.#options.args ?? []),
    ];
    const program = [
      ...(this.#options.launcher?.(this.dataFolder) ?? []),
      ...(this.#options.program ?? [path.join(ROOT, 'bin/openswml')]),
    ];
    const child = spawnProgram(program[0]!, [...program.slice(1), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...SETTINGS, ...this.#options.env },
    });
    this.#child = child;
    const before = this.log.length;
    for (const stream of [child.stdout!, child.stderr!]) {
      createInterface({ input: stream }).on('line', (line) => this.#take(line));
    }
    void once(child, 'exit').then(() => {
      if (this.#child === child) this.#child = undefined;
      this.#wake();
    });
    await this.waitForLog((line) => line['event'] === 'ready', READY_WITHIN_MS, before);
    if (child.pid !== undefined && this.#options.measured !== true) preferServer(child.pid);
  }

  /**
   * Resolves with the first log line, from number `from` on, for which `wanted` holds.
   * @throws Error with the end of the log when none comes in time, or the server ends
   */
  async waitForLog(wanted: (line: LogLine) => boolean, timeoutMs = 60_000, from = 0): Promise<LogLine> {
    const giveUp = performance.now() + timeoutMs;
    for (;;) {
      const found = this.log.slice(from).find(wanted);
      if (found !== undefined) return found;
      const left = giveUp - performance.now();
      if (left <= 0 || this.#child === undefined) {
        const why = left <= 0 ? `no such log line within ${timeoutMs} ms` : 'the server has ended';
        throw new Error(`${why}\n${this.#errors}\n${this.logText(30)}`);
      }
      await this.#change(left);
    }
  }

  /** The last `count` log lines, for the text of a failed assertion. */
  logText(count = 50): string {
    return this.log
      .slice(-count)
      .map((line) => JSON.stringify(line))
      .join('\n');
  }

  /** Log lines at level warn or above, without what is said of the machine, which tests keep busy. */
  complaints(): readonly LogLine[] {
    return this.log.filter(
      ({ level, msg, call_id: callId }) =>
        ['warn', 'error', 'fatal'].includes(String(level)) && !(msg === TOO_BUSY && callId === undefined),
    );
  }

  /** `GET` of the HTTP API. @throws Error when the status is not 200 */
  async get<T>(place: string): Promise<T> {
    const response = await fetch(new URL(place, this.httpUrl), {
      headers: { authorization: `Basic ${btoa(this.userAndPassword)}` },
    });
    if (!response.ok) throw new Error(`GET ${place}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** Sends a command to a call. @throws Error when the status is not 200 */
  async command(
    command: string,
    id: string,
    params: object = {},
  ): Promise<Readonly<Record<string, unknown>>> {
    const response = await fetch(new URL('/api/calling/calls', this.httpUrl), {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(this.userAndPassword)}`, 'content-type': 'application/json' },
      body: JSON.stringify({ command, id, params }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${command}: ${response.status} ${text}`);
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  }

  /** What the HTTP API wants to know, as `user:password`. */
  get userAndPassword(): string {
    return `${CREDENTIALS.project}:${CREDENTIALS.token}`;
  }

  /** `DELETE` of a recording. @returns the status */
  async remove(id: string): Promise<number> {
    const token = Buffer.from(`${CREDENTIALS.project}:${CREDENTIALS.token}`).toString('base64');
    const response = await fetch(new URL(`/api/relay/rest/recordings/${id}`, this.httpUrl), {
      method: 'DELETE',
      headers: { authorization: `Basic ${token}` },
    });
    return response.status;
  }

  /** All recordings, oldest first. */
  async recordings(): Promise<readonly RecordingResource[]> {
    const all: RecordingResource[] = [];
    for (let next: string | undefined = '/api/relay/rest/recordings?page_size=100'; next !== undefined; ) {
      const page: RecordingPage = await this.get<RecordingPage>(next);
      all.push(...page.data);
      next = page.links.next;
    }
    return all.reverse();
  }

  /** Resolves when no call is up any more. */
  async callsOver(): Promise<void> {
    const up = await this.callsLeft();
    if (up !== 0) throw new Error(`${up} calls are still up\n${this.logText()}`);
  }

  /** Waits up to 30 s for calls to end. @returns how many are up, then */
  async callsLeft(): Promise<number> {
    const giveUp = performance.now() + 30_000;
    for (;;) {
      const status = await (await fetch(this.httpUrl)).text();
      const up = Number(/^Calls now:\s+(\d+)$/m.exec(status)?.[1] ?? Number.NaN);
      if (up === 0 || performance.now() > giveUp) return up;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Downloads a finished WAV recording. */
  async download(url: string): Promise<Wav> {
    const response = await fetch(url);
    if (response.status !== 200) throw new Error(`GET ${url}: ${response.status}`);
    return parseWav(Buffer.from(await response.arrayBuffer()), url);
  }

  /** Ends it as Ctrl-C does. @returns its exit code */
  async stop(signal: 'SIGINT' | 'SIGTERM' = 'SIGTERM'): Promise<number | null> {
    const child = this.#child;
    if (child === undefined) return null;
    const over = once(child, 'exit') as Promise<[number | null]>;
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
    const [code] = await over;
    clearTimeout(timer);
    return code;
  }

  /** Ends it as a power cut does, as far as a process can. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const over = once(child, 'exit');
    child.kill('SIGKILL');
    await over;
  }

  /** Ends it and removes its folder. */
  async dispose(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Resident memory, bytes (Linux). */
  residentBytes(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
  }

  #take(line: string): void {
    try {
      this.log.push(JSON.parse(line) as LogLine);
    } catch {
      this.#errors += `${line}\n`;
    }
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }

  async #change(limitMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, limitMs);
      this.#waiting.add(wake);
    });
  }
}
