/** What the server holds at a moment, seen from outside: proc(5), its metrics, its database, its folder. */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import type { ServerProcess } from '../../test/support/server-process.ts';

/** Figures by name; see {@link FIGURES}. */
export type Reading = Readonly<Record<string, number>>;

const MB = 2 ** 20;
/** Tables of which a row may live on for good reason are counted by what is open in them, too. */
const COUNTS = {
  recordings: 'SELECT COUNT(*) AS n FROM recordings',
  recordingsOpen: "SELECT COUNT(*) AS n FROM recordings WHERE status IN ('in-progress', 'paused')",
  recordingsDeleting: 'SELECT COUNT(*) AS n FROM recordings WHERE deleted_at IS NOT NULL',
  peaks: 'SELECT COUNT(*) AS n FROM recording_peaks',
  voice: 'SELECT COUNT(*) AS n FROM recording_voice',
  callbacks: 'SELECT COUNT(*) AS n FROM callbacks',
  callbacksOpen: "SELECT COUNT(*) AS n FROM callbacks WHERE state NOT IN ('delivered', 'dead')",
  audit: 'SELECT COUNT(*) AS n FROM audit_log',
  uploads: 'SELECT COUNT(*) AS n FROM uploads',
} as const;

/** Sockets of the kernel's tables, by how a file descriptor names them. */
const SOCKET_TABLES = ['udp', 'udp6', 'tcp', 'tcp6', 'unix'] as const;

/** Names of the files that the server has open. */
export function openFiles({ pid }: ServerProcess): readonly string[] {
  const names: string[] = [];
  descriptors(pid, names);
  return names.sort();
}

/** Reads everything once. @throws Error when the server is gone */
export async function readServer(server: ServerProcess): Promise<Reading> {
  return {
    ...memoryAndThreads(server.pid),
    ...descriptors(server.pid),
    ...(await metrics(server)),
    ...rows(server.dataFolder),
    ...files(server.dataFolder),
  };
}

function memoryAndThreads(pid: number): Reading {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0);
  return {
    resident: field('VmRSS') / 1024,
    residentFiles: (field('RssFile') + field('RssShmem')) / 1024,
    threads: field('Threads'),
  };
}

function descriptors(pid: number, names?: string[]): Reading {
  const kinds = new Map<string, 'udp' | 'tcp' | 'unix'>();
  for (const table of SOCKET_TABLES) {
    const inode = table === 'unix' ? 6 : 9;
    for (const line of readFileSync(`/proc/${pid}/net/${table}`, 'utf8').split('\n').slice(1)) {
      const number = line.trim().split(/\s+/)[inode];
      if (number !== undefined) kinds.set(`socket:[${number}]`, table.replace('6', '') as 'udp');
    }
  }
  const counts = { fdUdp: 0, fdTcp: 0, fdFiles: 0, fdRings: 0, fdOther: 0 };
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    let target: string;
    try {
      target = readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      // Closed meanwhile.
      continue;
    }
    const kind = kinds.get(target);
    if (target.startsWith('/')) names?.push(target);
    if (kind === 'udp') counts.fdUdp++;
    // A TCP socket that is not in the tables is one that is being closed.
    else if (kind === 'tcp' || (kind === undefined && target.startsWith('socket:'))) counts.fdTcp++;
    else if (target.startsWith('/')) counts.fdFiles++;
    else if (target === 'anon_inode:[io_uring]') counts.fdRings++;
    else counts.fdOther++;
  }
  return counts;
}

async function metrics(server: ServerProcess): Promise<Reading> {
  const response = await fetch(new URL('/metrics', server.httpUrl), {
    headers: { authorization: `Basic ${btoa(server.userAndPassword)}` },
  });
  const values = new Map<string, number>();
  for (const line of (await response.text()).split('\n')) {
    const at = line.lastIndexOf(' ');
    if (at > 0 && !line.startsWith('#')) values.set(line.slice(0, at), Number(line.slice(at + 1)));
  }
  const one = (name: string): number => values.get(name) ?? 0;
  const all = (start: string): number =>
    [...values].reduce((sum, [name, value]) => (name.startsWith(start) ? sum + value : sum), 0);
  const memory = (labels: RegExp): number =>
    [...values].reduce((sum, [name, value]) => (labels.test(name) ? sum + value / MB : sum), 0);
  return {
    heapMain: memory(/thread="main",kind="heap"/),
    heapMedia: memory(/thread="media-\d+",kind="heap"/),
    external: memory(/thread="main",kind="external"/),
    externalMedia: memory(/thread="media-\d+",kind="external"/),
    timers: one('nodejs_active_resources{type="Timeout"}'),
    requests: one('nodejs_active_requests_total'),
    calls: one('openswml_calls'),
    recordingsUp: one('openswml_recordings'),
    callbackQueue: one('openswml_callbacks_open'),
    frames: one('openswml_media_frames_total'),
    framesLate: one('openswml_media_frames_late_total'),
    callsTaken: all('openswml_calls_total'),
    callsRefused: all('openswml_calls_refused_total'),
    cpuSeconds: one('process_cpu_seconds_total'),
  };
}

function rows(dataFolder: string): Reading {
  const database = new DatabaseSync(path.join(dataFolder, 'openswml.db'), { readOnly: true });
  try {
    return Object.fromEntries(
      Object.entries(COUNTS).map(([name, sql]) => [
        `rows.${name}`,
        Number(database.prepare(sql).get()!['n']),
      ]),
    );
  } finally {
    database.close();
  }
}

function files(dataFolder: string): Reading {
  let bytes = 0;
  const counts = { recordings: 0, growing: 0 };
  let cacheBytes = 0;
  for (const name of readdirSync(dataFolder, { recursive: true, encoding: 'utf8' })) {
    const { size, isFile } = fileOf(path.join(dataFolder, name));
    if (!isFile) continue;
    if (name.startsWith('cache')) cacheBytes += size;
    if (!name.startsWith('recordings')) continue;
    bytes += size;
    if (/\.(?:wav|mp3|mp4)$/.test(name)) counts.recordings++;
    else counts.growing++;
  }
  const database = ['openswml.db', 'openswml.db-wal']
    .map((name) => fileOf(path.join(dataFolder, name)).size)
    .reduce((sum, size) => sum + size, 0);
  return {
    'files.recordings': counts.recordings,
    'files.growing': counts.growing,
    'files.cacheMb': cacheBytes / MB,
    'files.mb': bytes / MB,
    'files.databaseMb': database / MB,
  };
}

function fileOf(file: string): { readonly size: number; readonly isFile: boolean } {
  try {
    const stats = statSync(file);
    return { size: stats.size, isFile: stats.isFile() };
  } catch {
    // Deleted meanwhile.
    return { size: 0, isFile: false };
  }
}
