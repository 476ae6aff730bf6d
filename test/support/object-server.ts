/** An S3-compatible server on loopback, with a bucket of its own; it checks signatures and sums. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import S3rver from '@20minutes/s3rver';

import { temporaryFolder } from './child-processes.ts';

export const BUCKET = 'recordings';
/** The one account that the server knows. */
export const ACCESS_KEY = { id: 'S3RVER', secret: 'S3RVER' };

export class ObjectServer {
  readonly #folder = temporaryFolder('openswml-objects-');
  #server: S3rver | undefined;
  #port = 0;
  /** `METHOD /path` of every request that came. */
  readonly requests: string[] = [];
  /** Answers a request in the server's place by returning true; for faults. */
  intercept: (context: S3rver.Context) => boolean | Promise<boolean> = () => false;

  static async start(): Promise<ObjectServer> {
    const server = new ObjectServer();
    await server.run();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Starts it (again), at the same address and with the same objects. */
  async run(): Promise<void> {
    const server = new S3rver({
      address: '127.0.0.1',
      port: this.#port,
      directory: this.#folder,
      silent: true,
      configureBuckets: [{ name: BUCKET }],
    });
    server.middleware.unshift(async (context, next) => {
      this.requests.push(`${context.method} ${context.path}`);
      if (!(await this.intercept(context))) await next();
    });
    ({ port: this.#port } = await server.run());
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    const closed = server?.close();
    server?.httpServer?.closeAllConnections();
    await closed;
  }

  async dispose(): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Bytes of an object, read behind the server's back; undefined when there is none. */
  content(name: string): Buffer | undefined {
    const file = path.join(this.#folder, BUCKET, `${name}._S3rver_object`);
    return existsSync(file) ? readFileSync(file) : undefined;
  }
}

export function md5Of(bytes: Uint8Array): Buffer {
  return createHash('md5').update(bytes).digest();
}

export function sha256Of(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
