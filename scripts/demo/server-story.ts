import type { ServerEvent } from '../../src/server/events.ts';

/** A server event in words; undefined for those that the demo tells otherwise. */
export function serverStory({ kind, text, data }: ServerEvent): string | undefined {
  switch (kind) {
    case 'step': {
      const { set, line } = data as { set?: Readonly<Record<string, unknown>>; line?: number };
      if (set === undefined) return `${text} (line ${line})`;
      return `${text}: ${Object.entries(set)
        .map(([name, value]) => `${name} = ${JSON.stringify(value)}`)
        .join(', ')}`;
    }
    case 'recording':
      return data['ended_by'] === undefined
        ? text.replace('recording ', '')
        : `ended by ${data['ended_by']}: ${(Number(data['duration_ms']) / 1000).toFixed(2)} s`;
    case 'digit':
      return `${text} (${data['via']})`;
    case 'call':
      return text === 'ended' ? `ended by the ${data['by'] === 'remote' ? 'caller' : 'server'}` : text;
    case 'callback':
      return data['state'] === 'dead' ? `${text}: ${data['error']}` : undefined;
    case 'media':
      return undefined;
    case 'sip':
    case 'play':
    case 'warning':
      return text;
  }
}
