import type { Socket } from 'node:net';

/** What is used here of undici's parser of HTTP/1, which is none of its API. */
interface Parser {
  paused: boolean;
  /** Of its memory; null when that is freed. */
  readonly ptr: number | null;
  readonly llhttp: { readonly llhttp_resume: (ptr: number) => void };
  /** Reads on, unless the socket is destroyed. */
  readonly resume: () => void;
}

/**
 * An answer whose reader is slow pauses undici's parser. undici 7 does not expect the connection to end in that time:
 * where the server does not keep it open (`Connection: close`, HTTP/1.0), it throws out of the event of the socket, which
 * ends the process; where it does, an answer that has come whole is told as broken off (nodejs/undici#5360). So the
 * parser reads on, right before undici hears of the end; what it brings then waits for the reader, as all before it.
 * @param socket that undici does not listen to yet: listeners are called in their order
 */
export function endWhilePaused(socket: Socket): void {
  const goOn = (): void => {
    const parser = parserOf(socket);
    if (parser === undefined || parser.ptr === null || !parser.paused) return;
    parser.resume();
    // Still, or again: the socket is destroyed, the answer is over, or only the end of the connection is its end.
    parser.llhttp.llhttp_resume(parser.ptr);
    parser.paused = false;
  };
  for (const event of ['end', 'error', 'close']) socket.on(event, goOn);
}

/** Undefined before undici has the socket, and when it is done with it. */
function parserOf(socket: Socket): Parser | undefined {
  const key = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'parser');
  if (key === undefined) return undefined;
  return (socket as unknown as Readonly<Record<symbol, Parser | null>>)[key] ?? undefined;
}
