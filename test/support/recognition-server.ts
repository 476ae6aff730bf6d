/**
 * A server of speech recognition that speaks OpenAI's protocols as their reference describes them, independent of
 * the program: `POST /audio/transcriptions` with and without `stream=true`, and the WebSocket `/realtime`.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { type WebSocket, WebSocketServer } from 'ws';

import { parseWav, type Wav } from './audio-files.ts';

/** A request with a whole utterance. */
export interface Upload {
  readonly wav: Wav;
  readonly fields: Readonly<Record<string, string>>;
  readonly authorization: string | undefined;
}

/** One connection of the WebSocket, as the server sees it. */
export interface RealtimeSession {
  readonly path: string;
  readonly authorization: string | undefined;
  /** What `session.update` said. */
  readonly update: Readonly<Record<string, unknown>> | undefined;
  /** PCM of 24 kHz that came. */
  readonly audio: Int16Array;
  readonly commits: number;
  readonly closed: boolean;
}

export interface RealtimePeer extends RealtimeSession {
  readonly socket: WebSocket;
  tell(message: object): void;
}

/** What the server does; each has a way of its own that is right. */
export interface Manners {
  /** The status with which the WebSocket is refused. */
  readonly refusal?: string;
  /** Instead of `session.updated`. */
  readonly onUpdate?: (peer: RealtimePeer) => void;
  /** Instead of a word each half a second. */
  readonly onAudio?: (peer: RealtimePeer) => void;
  /** Instead of `committed` and `completed`. */
  readonly onCommit?: (peer: RealtimePeer) => void;
  /** Instead of the words in JSON, or, asked for a stream, as OpenAI's events. */
  readonly onUpload?: (upload: Upload, response: ServerResponse) => void;
}

export interface RecognitionServer {
  readonly url: string;
  readonly uploads: readonly Upload[];
  readonly sessions: readonly RealtimeSession[];
}

const RATE = 24_000;
const WORD_EVERY = RATE / 2;
const ITEM = 'item_1';

/** @param words what it takes every utterance for */
export async function startRecognitionServer(
  context: TestContext,
  words: readonly string[],
  manners: Manners = {},
): Promise<RecognitionServer> {
  const uploads: Upload[] = [];
  const sessions: RealtimeSession[] = [];
  const server = createServer(async (request, response) => {
    const upload = await uploadOf(request);
    uploads.push(upload);
    if (manners.onUpload !== undefined) manners.onUpload(upload, response);
    else answerUpload(upload, words, response);
  });
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    if (manners.refusal !== undefined || !request.url?.includes('/realtime')) {
      socket.end(`HTTP/1.1 ${manners.refusal ?? '404 Not Found'}\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (ws) =>
      sessions.push(serveRealtime(ws, request, words, manners)),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    for (const client of sockets.clients) client.terminate();
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, uploads, sessions };
}

export const completed = (transcript: string, item_id = ITEM) => ({
  type: 'conversation.item.input_audio_transcription.completed',
  item_id,
  content_index: 0,
  transcript,
});

export const committed = (item_id = ITEM) => ({ type: 'input_audio_buffer.committed', item_id });

export const delta = (text: string, item_id = ITEM) => ({
  type: 'conversation.item.input_audio_transcription.delta',
  item_id,
  content_index: 0,
  delta: text,
});

/** Events of a stream, as OpenAI sends them. */
export function sendEvents(response: ServerResponse, events: readonly (object | string)[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  for (const event of events)
    response.write(`data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`);
}

function serveRealtime(
  socket: WebSocket,
  request: IncomingMessage,
  words: readonly string[],
  { onUpdate, onAudio, onCommit }: Manners,
): RealtimeSession {
  const pieces: Buffer[] = [];
  let told = 0;
  const peer = {
    socket,
    path: request.url ?? '',
    authorization: request.headers.authorization,
    update: undefined as Readonly<Record<string, unknown>> | undefined,
    get audio(): Int16Array {
      const bytes = Buffer.concat(pieces);
      return new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    },
    commits: 0,
    closed: false,
    tell: (message: object) =>
      socket.send(JSON.stringify({ event_id: `event_${Math.random()}`, ...message })),
  };
  socket.on('close', () => {
    peer.closed = true;
  });
  socket.on('message', (data) => {
    const { type, audio, session } = JSON.parse(String(data)) as Record<string, unknown>;
    if (type === 'session.update') {
      peer.update = session as Record<string, unknown>;
      if (onUpdate !== undefined) onUpdate(peer);
      else peer.tell({ type: 'session.updated', session });
    } else if (type === 'input_audio_buffer.append') {
      pieces.push(Buffer.from(String(audio), 'base64'));
      if (onAudio !== undefined) onAudio(peer);
      else {
        for (; told < Math.min(words.length, Math.floor(peer.audio.length / WORD_EVERY)); told++)
          peer.tell(delta(told === 0 ? words[told]! : ` ${words[told]}`));
      }
    } else if (type === 'input_audio_buffer.commit') {
      peer.commits++;
      if (onCommit !== undefined) onCommit(peer);
      else {
        peer.tell(committed());
        peer.tell(completed(words.join(' ')));
      }
    }
  });
  peer.tell({ type: 'session.created', session: {} });
  return peer;
}

async function uploadOf(request: IncomingMessage): Promise<Upload> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const headers = { 'content-type': request.headers['content-type'] ?? '' };
  const form = await new Response(Buffer.concat(pieces), { headers }).formData();
  const wav = parseWav(Buffer.from(await (form.get('file') as File).arrayBuffer()));
  form.delete('file');
  return {
    wav,
    fields: Object.fromEntries(form) as Record<string, string>,
    authorization: request.headers.authorization,
  };
}

function answerUpload({ fields }: Upload, words: readonly string[], response: ServerResponse): void {
  const text = words.join(' ');
  if (fields['stream'] !== 'true') {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ text }));
    return;
  }
  const deltas = words.map((word, index) => ({
    type: 'transcript.text.delta',
    delta: index === 0 ? word : ` ${word}`,
  }));
  sendEvents(response, [...deltas, { type: 'transcript.text.done', text }]);
  response.end();
}
