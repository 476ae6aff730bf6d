/** Worker thread of the embedded voice: one segment at a time, in the order of the requests. */
import { parentPort } from 'node:worker_threads';
import { FliteEngine, type FliteVoice } from './flite-engine.ts';

export interface FliteRequest {
  readonly id: number;
  readonly text: string;
  readonly voice: FliteVoice;
  /** Hz. */
  readonly sampleRate: number;
}

export type FliteReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'speech'; readonly id: number; readonly samples: Int16Array<ArrayBuffer> }
  | { readonly kind: 'failed'; readonly id: number; readonly reason: string };

const port = parentPort;
if (port === null) throw new Error('the embedded voice runs in a worker thread only');

const loading = FliteEngine.load();
/** One after another, also while the engine still loads. */
let tail: Promise<void> = loading.then((engine) => {
  engine.warmUp();
  reply({ kind: 'ready' });
});

port.on('message', (request: FliteRequest) => {
  tail = tail.then(() => speak(request));
});

async function speak({ id, text, voice, sampleRate }: FliteRequest): Promise<void> {
  try {
    const samples = await (await loading).speak(text, voice, sampleRate);
    reply({ kind: 'speech', id, samples }, [samples.buffer]);
  } catch (error) {
    reply({ kind: 'failed', id, reason: error instanceof Error ? error.message : String(error) });
  }
}

function reply(message: FliteReply, transfer: ArrayBuffer[] = []): void {
  port?.postMessage(message, transfer);
}
