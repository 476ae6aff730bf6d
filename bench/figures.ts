/** The figures of a load run, and how they are told. */

export interface Figures {
  /** E.g. `300 calls, silence sent back`: figures of the same load are compared. */
  readonly load: string;
  readonly calls: number;
  readonly answered: number;
  /** Finished files, those as long as what was said to 20 ms, and those in which every sample is right. */
  readonly files: number;
  readonly right: number;
  readonly exact: number;
  /** INVITE to 200, ms. */
  readonly answerMedianMs: number;
  readonly answerP99Ms: number;
  /** Share of one core for each call, %; 0 where it is not measured. */
  readonly cpuPercent: number;
  /** The same of a process that only receives the packets. */
  readonly floorPercent: number;
  /** How many times the floor. */
  readonly ratio: number;
  /** Processor time of the server for one call from INVITE to BYE, ms; 0 where calls have media. */
  readonly setupCpuMs: number;
  readonly residentMb: number;
  /** By what the server grew for each call, MB. */
  readonly mbPerCall: number;
  /** Between packets that a caller receives, ms; 0 when none come back. */
  readonly gapP99Ms: number;
  readonly gapP999Ms: number;
  /** How late the generator itself was, ms. */
  readonly latenessP99Ms: number;
}

type Measure = Exclude<keyof Figures, 'load'>;

const LINES: readonly {
  readonly key: Measure;
  readonly name: string;
  readonly unit: string;
  readonly digits: number;
}[] = [
  { key: 'answered', name: 'answered', unit: 'calls', digits: 0 },
  { key: 'files', name: 'recordings', unit: 'files', digits: 0 },
  { key: 'right', name: '  as long as what was said', unit: 'files', digits: 0 },
  { key: 'exact', name: '  with every sample right', unit: 'files', digits: 0 },
  { key: 'answerMedianMs', name: 'INVITE to 200, median', unit: 'ms', digits: 2 },
  { key: 'answerP99Ms', name: 'INVITE to 200, p99', unit: 'ms', digits: 2 },
  { key: 'cpuPercent', name: 'CPU for each call', unit: '% of a core', digits: 4 },
  { key: 'floorPercent', name: 'CPU of a bare receiver', unit: '% of a core', digits: 4 },
  { key: 'ratio', name: 'server / bare receiver', unit: '', digits: 2 },
  { key: 'setupCpuMs', name: 'CPU for each set-up', unit: 'ms', digits: 2 },
  { key: 'residentMb', name: 'memory of the server', unit: 'MB', digits: 0 },
  { key: 'mbPerCall', name: 'memory for each call', unit: 'MB', digits: 3 },
  { key: 'gapP99Ms', name: 'gap of packets back, p99', unit: 'ms', digits: 1 },
  { key: 'gapP999Ms', name: 'gap of packets back, p99.9', unit: 'ms', digits: 1 },
  { key: 'latenessP99Ms', name: 'generator late, p99', unit: 'ms', digits: 1 },
];

/** A table for people; what was not measured is left out. */
export function describeFigures(figures: Figures): string {
  const rows = LINES.filter(({ key }) => figures[key] !== 0 || isShare(key, figures)).map(
    ({ key, name, unit, digits }) =>
      `  ${name.padEnd(28)}${figures[key].toFixed(digits).padStart(9)} ${unit}`,
  );
  return [figures.load, ...rows].join('\n');
}

/** None of these is told as well, where it was looked for. */
function isShare(key: Measure, { ratio }: Figures): boolean {
  return key === 'answered' || key === 'files' || (ratio !== 0 && (key === 'right' || key === 'exact'));
}

/** Each figure the median of those of several runs of one load; what must not fail is the worst. */
export function medians(runs: readonly Figures[]): Figures {
  const worst: readonly Measure[] = ['answered', 'files', 'right', 'exact'];
  const entries = LINES.map(({ key }) => {
    const values = runs.map((run) => run[key]);
    return [key, worst.includes(key) ? Math.min(...values) : median(values)];
  });
  return { ...runs[0]!, ...(Object.fromEntries(entries) as Partial<Figures>) };
}

/** Of an even number of values, halfway between the two in the middle. */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const half = sorted.length / 2;
  return (sorted[Math.ceil(half) - 1]! + sorted[Math.floor(half)]!) / 2;
}

/** Value that `share` (0 to 1) of the values do not exceed; 0 for none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}

/**
 * Whether something was not as it should be.
 * @param problems of calls and recordings: also a call that ended before its time, whose recording may be right
 * @param media whether there was something to be recorded
 */
export function hasFailed(figures: Figures, problems: readonly string[], media: boolean): boolean {
  const { calls, answered, files, right } = figures;
  return problems.length > 0 || answered < calls || files !== calls || (media && right < calls);
}
