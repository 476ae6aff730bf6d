import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What arrived, reduced to what the demo tells. */
export interface DemoCallback {
  readonly eventType: string;
  readonly params: Readonly<Record<string, unknown>>;
}

export interface CallbackInbox {
  /** For `status_url`. */
  readonly url: string;
  close(): Promise<void>;
}

/** A web server as a user of callbacks has one. */
export async function openCallbackInbox(received: (callback: DemoCallback) => void): Promise<CallbackInbox> {
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const piece of request.setEncoding('utf8')) text += piece;
    const body = JSON.parse(text) as { event_type: string; params: Record<string, unknown> };
    response.writeHead(204).end();
    received({ eventType: body.event_type, params: body.params });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/recordings`,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}
