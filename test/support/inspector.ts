/** Ends one thread of a running server from outside, as a crash of that thread does: by Node's inspector. */

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly sessionId: string; readonly workerInfo: { readonly url: string } };
}

const PATIENCE_MS = 60_000;

/** Environment of a server that {@link endWorker} can reach on `port`. */
export const inspectable = (port: number): Record<string, string> => ({
  NODE_OPTIONS: `--inspect=127.0.0.1:${port}`,
});

/**
 * Has one worker thread of the server, of those that run `script`, leave at once.
 * @throws Error when there is none
 */
export async function endWorker(port: number, script: string): Promise<void> {
  const list = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as {
    webSocketDebuggerUrl: string;
  }[];
  const socket = new WebSocket(list[0]!.webSocketDebuggerUrl);
  const ended = Promise.withResolvers<void>();
  const send = (id: number, method: string, params: object): void => {
    socket.send(JSON.stringify({ id, method, params }));
  };
  let chosen: string | undefined;
  socket.addEventListener('open', () => send(1, 'NodeWorker.enable', { waitForDebuggerOnStart: false }));
  socket.addEventListener('error', () => ended.reject(new Error('the inspector cannot be reached')));
  socket.addEventListener('message', ({ data }) => {
    const { id, method, params } = JSON.parse(String(data)) as Message;
    if (method === 'NodeWorker.attachedToWorker' && chosen === undefined) {
      if (!params!.workerInfo.url.endsWith(script)) return;
      chosen = params!.sessionId;
      const leave = { id: 1, method: 'Runtime.evaluate', params: { expression: 'process.exit(1)' } };
      send(2, 'NodeWorker.sendMessageToWorker', { sessionId: chosen, message: JSON.stringify(leave) });
    } else if (method === 'NodeWorker.detachedFromWorker' && params!.sessionId === chosen) {
      ended.resolve();
    } else if (id === 1 && chosen === undefined) {
      // Those that run are told of before the answer.
      ended.reject(new Error(`no worker thread runs ${script}`));
    }
  });
  const timer = setTimeout(() => ended.reject(new Error('the worker thread does not end')), PATIENCE_MS);
  try {
    await ended.promise;
  } finally {
    clearTimeout(timer);
    socket.close();
  }
}
