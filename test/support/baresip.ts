/**
 * baresip, a phone that is not ours, driven by its control socket (module ctrl_tcp: JSON in netstrings). It
 * speaks a WAV file and keeps what it hears.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import path from 'node:path';

import { spawnProgram, temporaryFolder } from './child-processes.ts';
import { readWav, type Wav } from './audio-files.ts';
import { freePort, freeUdpRange } from './ports.ts';
import { preferProcess } from './priority.ts';
import { programPath } from './programs.ts';

/** As baresip names them, with the rate of their audio, Hz, and what its accounts ask for. */
export const BARESIP_CODECS = {
  pcmu: { rate: 8_000, account: 'pcmu/8000/1' },
  pcma: { rate: 8_000, account: 'pcma/8000/1' },
  g722: { rate: 16_000, account: 'g722/16000/1' },
  opus: { rate: 48_000, account: 'opus/48000/1' },
} as const;

export type BaresipCodec = keyof typeof BARESIP_CODECS;

export interface BaresipOptions {
  /** WAV file, 16-bit, mono, at the rate of the first codec: what it says, from the moment it is answered. */
  readonly speech: string;
  readonly transport: 'udp' | 'tcp';
  /** Codecs in order of preference; default PCMU, PCMA. */
  readonly codecs?: readonly BaresipCodec[];
  /** Takes every call at once; default: rings. */
  readonly answers?: boolean;
}

/** An event of baresip's, e.g. `CALL_ESTABLISHED`, `CALL_CLOSED`. */
export interface BaresipEvent {
  readonly type: string;
  readonly param?: string;
}

const MODULE_FOLDERS = [
  '/usr/lib/baresip/modules',
  '/usr/local/lib/baresip/modules',
  '/usr/lib64/baresip/modules',
];
const PATIENCE_MS = 60_000;
const STOP_WITHIN_MS = 3000;

export class Baresip {
  readonly events: BaresipEvent[] = [];
  /** Where it is called. */
  readonly uri: string;
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #control: Socket;
  readonly #printed: readonly Buffer[];
  #pending = Buffer.alloc(0);

