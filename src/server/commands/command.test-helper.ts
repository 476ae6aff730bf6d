/** Commands on a call whose media and signalling are scripted, with a real database, in virtual time. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Dialler } from '../../call/dialler.ts';
import { openLeg } from '../../call/leg.test-helper.ts';
import type { SoundSource } from '../../call/playback.ts';
import { startScript } from '../../engine/call-script.ts';
import type { DocumentRequest } from '../../engine/document-source.ts';
import { silentLogger } from '../../log/logger.ts';
import { loadDocument } from '../../methods/check.ts';
import type { Recogniser } from '../../speech/recognition/recogniser.ts';
import { HttpProblem } from '../http/errors.ts';
import { type CallCallback, type LiveCall, LiveCalls } from '../live-calls.ts';
import type { CommandReply } from './command.ts';
import { runCommand } from './run-command.ts';

export const CALL_ID = '7d0c0000-0000-4000-8000-000000000001';
const CREATED_AT = Date.UTC(2026, 0, 2, 3, 4, 5);

/** What a refused command answers with. */
export interface Refusal {
  readonly status: number;
  /** `code attribute` of each error. */
  readonly errors: readonly string[];
  readonly messages: readonly string[];
  readonly body: unknown;
}

/** @param document runs on the call from the start */
export function openCommands(
  t: TestContext,
  options: {
    readonly document?: string;
    readonly documents?: Readonly<Record<string, string | Error>>;
    readonly dialler?: Dialler;
    readonly recogniser?: Recogniser;
    readonly sounds?: SoundSource;
  } = {},
) {
  const { recogniser, sounds } = options;
  const parts = openLeg(t, { callId: CALL_ID, recogniser, ...(sounds !== undefined && { sounds }) });
  const { leg, clock } = parts;
  const calls = new LiveCalls();
  const fetches: DocumentRequest[] = [];
  const loader = {
    async load(request: DocumentRequest) {
      fetches.push(request);
      const found = options.documents?.[request.url];
      if (typeof found !== 'string') throw found ?? new Error('404');
      return { text: found, name: request.url };
    },
  };
  const script = options.document === undefined ? undefined : start(options.document);
  function start(text: string) {
    const services = {
      clock,
      log: silentLogger,
      http: { request: () => Promise.reject(new Error('this test expects no request')) },
      loader,
      dialler: options.dialler,
      emit: () => {},
    };
    return startScript({ leg, document: loadDocument(text, { file: 'test.yaml' }), services });
  }
  const callbacks: CallCallback[] = [];
  const call: LiveCall = {
    leg,
    createdAt: CREATED_AT,
    documentUrl: undefined,
    script: script?.session,
    statusUrl: undefined,
    emit: (callback) => callbacks.push(callback),
  };
  calls.add(call);
  void leg.ended.then(() => calls.remove(CALL_ID));
  let ids = 0;
  const services = {
    calls,
    loader,
    clock,
    log: silentLogger,
    newId: () => `id-${++ids}`,
    refusal: (url: string) => (url.includes('//10.') ? new Error(`${url} is refused`) : undefined),
  };
  const send = (body: unknown): Promise<CommandReply> => runCommand(body, services);
  return {
    ...parts,
    calls,
    call,
    loader,
    fetches,
    callbacks,
    script,
    send,
    /** Sends a command to the call. */
    command: (name: string, params?: unknown): Promise<CommandReply> =>
      send({ command: name, id: CALL_ID, ...(params !== undefined && { params }) }),
    /** Sends a body that is refused. */
    async refused(body: unknown): Promise<Refusal> {
      try {
        assert.fail(`not refused: ${JSON.stringify(await send(body))}`);
      } catch (error) {
        if (!(error instanceof HttpProblem)) throw error;
        const errors = (error.body['errors'] ?? []) as readonly Readonly<Record<string, unknown>>[];
        return {
          status: error.status,
          errors: errors.map(({ code, attribute }) => `${code} ${attribute}`),
          messages: errors.map(({ message }) => String(message)),
          body: error.body,
        };
      }
    },
  };
}
