/** What the soak watches, what of it counts as a leak, and how it is told. */
import type { Reading } from './probe.ts';
import { type Sample, type Trend, trendOf } from './trend.ts';

export interface TakenReading {
  /** Since the calls began, s. */
  readonly at: number;
  readonly values: Reading;
}

export interface Figure {
  readonly key: string;
  readonly name: string;
  readonly unit: string;
  /** `flat`: may not rise while the calls are kept up. `told`: rises by design, or says nothing by its rise. */
  readonly rule: 'flat' | 'told';
  readonly by: 'mean' | 'lowest';
  /** What a rise must surely exceed to be one: share of the level, and at least so much. */
  readonly share: number;
  readonly least: number;
  /** Back at the level from before the first calls, at most this much above it; undefined where it stays higher. */
  readonly after: number | undefined;
}

const COUNT = { unit: '', rule: 'flat', by: 'mean', share: 0.03, least: 3 } as const;
const MEMORY = { unit: 'MB', rule: 'flat', share: 0.03, least: 5, after: undefined } as const;
const TOLD = { rule: 'told', by: 'mean', share: 0, least: 0, after: undefined } as const;

export const FIGURES: readonly Figure[] = [
  { ...MEMORY, key: 'resident', name: 'memory of the process', by: 'mean' },
  { ...TOLD, key: 'residentFiles', name: 'of it, pages of files, such as the program itself', unit: 'MB' },
  { ...MEMORY, key: 'heapMain', name: 'heap, main thread', by: 'lowest' },
  { ...MEMORY, key: 'heapMedia', name: 'heaps, media threads', by: 'lowest' },
  { ...MEMORY, key: 'external', name: 'outside the heap, main thread', by: 'lowest' },
  { ...MEMORY, key: 'externalMedia', name: 'outside the heaps, media threads', by: 'lowest' },
  { ...COUNT, key: 'fdUdp', name: 'UDP sockets', after: 0 },
  { ...COUNT, key: 'fdTcp', name: 'TCP sockets', least: 20, after: 4 },
  // The thread that writes the database log back begins with the first log that is worth it.
  { ...COUNT, key: 'fdFiles', name: 'open files', after: 2 },
  // Each is made when sessions first need it, and stays.
  { ...COUNT, key: 'fdRings', name: 'rings of io_uring', after: undefined },
  // Four are that thread's own: of its event loop.
  { ...COUNT, key: 'fdOther', name: 'other descriptors', after: 4 },
  { ...COUNT, key: 'threads', name: 'threads', after: 1 },
  { ...COUNT, key: 'timers', name: 'timers, main thread', after: 3 },
  { ...COUNT, key: 'requests', name: 'requests under way, main thread', after: 2 },
  { ...COUNT, key: 'calls', name: 'calls', after: 0 },
  { ...COUNT, key: 'recordingsUp', name: 'recordings under way', after: 0 },
  { ...COUNT, key: 'callbackQueue', name: 'callbacks not delivered', after: 0 },
  { ...COUNT, key: 'rows.recordingsOpen', name: 'rows of running recordings', after: 0 },
  { ...COUNT, key: 'rows.recordingsDeleting', name: 'rows being deleted', least: 10, after: 0 },
  { ...COUNT, key: 'files.growing', name: 'files that grow', after: 0 },
  // Retention sweeps once a minute: between two sweeps these rise by what is recorded in a minute.
  { ...COUNT, key: 'rows.recordings', name: 'rows of recordings', share: 0.1, after: undefined },
  { ...COUNT, key: 'rows.peaks', name: 'rows of peaks', share: 0.1, after: undefined },
  { ...COUNT, key: 'rows.voice', name: 'rows of voice activity', share: 0.1, after: undefined },
  { ...COUNT, key: 'files.recordings', name: 'finished files', share: 0.1, after: undefined },
  { ...COUNT, key: 'files.mb', name: 'size of all recordings', unit: 'MB', share: 0.1, after: undefined },
  { ...TOLD, key: 'rows.callbacks', name: 'rows of callbacks (kept a day)', unit: '' },
  { ...TOLD, key: 'rows.audit', name: 'rows of the audit log (kept a year)', unit: '' },
  {
    ...COUNT,
    key: 'files.cacheMb',
    name: 'cache of speech on disk',
    unit: 'MB',
    share: 0.1,
    after: undefined,
  },
  { ...TOLD, key: 'files.databaseMb', name: 'database and its log', unit: 'MB' },
];

export interface Finding {
  readonly figure: Figure;
  /** Before the first call of the soak (every kind had been called once). */
  readonly before: number;
  /** While the calls were kept up, the warm-up left out; undefined when there is too little of it. */
  readonly trend: Trend | undefined;
  /** The same, of the second half of that time. */
  readonly laterTrend: Trend | undefined;
  /** After the last call. */
  readonly after: number;
  /** What is wrong with it, in words. */
  readonly leak: string | undefined;
}

/** @param held while the calls were kept up, without the warm-up */
export function findLeaks(
  before: Reading,
  held: readonly TakenReading[],
  after: Reading,
): readonly Finding[] {
  return FIGURES.map((figure) => {
    const { key } = figure;
    const samples: readonly Sample[] = held.map(({ at, values }) => ({ at, value: values[key] ?? 0 }));
    const trend = trendOf(samples, figure);
    const halfAt = ((samples[0]?.at ?? 0) + (samples.at(-1)?.at ?? 0)) / 2;
    const laterTrend = trendOf(
      samples.filter(({ at }) => at >= halfAt),
      figure,
    );
    const reading = { before: before[key] ?? 0, trend, laterTrend, after: after[key] ?? 0 };
    return { figure, ...reading, leak: leakOf(figure, reading) };
  });
}

function leakOf(
  { rule, share, least, after: room, unit }: Figure,
  { before, trend, laterTrend, after }: Omit<Finding, 'figure' | 'leak'>,
): string | undefined {
  if (rule === 'told') return undefined;
  // What leaks does so to the end. What only fills (pools, caches, fragmented heaps) rises less in its second half.
  const rises = ({ level, least: surely }: Trend, part: number): boolean =>
    surely > part * Math.max(least, share * level);
  if (trend !== undefined && rises(trend, 1) && (laterTrend === undefined || rises(laterTrend, 1 / 2))) {
    return `rises: by ${trend.least.toFixed(1)} ${unit} at least`;
  }
  if (room !== undefined && after > before + room) {
    return `${after - before} more than before the calls are left`;
  }
  return undefined;
}

/** A table in Markdown. */
export function describeFindings(findings: readonly Finding[]): string {
  const head =
    '| | Before | Level | Rise over the time (95 %) | After | |\n| --- | ---: | ---: | ---: | ---: | --- |';
  const rows = findings.map(({ figure, before, trend, after, leak }) => {
    const digits = figure.unit === 'MB' ? 1 : 0;
    const value = (number: number | undefined, places = digits): string => number?.toFixed(places) ?? '?';
    const rise =
      trend === undefined ? '?' : `${signed(trend.rise)} (${signed(trend.least)} to ${signed(trend.most)})`;
    const name = figure.unit === '' ? figure.name : `${figure.name}, ${figure.unit}`;
    const verdict =
      leak ?? (figure.rule === 'told' ? '' : trend === undefined ? 'too short to tell' : 'flat');
    return `| ${name} | ${value(before)} | ${value(trend?.level)} | ${rise} | ${value(after)} | ${verdict} |`;
  });
  return [head, ...rows].join('\n');
}

function signed(value: number): string {
  const text = value.toFixed(1);
  return value > 0 ? `+${text}` : text.replace('-', '−');
}
