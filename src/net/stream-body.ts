import { Readable } from 'node:stream';

/** A request body that is read as it is sent, and anew whenever it is sent again. */
export interface StreamBody {
  /** Bytes; what {@link open} gives must have exactly as many. */
  readonly length: number;
  open(): AsyncIterable<Uint8Array>;
}

export type RequestBody = string | Uint8Array | StreamBody;

export function isStreamBody(body: RequestBody | undefined): body is StreamBody {
  return typeof body === 'object' && 'open' in body;
}

/** The body as the transport takes it. @param onSent told of each piece that is handed on */
export function readableBody(body: StreamBody, onSent: () => void): Readable {
  const pieces = async function* (): AsyncGenerator<Uint8Array> {
    for await (const piece of body.open()) {
      onSent();
      yield piece;
    }
  };
  return Readable.from(pieces(), { objectMode: false });
}
