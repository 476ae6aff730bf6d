/** Entry of an encoder thread: many recordings, one message after the other. */
import { constants, setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { type FrameEncoder, openFrameEncoder } from './frame-encoder.ts';
import type { FromEncoder, ToEncoder } from './messages.ts';

const port = parentPort;
if (port === null) throw new Error('thread-main.ts runs only as a worker thread');
const streams = new Map<number, FrameEncoder>();
const post = (message: FromEncoder): void => port.postMessage(message);

/** Encoding has time, calls have none. On Linux, process 0 means the calling thread alone. */
if (process.platform === 'linux') {
  try {
    setPriority(0, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // A container may forbid it; the scheduler is fair then all the same.
  }
}

let working: Promise<void> = Promise.resolve();
port.on('message', (message: ToEncoder) => {
  working = working.then(() => handle(message));
});

async function handle(message: ToEncoder): Promise<void> {
  const { stream } = message;
  try {
    if (message.type === 'open') {
      streams.set(stream, await openFrameEncoder(message.spec));
      return;
    }
    const encoder = streams.get(stream);
    if (encoder === undefined) return;
    switch (message.type) {
      case 'encode':
        post({ type: 'frames', stream, frames: encoder.encode(message.samples) });
        return;
      case 'end':
        post({ type: 'ended', stream, frames: encoder.finish() });
        close(stream);
        return;
      case 'drop':
        close(stream);
        return;
    }
  } catch (cause) {
    // A trap in WebAssembly may have left the memory of all streams in disorder: the thread starts anew.
    if (cause instanceof Error && cause.name === 'RuntimeError') throw cause;
    post({ type: 'failed', stream, error: cause instanceof Error ? cause.message : String(cause) });
    close(stream);
  }
}

function close(stream: number): void {
  streams.get(stream)?.close();
  streams.delete(stream);
}
