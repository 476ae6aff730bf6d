/** UUID in any letter case (RFC 9562 4). */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const DOWNLOAD = /^\/api\/v1\/recordings\/([^/.]+)(?:\/download)?(?:\.(?:wav|mp3|mp4))?$/;

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/**
 * The one URL under which a recording is announced (spec/record.md 6.3).
 * @param publicUrl how clients reach this server, without a slash at the end
 */
export function recordingUrl(publicUrl: string, id: string): string {
  return `${publicUrl}/api/v1/recordings/${id}/download`;
}

/**
 * The id of the recording that a URL of this server names; undefined when it is not one of ours. A document
 * that plays `record_url` can so read the file itself, protected or not, without a request to itself.
 */
export function recordingIdOf(url: string, publicUrl: string): string | undefined {
  const parsed = URL.parse(url);
  const own = URL.parse(publicUrl);
  if (parsed === null || own === null || parsed.origin !== own.origin) return undefined;
  const base = own.pathname.replace(/\/$/, '');
  if (!parsed.pathname.startsWith(base)) return undefined;
  const id = DOWNLOAD.exec(parsed.pathname.slice(base.length))?.[1];
  return id !== undefined && isUuid(id) ? id.toLowerCase() : undefined;
}
