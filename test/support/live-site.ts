/**
 * One server for all tests of a file, which asks for the document of each call by POST: every test calls an
 * address of its own, and all run side by side.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';

import type { Wav } from './audio-files.ts';
import { Baresip, type BaresipCodec } from './baresip.ts';
import { CallbackReceiver, type ReceivedCallback } from './callback-receiver.ts';
import { DocumentHost } from './document-host.ts';
import type { Site, Transport } from './interop.ts';
import { EACH_CORE, type LogLine, ServerProcess } from './server-process.ts';
import { near } from './tone-assertions.ts';

/** Steps of a document's section `main`, given the URL for `status_url`. */
export type MainSteps = (statusUrl: string) => readonly unknown[];

export interface LiveSite extends Site {
  readonly host: DocumentHost;
  close(): Promise<void>;
}

export interface KeptRecording {
  readonly wav: Wav;
  readonly ended: ReceivedCallback;
}

const PATIENCE_MS = 60_000;

/** @param documents by the user part of the address that is called; for any other the host answers 404 */
export async function openLiveSite(documents: Readonly<Record<string, MainSteps>>): Promise<LiveSite> {
  const callbacks = await CallbackReceiver.start();
  const texts = Object.entries(documents).map(([user, main]) => [user, documentText(main, callbacks.url())]);
  const host = await DocumentHost.start(Object.fromEntries(texts) as Record<string, string>);
  const closeHelpers = async (): Promise<void> => {
    await callbacks.close();
    await host.close();
  };
  try {
    const server = await ServerProcess.start({ document: '', source: host.url, env: EACH_CORE });
    const close = async (): Promise<void> => {
      await server.dispose();
      await closeHelpers();
    };
    return { server, callbacks, host, close };
  } catch (error) {
    await closeHelpers();
    throw error;
  }
}

/** The document as JSON. */
export function documentText(main: MainSteps, statusUrl: string): string {
  return JSON.stringify({ version: '1.0.0', sections: { main: main(statusUrl) } });
}

/** Places a call by baresip, which says the WAV file `speech` from the answer on. */
export async function dialByBaresip(
  context: TestContext,
  server: ServerProcess,
  options: {
    readonly speech: string;
    readonly transport?: Transport;
    readonly user: string;
    readonly codecs?: readonly BaresipCodec[];
  },
): Promise<Baresip> {
  const phone = await Baresip.start({
    speech: options.speech,
    transport: options.transport ?? 'udp',
    ...(options.codecs !== undefined && { codecs: options.codecs }),
  });
  context.after(() => phone.dispose());
  phone.dial(server.address, options.user);
  await phone.established();
  return phone;
}

/** Id of the call to `user`, as soon as the server has logged it. */
export async function callIdOf({ server }: Site, user: string): Promise<string> {
  const line = await server.waitForLog(
    ({ msg, to }) => msg === 'incoming call' && String(to).startsWith(`sip:${user}@`),
    PATIENCE_MS,
  );
  return String(line['call_id']);
}

/** Resolves when the call has logged `message`, for the `count`th time. */
export async function logged({ server }: Site, callId: string, message: string, count = 1): Promise<LogLine> {
  const holds = ({ msg, call_id }: LogLine): boolean => msg === message && call_id === callId;
  return await server.waitForLog(
    (line) => holds(line) && server.log.filter(holds).indexOf(line) === count - 1,
    PATIENCE_MS,
  );
}

/** The call is over, ended by `by`, and nothing about it was worth a warning. */
export async function assertCallOver(site: Site, callId: string, by: 'local' | 'remote'): Promise<void> {
  const over = await logged(site, callId, 'call over');
  assert.equal(over['by'], by, site.server.logText());
  const complaints = site.server.complaints().filter((line) => line['call_id'] === callId);
  assert.deepEqual(complaints, [], site.server.logText());
}

/** States of the recordings of a call, as its callbacks told them. */
export function statesOf({ callbacks }: Site, callId: string): readonly unknown[] {
  return callbacks
    .of('calling.call.record')
    .filter(({ params }) => params['call_id'] === callId)
    .map(({ params }) => params['state']);
}

/**
 * The one recording of the call: announced by `recording` and then `finished`, completed in the REST API, its
 * file there, as long and as large as announced; the log tells its end, too.
 */
export async function assertKept(site: Site, callId: string, endedBy: string): Promise<KeptRecording> {
  const ended = await site.callbacks.waitFor(
    ({ params }) => params['call_id'] === callId && params['state'] !== 'recording',
    PATIENCE_MS,
  );
  assert.deepEqual(statesOf(site, callId), ['recording', 'finished']);
  const { params } = ended;
  assert.equal(params['ended_by'], endedBy);
  assert.equal((await logged(site, callId, 'recording ended'))['ended_by'], endedBy);
  const resource = (await site.server.recordings()).find(({ id }) => id === params['recording_id']);
  assert.equal(resource?.status, 'completed');
  assert.equal(resource.byte_size, params['size']);
  const wav = await site.server.download(String(params['url']));
  near(wav.durationMs, Number(params['duration']) * 1000, 0.001, 'length of the file as announced');
  return { wav, ended };
}
