import type { CallState } from '../../call/leg.ts';
import { isObject, type JsonValue } from '../../swml/json.ts';
import * as s from '../../swml/schema.ts';
import { type CommandContext, defineCommand } from './command.ts';
import { type Issue, refusal } from './issues.ts';
import { replaceDocument } from './new-document.ts';

const OVER = 'cannot_update_completed';

/** spec/rest.md 2.3 */
export const update = defineCommand({
  name: 'update',
  summary: 'Ends a call, or puts another document in the place of the running one.',
  params: s.object(
    {
      id: s.string({
        description: 'The call; for this command it stands here.',
        defaultText: '`id` of the body',
      }),
      url: s.string({
        description: 'Of another document, fetched by POST; only for an answered call.',
        format: 'http-url',
      }),
      swml: s.any({ description: 'Another document, as an object or as a text in JSON or YAML.' }),
      fallback_url: s.string({
        description: 'Asked when `url` cannot be had or is no valid document.',
        format: 'http-url',
      }),
      status: s.string({
        description:
          '`canceled` ends a call that is not answered yet, `completed` one that is. It goes before `url` and `swml`.',
        enum: ['canceled', 'completed'],
      }),
      status_url: s.string({
        description: 'Where `calling.call.state` goes when the call has ended.',
        format: 'http-url',
      }),
    },
    { description: 'Parameters of `update`.' },
  ),
  callId: 'params.id',
  needsAnswer: false,
  whenOver: OVER,
  examples: [
    '{"id": "7d0c…", "status": "completed"}',
    '{"id": "7d0c…", "url": "https://example.com/next.yaml", "fallback_url": "https://example.com/sorry.yaml"}',
  ],
  async run(context, { url, swml: given, status, fallback_url, status_url }) {
    const { call } = context;
    // Null is none, as for all other parameters: what some clients send for each that is not set.
    const swml = given ?? undefined;
    const state = call.leg.info.call_state;
    if (state === 'ending') throw refusal(no(OVER, 'The call is ending'));
    if (status !== undefined) end(context, state, status);
    else if (url !== undefined && swml !== undefined) {
      const message = '"url" and "swml" exclude each other: expected one of them';
      throw refusal({ code: 'incompatible_parameters', message, attribute: 'swml' });
    } else if (url === undefined && swml === undefined) {
      const message = '"url", "swml" or "status" is needed';
      throw refusal({ code: 'inline_swml_or_swml_webhook_required', message, attribute: 'url' });
    } else if (state !== 'answered') {
      const message = `Only an answered call can be given another document: this one is ${state}`;
      throw refusal(no('cannot_redirect_not_in_progress', message));
    } else if (url !== undefined) {
      const fallback = fallback_url === undefined ? {} : { fallback: fallback_url };
      await replaceDocument(context, { kind: 'url', url, ...fallback, attribute: 'url' });
    } else {
      await replaceDocument(context, { kind: 'inline', value: documentOf(swml), attribute: 'swml' });
    }
    if (status_url !== undefined) call.statusUrl = status_url;
    return {};
  },
});

function no(code: string, message: string): Issue {
  return { code, message, attribute: 'id' };
}

function documentOf(swml: JsonValue | undefined): JsonValue {
  if (isObject(swml) || typeof swml === 'string') return swml;
  const message = '"swml" is no document: expected an object, or a text in JSON or YAML';
  throw refusal({ code: 'invalid_parameter', message, attribute: 'swml' });
}

function end({ call, log }: CommandContext, state: CallState, status: 'canceled' | 'completed'): void {
  const answered = state === 'answered';
  if (status === 'canceled' && answered) {
    throw refusal(no('cannot_cancel_in_progress', 'An answered call cannot be canceled: use "completed"'));
  }
  if (status === 'completed' && !answered) {
    throw refusal(no('invalid_state', `A call that is ${state} cannot be completed: use "canceled"`));
  }
  call.leg
    .hangup(answered ? 'hangup' : 'cancel')
    .catch((cause: unknown) => log.error({ err: cause }, 'the call could not be ended'));
}
