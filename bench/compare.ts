/**
 * Compares a run with a kept one by what little depends on the machine: cost as a multiple of what a bare receiver
 * of the same run takes, shares of calls and files, memory of a call, gaps as multiples of a packet.
 */
import type { Figures } from './figures.ts';
import { PACKET_MS } from './speech.ts';

/** What is kept of one load in bench/baseline.json. */
export interface KeptLoad {
  /** What it was measured on, and of which version. */
  readonly machine: string;
  readonly version: string;
  readonly ratios: Ratios;
}

export type Baseline = Readonly<Record<string, KeptLoad>>;

/** What was not measured is left out; what was, and is 0, is not. */
export type Ratios = Readonly<Partial<Record<RatioName, number>>>;

export type RatioName = keyof typeof RATIOS;

interface Ratio {
  readonly what: string;
  /** Undefined where it was not measured. */
  readonly of: (figures: Figures) => number | undefined;
  /** Whether less is better. */
  readonly lower: boolean;
  /** Two runs on one machine differ by as much for no reason. */
  readonly noise: number;
}

export const RATIOS = {
  cpu: {
    what: 'CPU for each call, in bare receivers',
    // A receiver that took no whole tick of the processor's clock is nothing to compare with.
    of: ({ ratio }) => (Number.isFinite(ratio) && ratio > 0 ? ratio : undefined),
    lower: true,
    noise: 0.15,
  },
  setup: {
    what: 'CPU for each set-up, in received packets',
    of: ({ setupCpuMs, floorPercent }) =>
      floorPercent === 0 || setupCpuMs === 0 ? undefined : setupCpuMs / packetMs(floorPercent),
    lower: true,
    noise: 0.15,
  },
  memory: {
    what: 'memory for each call, MB',
    of: ({ mbPerCall }) => Math.max(0, mbPerCall),
    lower: true,
    noise: 0.3,
  },
  gap: {
    what: 'gap of packets back, p99.9, in packets',
    of: ({ gapP999Ms }) => gapP999Ms / PACKET_MS || undefined,
    lower: true,
    noise: 0.3,
  },
  answered: {
    what: 'calls that were answered, share',
    of: ({ answered, calls }) => answered / calls,
    lower: false,
    noise: 0,
  },
  right: {
    what: 'recordings that are right, share',
    of: ({ right, calls, ratio }) => (ratio === 0 ? undefined : right / calls),
    lower: false,
    noise: 0,
  },
  exact: {
    what: 'recordings that are right to the sample, share',
    of: ({ exact, calls, ratio }) => (ratio === 0 ? undefined : exact / calls),
    lower: false,
    noise: 0.02,
  },
} as const satisfies Readonly<Record<string, Ratio>>;

const NAMES = Object.keys(RATIOS) as RatioName[];
const DIGITS = 4;

export interface Compared {
  readonly name: RatioName;
  readonly now: number;
  readonly kept: number;
  /** Now against kept. */
  readonly times: number;
  readonly verdict: 'better' | 'worse' | 'as before';
}

export function ratiosOf(figures: Figures): Ratios {
  const ratios: Partial<Record<RatioName, number>> = {};
  for (const name of NAMES) {
    const value = RATIOS[name].of(figures);
    if (value !== undefined) ratios[name] = Number(value.toFixed(DIGITS));
  }
  return ratios;
}

/** What both have. */
export function compare(now: Ratios, kept: Ratios): readonly Compared[] {
  return NAMES.flatMap((name) => {
    const [value, before] = [now[name], kept[name]];
    if (value === undefined || before === undefined) return [];
    const times = value === before ? 1 : value / before;
    return [{ name, now: value, kept: before, times, verdict: verdictOf(name, times) }];
  });
}

function verdictOf(name: RatioName, times: number): Compared['verdict'] {
  const { lower, noise } = RATIOS[name];
  if (times > 1 + noise) return lower ? 'worse' : 'better';
  if (times < 1 - noise) return lower ? 'better' : 'worse';
  return 'as before';
}

/** A table for people. @param machine what it was measured on now */
export function describeComparison(now: Ratios, kept: KeptLoad, machine: string): string {
  const elsewhere = kept.machine === machine ? '' : `, kept on another machine (${kept.machine})`;
  const rows = compare(now, kept.ratios).map(
    (row) =>
      `  ${RATIOS[row.name].what.padEnd(48)}${row.now.toFixed(2).padStart(8)}${row.kept.toFixed(2).padStart(10)}` +
      `    × ${row.times.toFixed(2)}  ${row.verdict}`,
  );
  return [
    `${'against bench/baseline.json'.padEnd(50)}${'now'.padStart(8)}${'kept'.padStart(10)}${elsewhere}`,
    ...rows,
  ].join('\n');
}

/** What one received packet takes of a bare receiver that gets one in 20 ms, ms. */
function packetMs(floorPercent: number): number {
  return (floorPercent / 100) * PACKET_MS;
}
