import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach } from 'node:test';
import type { LogFields, Logger } from '../../log/logger.ts';
import { wavHeader } from '../../media/wav-format.ts';
import { Database } from '../../storage/database.ts';
import { LocalFiles } from '../../storage/local-files.ts';
import type { RecordingRow } from '../../storage/recordings.ts';
import { SqliteRecordings } from '../../storage/sqlite-recordings.ts';
import { RealClock } from '../../time/real-clock.ts';
import { LiveCalls } from '../live-calls.ts';
import { createHttpServer, type HttpServer, type HttpServerOptions } from './server.ts';

export const ID = 'c0ff0000-0000-4000-8000-000000000001';
/** Content of every file that the fixture writes. */
export const BYTES = '0123456789abcdef';
/** Time of its last change, Unix ms, a whole second. */
export const MODIFIED = Date.UTC(2026, 0, 2, 3, 4, 5);
/** Time of the server, Unix ms, half a second behind a whole one. */
export const NOW = Date.UTC(2026, 1, 3, 4, 5, 6, 500);
export const PUBLIC_URL = 'https://pbx.example.com';
export const CREDENTIALS = { projectId: 'aa100000-0000-4000-8000-000000000000', apiToken: 'PT0123' };
export const LINK_KEY = 'LK0123456789';
export const AUTH = { authorization: `Basic ${btoa(`${CREDENTIALS.projectId}:${CREDENTIALS.apiToken}`)}` };
export const REST = '/api/relay/rest/recordings';

type Method = 'GET' | 'HEAD' | 'DELETE' | 'POST';

/** A server with a data folder of its own, made anew for each test. */
export class TestServer {
  readonly directory = mkdtempSync(path.join(os.tmpdir(), 'openswml-http-'));
  readonly database = Database.inMemory(new RealClock());
  readonly recordings = new SqliteRecordings(this.database, new RealClock());
  readonly calls = new LiveCalls();
  /** Lines at info and above. */
  readonly logged: { fields: LogFields; message: string }[] = [];
  protect = false;
  server: HttpServer;

  constructor() {
    mkdirSync(path.join(this.directory, 'recordings'));
    this.server = this.make();
  }

  make(change: Partial<HttpServerOptions> = {}): HttpServer {
    return createHttpServer({
      listen: { host: '127.0.0.1', port: 0 },
      recordings: this.recordings,
      commands: {
        calls: this.calls,
        refusal: () => undefined,
        loader: { load: async () => Promise.reject(new Error('there is no document in this test')) },
      },
      files: new LocalFiles(this.directory),
      log: this.#log(),
      clock: Object.assign(new RealClock(), { now: () => NOW + this.time.passed }),
      credentials: CREDENTIALS,
      linkKey: LINK_KEY,
      protectRecordings: () => this.protect,
      publicUrl: () => PUBLIC_URL,
      status: () => ({
        version: '1.2.3',
        sipAddresses: ['sip:anything@192.0.2.1:5060'],
        httpAddress: 'http://192.0.2.1:8080',
        callsNow: 7,
        uptime: 93_784.5,
      }),
      readiness: () => [],
      ...change,
    });
  }

  /** Adds a row, and its file. */
  add(change: Partial<RecordingRow> = {}): RecordingRow {
    const added = recordingRow(change);
    this.recordings.insert(added);
    const file = path.join(this.directory, added.path);
    writeFileSync(file, BYTES);
    utimesSync(file, MODIFIED / 1_000 + 0.789, MODIFIED / 1_000 + 0.789);
    return added;
  }

  request(method: Method, url: string, headers: Record<string, string> = {}, payload?: object | string) {
    return this.server.app.inject({ method, url, headers, ...(payload !== undefined && { payload }) });
  }

  /** The clock of links stands still at {@link NOW} plus this, ms. */
  readonly time = { passed: 0 };

  /** Adds a row with this WAV file: samples at 8 kHz, interleaved. */
  addWav(samples: Int16Array, channels: 1 | 2, change: Partial<RecordingRow> = {}): RecordingRow {
    const row = this.add({
      stereo: channels === 2,
      durationMs: samples.length / channels / 8,
      byteSize: 44 + samples.byteLength,
      ...change,
    });
    const header = wavHeader({ sampleRate: 8000, channels }, samples.byteLength);
    const data = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
    writeFileSync(path.join(this.directory, row.path), Buffer.concat([header, data]));
    return row;
  }

  /** Asks for the file of {@link ID}. */
  download(headers: Record<string, string> = {}, method: 'GET' | 'HEAD' = 'GET') {
    return this.request(method, `/api/v1/recordings/${ID}/download`, headers);
  }

  async close(): Promise<void> {
    await this.server.close();
    this.database.close();
    rmSync(this.directory, { recursive: true, force: true });
  }

  #log(): Logger {
    const note = (fields: LogFields, message: string): void => void this.logged.push({ fields, message });
    const log: Logger = { debug: () => {}, info: note, warn: note, error: note, child: () => log };
    return log;
  }
}

/** A server for each test of the calling file, closed behind it. */
export function useTestServer(): { readonly current: TestServer } {
  let current: TestServer | undefined;
  beforeEach(() => {
    current = new TestServer();
  });
  afterEach(() => current?.close());
  return {
    get current(): TestServer {
      if (current === undefined) throw new Error('there is a server only inside a test');
      return current;
    },
  };
}

/** A finished recording of 12.4 s. */
export function recordingRow(change: Partial<RecordingRow> = {}): RecordingRow {
  const format = change.format ?? 'wav';
  return {
    id: ID,
    controlId: 'vm-1',
    callId: 'call-1',
    segmentId: '90be0000-0000-4000-8000-000000000000',
    nodeId: 'node-1',
    projectId: CREDENTIALS.projectId,
    spaceId: 'space-1',
    eventChannel: undefined,
    tag: undefined,
    legType: 'sip',
    status: 'completed',
    endedBy: 'terminator',
    terminator: '#',
    hangupBy: undefined,
    hangupReason: undefined,
    format,
    direction: 'speak',
    stereo: false,
    path: `recordings/${change.id ?? ID}.${format}`,
    statusUrl: undefined,
    createdAt: Date.UTC(2026, 0, 2),
    updatedAt: Date.UTC(2026, 0, 2, 0, 0, 13),
    startTime: Date.UTC(2026, 0, 2, 0, 0, 0, 500),
    endTime: Date.UTC(2026, 0, 2, 0, 0, 12, 900),
    durationMs: 12_400,
    byteSize: BYTES.length,
    error: undefined,
    ...change,
  };
}
