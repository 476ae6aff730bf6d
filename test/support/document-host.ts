/** An HTTP server that answers the POST of a call with the document of the number that was called. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a call asked for its document. */
export interface DocumentFetch {
  readonly method: string;
  readonly contentType: string;
  /** User part of the address that was called. */
  readonly user: string;
  /** `call` of the payload. */
  readonly call: Readonly<Record<string, unknown>>;
}

export class DocumentHost {
  readonly fetches: DocumentFetch[] = [];
  readonly #server: Server;
  readonly #documents: Readonly<Record<string, string>>;

  private constructor(documents: Readonly<Record<string, string>>) {
    this.#documents = documents;
    this.#server = createServer((request, response) => {
      this.#take(request, response).catch(() => response.destroy());
    });
  }

  /** @param documents text of the document by user part of the address called, up to a `~`; others get 404 */
  static async start(documents: Readonly<Record<string, string>>): Promise<DocumentHost> {
    const host = new DocumentHost(documents);
    host.#server.listen(0, '127.0.0.1');
    await once(host.#server, 'listening');
    return host;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/document`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((done) => this.#server.close(() => done()));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const piece of request.setEncoding('utf8')) text += piece;
    const payload = JSON.parse(text) as { readonly call: Readonly<Record<string, unknown>> };
    const user = /^sips?:([^@]*)@/.exec(String(payload.call['to']))?.[1] ?? '';
    const contentType = request.headers['content-type'] ?? '';
    this.fetches.push({ method: request.method ?? '', contentType, user, call: payload.call });
    const document = this.#documents[user.split('~')[0]!];
    if (document === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': 'application/json' }).end(document);
  }
}
