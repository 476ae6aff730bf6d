/** Runs messaging documents and keeps all that came out. */
import assert from 'node:assert/strict';
import { silentLogger } from '../log/logger.ts';
import { loadDocument } from '../methods/check.ts';
import type { HttpAnswer, HttpRequest, MessageInfo, Reply } from '../methods/context.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import type { DocumentRequest } from './document-source.ts';
import { runMessageScript } from './message-script.ts';

export const MESSAGE: MessageInfo = {
  message_id: 'message-1',
  project_id: 'project-1',
  space_id: 'space-1',
  direction: 'inbound',
  type: 'sms',
  from: '+15550100',
  to: '+15550101',
  body: ' Stop ',
  media: [],
  segments: 1,
  timestamp: '2026-01-01T00:00:00Z',
};

interface Options {
  readonly message?: Partial<MessageInfo>;
  readonly documents?: Readonly<Record<string, string>>;
  readonly http?: (request: HttpRequest) => HttpAnswer;
  readonly sendReply?: (reply: Reply) => Promise<{ readonly messageId: string }>;
}

/** Runs a document on a message, in virtual time; steps without `sections:` are those of `main`. */
export async function run(text: string, options: Options = {}) {
  const replies: Reply[] = [];
  const requests: HttpRequest[] = [];
  const fetches: DocumentRequest[] = [];
  const source = /^\s*(sections|reply|receive):/.test(text)
    ? text
    : `sections:\n  main:\n${text.replace(/^/gm, '    ')}\n`;
  const result = await runMessageScript({
    message: { ...MESSAGE, ...options.message },
    document: loadDocument(source, { kind: 'messaging' }),
    sendReply: async (reply) => {
      replies.push(reply);
      return (await options.sendReply?.(reply)) ?? { messageId: `reply-${replies.length}` };
    },
    services: {
      clock: new VirtualClock(),
      log: silentLogger,
      http: {
        request: async (request) => {
          requests.push(request);
          return options.http?.(request) ?? { status: 200, headers: [], body: '{}', truncated: false };
        },
      },
      loader: {
        load: async (request) => {
          fetches.push(request);
          const found = options.documents?.[request.url];
          if (found === undefined) throw new Error('404');
          return { text: found, name: request.url };
        },
      },
      emit: () => assert.fail('no callback is sent'),
    },
  });
  return {
    result,
    replies,
    requests,
    fetches,
    bodies: replies.map((reply) => reply.body),
    codes: result.failures.map(({ code }) => code),
  };
}
