import type { SessionDescription } from './description.ts';

/** Writes a session description with CRLF line ends, in the order of RFC 8866 5. */
export function serializeSdp(description: SessionDescription): string {
  const { origin, connection } = description;
  const lines = [
    'v=0',
    `o=${origin.username} ${origin.sessionId} ${origin.sessionVersion} IN ${origin.addressType} ${origin.address}`,
    `s=${description.sessionName}`,
  ];
  if (connection !== undefined) lines.push(`c=IN ${connection.addressType} ${connection.address}`);
  lines.push('t=0 0');
  for (const { name, value } of description.attributes) lines.push(attributeLine(name, value));
  for (const media of description.media) {
    lines.push(`m=${media.type} ${media.port} ${media.protocol} ${media.formats.join(' ')}`);
    if (media.connection !== undefined) {
      lines.push(`c=IN ${media.connection.addressType} ${media.connection.address}`);
    }
    for (const { name, value } of media.attributes) lines.push(attributeLine(name, value));
  }
  return `${lines.join('\r\n')}\r\n`;
}

function attributeLine(name: string, value: string | undefined): string {
  return value === undefined ? `a=${name}` : `a=${name}:${value}`;
}
