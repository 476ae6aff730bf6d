import type { Tone } from './tones.ts';

/** How ringback sounds in one country. */
export interface RingCadence {
  /** Frequencies that sound together, Hz. */
  readonly frequenciesHz: readonly number[];
  /** On, off, on, off … of one cycle, ms. */
  readonly onOffMs: readonly number[];
}

/** Level of the whole ringback tone: E.180 section 6 recommends -10 dBm0 nominal, exchanges send somewhat less. */
const RING_LEVEL_DBFS = -19;

const DOUBLE_RING = [400, 200, 400, 2000];

/**
 * A tone `carrier` that is modulated fully by `by` Hz, as two partials that beat `by` times a second: what
 * the national figures write as f1×f2 (E.180 Supplement 2).
 */
function modulated(carrier: number, by: number): readonly number[] {
  return [carrier - by / 2, carrier + by / 2];
}

/**
 * Ringing tones of the countries of `ring:` (spec/media.md 2), after ITU-T E.180 Supplement 2, "Various tones
 * used in national networks", and the national standards where those are newer.
 */
export const RING_CADENCES: ReadonlyMap<string, RingCadence> = new Map<string, RingCadence>([
  ['at', { frequenciesHz: [420], onOffMs: [1000, 5000] }],
  ['au', { frequenciesHz: modulated(425, 25), onOffMs: DOUBLE_RING }],
  ['bg', { frequenciesHz: [425], onOffMs: [1000, 4000] }],
  ['br', { frequenciesHz: [425], onOffMs: [1000, 4000] }],
  ['be', { frequenciesHz: [425], onOffMs: [1000, 3000] }],
  ['ch', { frequenciesHz: [425], onOffMs: [1000, 4000] }],
  ['cl', { frequenciesHz: [400], onOffMs: [1000, 3000] }],
  ['cn', { frequenciesHz: [450], onOffMs: [1000, 4000] }],
  ['cz', { frequenciesHz: [425], onOffMs: [1000, 4000] }],
  ['de', { frequenciesHz: [425], onOffMs: [1000, 4000] }],
  ['dk', { frequenciesHz: [425], onOffMs: [1000, 4000] }],
  ['ee', { frequenciesHz: [425], onOffMs: [1000, 4000] }],
  ['es', { frequenciesHz: [425], onOffMs: [1500, 3000] }],
  ['fi', { frequenciesHz: [425], onOffMs: [1000, 4000] }],
  ['fr', { frequenciesHz: [440], onOffMs: [1500, 3500] }],
  ['gr', { frequenciesHz: [425], onOffMs: [1000, 4000] }],
  ['hu', { frequenciesHz: [425], onOffMs: [1250, 3750] }],
  ['il', { frequenciesHz: [414], onOffMs: [1000, 3000] }],
  ['in', { frequenciesHz: modulated(400, 25), onOffMs: DOUBLE_RING }],
  ['it', { frequenciesHz: [425], onOffMs: [1000, 4000] }],
  ['jp', { frequenciesHz: modulated(400, 16), onOffMs: [1000, 2000] }],
  ['lt', { frequenciesHz: [425], onOffMs: [1000, 4000] }],
  ['mx', { frequenciesHz: [425], onOffMs: [1000, 4000] }],
  ['my', { frequenciesHz: [425], onOffMs: DOUBLE_RING }],
  ['nl', { frequenciesHz: [425], onOffMs: [1000, 4000] }],
  ['no', { frequenciesHz: [425], onOffMs: [1000, 4000] }],
  ['nz', { frequenciesHz: [400, 450], onOffMs: DOUBLE_RING }],
  ['ph', { frequenciesHz: [425, 480], onOffMs: [1000, 4000] }],
  ['pl', { frequenciesHz: [425], onOffMs: [1000, 4000] }],
  ['pt', { frequenciesHz: [425], onOffMs: [1000, 5000] }],
  ['ru', { frequenciesHz: [425], onOffMs: [1000, 4000] }],
  ['se', { frequenciesHz: [425], onOffMs: [1000, 5000] }],
  ['sg', { frequenciesHz: modulated(425, 24), onOffMs: DOUBLE_RING }],
  ['th', { frequenciesHz: [420], onOffMs: [1000, 5000] }],
  ['tw', { frequenciesHz: [440, 480], onOffMs: [1000, 2000] }],
  ['uk', { frequenciesHz: [400, 450], onOffMs: DOUBLE_RING }],
  ['us', { frequenciesHz: [440, 480], onOffMs: [2000, 4000] }],
  ['us-old', { frequenciesHz: modulated(420, 40), onOffMs: [2000, 4000] }],
  ['ve', { frequenciesHz: [425], onOffMs: [1000, 4000] }],
  ['za', { frequenciesHz: modulated(400, 33), onOffMs: DOUBLE_RING }],
]);

/**
 * The ringback tone of a country.
 * @param country one of the keys of {@link RING_CADENCES}, in any case
 * @param durationMs length of the whole; without it, one cycle with its pause
 * @returns undefined when the country is not in the table
 */
export function ringTone(country: string, durationMs?: number): Tone | undefined {
  const cadence = RING_CADENCES.get(country.toLowerCase());
  if (cadence === undefined) return undefined;
  return {
    frequenciesHz: cadence.frequenciesHz,
    levelDbfs: RING_LEVEL_DBFS - 10 * Math.log10(cadence.frequenciesHz.length),
    onOffMs: cadence.onOffMs,
    durationMs: durationMs ?? ringCycleMs(cadence),
  };
}

/** Length of one cycle, pauses included, ms. */
export function ringCycleMs(cadence: RingCadence): number {
  return cadence.onOffMs.reduce((sum, ms) => sum + ms, 0);
}
