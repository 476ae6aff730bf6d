import { isSecretName } from '../log/redact.ts';

/** What a timeline says of one SIP message. */
export interface SipLine {
  /** The Call-ID header. */
  readonly sipCallId: string;
  /** `INVITE`, `200 OK (INVITE)` … */
  readonly text: string;
}

/** Enough for the start line and the headers that matter. */
const HEAD_BYTES = 4096;
/** One header, with the lines that go on with it (RFC 3261 7.3.1). */
const FIELD = /^([^\s:]+)([ \t]*:[ \t]*)[^\r\n]*(?:\r\n[ \t][^\r\n]*)*/gm;

/** Names a message as it is on the wire; undefined for what is none, or has no Call-ID. */
export function sipLine(data: Uint8Array): SipLine | undefined {
  const head = Buffer.from(data.buffer, data.byteOffset, Math.min(data.byteLength, HEAD_BYTES)).toString(
    'latin1',
  );
  const sipCallId = /^(?:call-id|i)\s*:\s*(\S+)/im.exec(head)?.[1];
  const start = head.slice(0, head.indexOf('\r\n'));
  const status = /^SIP\/2\.0 (\d{3} .*)$/.exec(start)?.[1];
  const method = /^([A-Z]+) \S+ SIP\/2\.0$/.exec(start)?.[1];
  if (sipCallId === undefined || (status === undefined && method === undefined)) return undefined;
  const answered = /^cseq\s*:\s*\d+\s+([A-Z]+)/im.exec(head)?.[1];
  return { sipCallId, text: status === undefined ? method! : `${status} (${answered ?? '?'})` };
}

/** The message without credentials: what the names of headers say to be such (`Authorization`, `X-Auth-Token`). */
export function sipText(data: Uint8Array): string {
  return Buffer.from(data)
    .toString('utf8')
    .replace(FIELD, (field, name: string, colon: string) =>
      isSecretName(name) ? `${name}${colon}(left out)` : field,
    );
}
