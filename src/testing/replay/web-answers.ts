import { wavHeader } from '../../media/wav-format.ts';
import type { CallEvent } from '../../trace/events.ts';
import { FakeWeb, type WebAnswer } from '../web.ts';

/** Today's document, where it is asked for at the beginning of the call. */
export interface AskedDocument {
  /** Without credentials and fragment. */
  readonly url: string;
  readonly text: string;
  /** Whether the traced call began by asking there, too. */
  readonly wasAsked: boolean;
}

/**
 * What was answered then, request by request, but for the document of today; sounds as silence of the length in which
 * they were heard.
 */
export function webOf(events: readonly CallEvent[], document?: AskedDocument): FakeWeb {
  const answers = new Map<string, WebAnswer[]>();
  for (const { kind, text, data } of events) {
    if (kind !== 'web') continue;
    const asked = withoutFragment(text);
    const list = answers.get(asked) ?? [];
    list.push(answerOf(asked, data, events));
    answers.set(asked, list);
  }
  if (document !== undefined) {
    const asked = `POST ${document.url}`;
    // What was answered first there is the document of then; what follows answered the script.
    const others = answers.get(asked)?.slice(document.wasAsked ? 1 : 0) ?? [];
    answers.set(asked, [{ body: document.text }, ...others]);
  }
  const web = new FakeWeb();
  for (const [pattern, list] of answers) web.answers(pattern, list);
  // Of sounds a real call does not tell the requests.
  for (const url of new Set(playedUrls(events))) {
    if (!answers.has(`GET ${url}`)) web.answers(`GET ${url}`, { body: silenceFor(url, events) });
  }
  return web;
}

/** As requests have it: a fragment, which says how long to wait, is not sent. */
export function withoutFragment(text: string): string {
  return text.replace(/#.*$/s, '');
}

function answerOf(text: string, data: CallEvent['data'], events: readonly CallEvent[]): WebAnswer {
  const { failure, status, answer } = data;
  if (typeof status !== 'number') {
    return { fails: /time|did not answer/i.test(String(failure)) ? 'timeout' : 'network' };
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