  private constructor(
    folder: string,
    sipPort: number,
    child: ChildProcess,
    control: Socket,
    printed: readonly Buffer[],
  ) {
    this.uri = `sip:tester@127.0.0.1:${sipPort}`;
    this.#folder = folder;
    this.#child = child;
    this.#control = control;
    this.#printed = printed;
    control.on('data', (bytes) => this.#read(bytes));
    // The end of the process shows the same.
    control.on('error', () => {});
  }

  /** Starts the phone; it registers nowhere. @throws Error with its output when it does not come up */
  static async start(options: BaresipOptions): Promise<Baresip> {
    const folder = temporaryFolder('openswml-baresip-');
    mkdirSync(path.join(folder, 'heard'));
    const controlPort = await freePort();
    const sipPort = await freePort();
    writeFileSync(path.join(folder, 'config'), await configText(options, folder, controlPort, sipPort));
    writeFileSync(path.join(folder, 'accounts'), accountText(options));
    writeFileSync(path.join(folder, 'contacts'), '');
    const args = ['-4', '-s', '-f', folder];
    const child = spawnProgram(programPath('baresip'), args, { stdio: ['ignore', 'pipe', 'ignore'] });
    if (child.pid !== undefined) preferProcess(child.pid);
    const printed: Buffer[] = [];
    child.stdout?.on('data', (bytes: Buffer) => printed.push(bytes));
    try {
      return new Baresip(folder, sipPort, child, await connectWhenUp(controlPort, child), printed);
    } catch (error) {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
      throw new Error(`baresip did not come up: ${String(error)}\n${Buffer.concat(printed).toString()}`);
    }
  }

  /** Calls; see `established`. */
  dial(server: { readonly host: string; readonly port: number }, user = 'voicemail'): void {
    this.#command('dial', `sip:${user}@${server.host}:${server.port}`);
  }

  /** Sends a key by RFC 4733. */
  press(digit: string): void {
    this.#command('sndcode', digit);
  }

  /** Puts the call on hold and takes it back, each by re-INVITE. */
  hold(): void {
    this.#command('hold');
  }

  resume(): void {
    this.#command('resume');
  }

  hangup(): void {
    this.#command('hangup');
  }

  async established(): Promise<void> {
    await this.#event('CALL_ESTABLISHED', PATIENCE_MS);
  }

  /** Resolves with the reason that baresip gives when its call is over, whoever ended it. */
  async closed(timeoutMs = PATIENCE_MS): Promise<string> {
    return (await this.#event('CALL_CLOSED', timeoutMs)).param ?? '';
  }

  /** What it heard in its last call, as far as it has been written. */
  heard(): Wav {
    const folder = path.join(this.#folder, 'heard');
    const file = readdirSync(folder).findLast((name) => name.endsWith('-dec.wav'));
    if (file === undefined) throw new Error(`baresip heard nothing\n${this.output()}`);
    return readWav(path.join(folder, file));
  }

  /** Everything it printed, SIP messages included. */
  output(): string {
    return Buffer.concat(this.#printed).toString();
  }

  /** Quits and removes its files. */
  async dispose(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const over = once(this.#child, 'exit');
      this.#command('quit');
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_WITHIN_MS);
      await over;
      clearTimeout(timer);
    }
    this.#control.destroy();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #command(command: string, params?: string): void {
    const text = JSON.stringify(params === undefined ? { command } : { command, params });
    this.#control.write(`${Buffer.byteLength(text)}:${text},`);
  }

  async #event(type: string, timeoutMs: number): Promise<BaresipEvent> {
    const giveUp = performance.now() + timeoutMs;
    for (;;) {
      const found = this.events.find((event) => event.type === type);
      if (found !== undefined) return found;
      if (performance.now() > giveUp || this.#child.exitCode !== null) {
        throw new Error(`no ${type} from baresip within ${timeoutMs} ms\n${this.output()}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Netstrings: length, colon, JSON, comma. */
  #read(bytes: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, bytes]);
    for (;;) {
      const colon = this.#pending.indexOf(':');
      if (colon < 0) return;
      const length = Number(this.#pending.toString('latin1', 0, colon));
      const end = colon + 1 + length;
      if (this.#pending.length < end + 1) return;
      const message = JSON.parse(this.#pending.toString('utf8', colon + 1, end)) as Record<string, unknown>;
      this.#pending = this.#pending.subarray(end + 1);
      if (message['event'] === true) this.events.push(message as unknown as BaresipEvent);
    }
  }
}

async function configText(
  options: BaresipOptions,
  folder: string,
  controlPort: number,
  sipPort: number,
): Promise<string> {
  const modules = MODULE_FOLDERS.find(existsSync);
  if (modules === undefined) throw new Error(`baresip's modules are in none of ${MODULE_FOLDERS.join(', ')}`);
  const rtpPorts = await freeUdpRange(8);
  const { rate } = BARESIP_CODECS[options.codecs?.[0] ?? 'pcmu'];
  return `poll_method epoll
net_interface 127.0.0.1
sip_listen 127.0.0.1:${sipPort}
call_max_calls 4
audio_player nothing,x
audio_source aufile,${options.speech}
audio_alert nothing,x
ausrc_srate ${rate}
auplay_srate ${rate}
ausrc_channels 1
auplay_channels 1
audio_txmode thread
rtp_ports ${rtpPorts}-${rtpPorts + 7}
module_path ${modules}
module g711.so
module g722.so
module opus.so
opus_stereo no
opus_sprop_stereo no
module sndfile.so
module aufile.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:${controlPort}
snd_path ${folder}/heard
`;
}

function accountText(options: BaresipOptions): string {
  const codecs = (options.codecs ?? ['pcmu', 'pcma']).map((name) => BARESIP_CODECS[name].account).join(',');
  const mode = options.answers === true ? ';answermode=auto' : '';
  return `<sip:tester@127.0.0.1;transport=${options.transport}>;regint=0${mode};audio_codecs=${codecs}\n`;
}

async function connectWhenUp(port: number, child: ChildProcess): Promise<Socket> {
  const giveUp = performance.now() + PATIENCE_MS;
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return socket;
    } catch (error) {
      socket.destroy();
      if (performance.now() > giveUp || child.exitCode !== null) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
