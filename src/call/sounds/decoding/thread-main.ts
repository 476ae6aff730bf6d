/** Entry of the decoder thread: many files, one message after the other. */
import { parentPort } from 'node:worker_threads';
import { CompressedDecoder } from './compressed-decoder.ts';
import type { FromDecoder, ToDecoder } from './messages.ts';

const port = parentPort;
if (port === null) throw new Error('thread-main.ts runs only as a worker thread');
// Some decoders complain of each damaged packet in words of their own.
const silent = (): void => {};
Object.assign(console, { log: silent, warn: silent, error: silent });

const streams = new Map<number, CompressedDecoder>();

let working: Promise<void> = Promise.resolve();
port.on('message', (message: ToDecoder) => {
  working = working.then(() => handle(message));
});

async function handle(message: ToDecoder): Promise<void> {
  const { type, stream } = message;
  if (type === 'close') {
    streams.get(stream)?.close();
    streams.delete(stream);
    return;
  }
  try {
    if (type === 'open') streams.set(stream, await CompressedDecoder.open(message.codec));
    const decoder = streams.get(stream);
    if (decoder === undefined) throw new Error('the file is closed');
    const samples =
      type === 'write'
        ? await decoder.write(message.bytes)
        : type === 'end'
          ? await decoder.end()
          : new Int16Array(0);
    const { sampleRate, pending } = decoder;
    answer({ type: 'samples', stream, samples, sampleRate, pending });
  } catch (cause) {
    // A trap in WebAssembly may have left the memory of a decoder in disorder: the thread starts anew.
    if (cause instanceof Error && cause.name === 'RuntimeError') throw cause;
    answer({ type: 'failed', stream, error: cause instanceof Error ? cause.message : String(cause) });
  }
}

function answer(message: FromDecoder): void {
  port?.postMessage(message);
}
