import { wavHeader } from '../../media/wav-format.ts';
import type { CallEvent } from '../../trace/events.ts';
import { FakeWeb, type WebAnswer, type WebHandler } from '../web.ts';
import { ANY_ID } from './ids.ts';

/** Today's document, where it is asked for at the beginning of the call. */
export interface AskedDocument {
  /** Without credentials and fragment. */
  readonly url: string;
  readonly text: string;
  /** Whether the traced call began by asking there, too, by POST. */
  readonly wasAsked: boolean;
}

/** No answer came while somebody waited for it: in time (net/), or before the end of the call broke the request off. */
const UNANSWERED = /time|did not answer|within \d+ ms|no longer wanted|given up/i;

/**
 * What was answered then, request by request, but for the document of today; sounds as silence of the length in which
 * they were heard.
 * @param ids of the traced call and what belongs to it: in the place of each, a URL may have any other
 */
export function webOf(
  events: readonly CallEvent[],
  ids: readonly string[],
  document?: AskedDocument,
): FakeWeb {
  const answers = new Map<string, WebAnswer[]>();
  for (const { kind, text, data } of events) {
    if (kind !== 'web') continue;
    const asked = withoutFragment(text);
    const pattern = withAnyIds(asked, ids);
    const list = answers.get(pattern) ?? [];
    // Traces of older versions do not say how long it took.
    const tookMs = data['took_ms'];
    const delay = typeof tookMs === 'number' && tookMs > 0 ? tookMs / 1000 : undefined;
    list.push({ ...answerOf(asked, data, events), delay });
    answers.set(pattern, list);
  }
  if (document !== undefined) {
    const asked = withAnyIds(`POST ${document.url}`, ids);
    // What was answered first there is the document of then; what follows answered the script.
    const others = answers.get(asked)?.slice(document.wasAsked ? 1 : 0) ?? [];
    answers.set(asked, [{ body: document.text }, ...others]);
  }
  const web = new FakeWeb();
  for (const [pattern, list] of answers) web.answers(pattern, inTurn(list), ANY_ID);
  // Of sounds a real call does not tell the requests.
  for (const url of new Set(playedUrls(events))) {
    const pattern = withAnyIds(`GET ${url}`, ids);
    if (!answers.has(pattern)) web.answers(pattern, { body: silenceFor(url, events) }, ANY_ID);
  }
  return web;
}

function withAnyIds(asked: string, ids: readonly string[]): string {
  return ids.reduce((pattern, id) => pattern.replaceAll(id, '*'), asked);
}

/** One for each request. A callback to the same address takes none: in a trace, callbacks have no answers. */
function inTurn(answers: readonly WebAnswer[]): WebHandler {
  let next = 0;
  return ({ purpose }, patience) => {
    if (purpose === 'callback') return {};
    const answer = answers[Math.min(next++, answers.length - 1)] ?? {};
    // What came in time then does so now.
    return { ...answer, delay: Math.min(answer.delay ?? 0, patience) };
  };
}

/** As requests have it: a fragment, which says how long to wait, is not sent. */
export function withoutFragment(text: string): string {
  return text.replace(/#.*$/s, '');
}

function answerOf(text: string, data: CallEvent['data'], events: readonly CallEvent[]): WebAnswer {
  const { failure, status, answer } = data;
  if (typeof status !== 'number') {
    // Names of hosts and files may be anything.
    const reason = String(failure).replace(/\S+:\/\/\S+/g, '');
    return { fails: UNANSWERED.test(reason) ? 'timeout' : 'network' };
  }
  if (data['for'] === 'sound' && status === 200) {
    return { body: silenceFor(text.slice(text.indexOf(' ') + 1), events) };
  }
  const { headers, body } = (answer ?? {}) as {
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  };
  return { status, ...(headers !== undefined && { headers }), ...(body !== undefined && { body }) };
}

function playedUrls(events: readonly CallEvent[]): readonly string[] {
  return events.flatMap((event) => playedUrl(event) ?? []);
}

function playedUrl({ kind, data }: CallEvent): string | undefined {
  return kind === 'play' && typeof data['url'] === 'string' ? withoutFragment(data['url']) : undefined;
}

function silenceFor(url: string, events: readonly CallEvent[]): Uint8Array {
  let longest = 0;
  for (const [index, event] of events.entries()) {
    if (playedUrl(event) !== url) continue;
    const next = events.slice(index + 1).find(({ kind, leg }) => kind === 'play' && leg === event.leg);
    longest = Math.max(longest, (next?.at ?? event.at) - event.at);
  }
  const bytes = Math.round(longest * 8000) * 2;
  return Buffer.concat([wavHeader({ sampleRate: 8000, channels: 1 }, bytes), new Uint8Array(bytes)]);
}
