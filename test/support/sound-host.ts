/** An HTTP server with one WAV file of tones, for documents to play. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { type Tone, writeToneWav } from './audio-files.ts';

export class SoundHost {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(tones: readonly Tone[]): Promise<SoundHost> {
    const folder = mkdtempSync(path.join(tmpdir(), 'openswml-sound-'));
    const file = path.join(folder, 'tones.wav');
    writeToneWav(file, tones);
    const bytes = readFileSync(file);
    rmSync(folder, { recursive: true });
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'audio/wav' }).end(bytes);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new SoundHost(server);
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/tones.wav`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((done) => this.#server.close(() => done()));
  }
}
