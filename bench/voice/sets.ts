/**
 * What is said, by whom. Constants of the detectors were chosen on the tuning set; what the documents report
 * comes from the held-out set alone, which shares no voice, no text and no seed of noise with it.
 */
import type { Speaker } from './speakers.ts';

export interface MaterialSet {
  readonly name: 'tuning' | 'held-out';
  readonly speakers: readonly Speaker[];
  readonly texts: readonly string[];
  /** Talkers of the babble behind them, and what they say. */
  readonly crowd: readonly Speaker[];
  readonly crowdTexts: readonly string[];
  readonly seed: number;
  /** Of the mains, Hz. */
  readonly humHz: number;
}

const flite = (voice: string): Speaker => ({ engine: 'flite', voice });
const espeak = (voice: string): Speaker => ({ engine: 'espeak', voice });

export const TUNING: MaterialSet = {
  name: 'tuning',
  speakers: [
    flite('slt'),
    flite('kal16'),
    espeak('en-us'),
    espeak('en-gb+f3'),
    espeak('de+m4'),
    espeak('it+f1'),
  ],
  texts: [
    'No.',
    'Speaking.',
    'Hello, this is Anna. I am calling about the apartment on Mill Street.',
    'My number is five five five, two one three nine.',
    'Six, I think it was the sixth of November, in the early afternoon.',
  ],
  crowd: [flite('awb'), espeak('en-us+m1'), espeak('en-us+f1'), espeak('it'), flite('kal')],
  crowdTexts: [
    'We could take the train at nine, if everybody has had breakfast by then.',
    'The second half was better, but they never looked like scoring again.',
    'Put it on the table, next to the window, and then come over here please.',
  ],
  seed: 1000,
  humHz: 60,
};

export const HELD_OUT: MaterialSet = {
  name: 'held-out',
  speakers: [
    flite('rms'),
    flite('awb'),
    espeak('en-us+f2'),
    espeak('en-gb-scotland+m2'),
    espeak('fr+f4'),
    espeak('es+m7'),
  ],
  texts: [
    'Yes.',
    'Good morning, I would like to change my appointment for Thursday.',
    'The order number is eight four zero, seven seven one.',
    'Please call me back before five, otherwise try tomorrow. Thank you.',
    'Customer service.',
  ],
  crowd: [flite('slt'), flite('kal16'), espeak('en-gb'), espeak('pt+f3'), espeak('nl+m3')],
  crowdTexts: [
    'I told him that the shop would be closed, but he went there all the same.',
    'What a lovely evening, shall we walk along the river for a little while?',
    'There were seven of them this time, and nobody knew where they came from.',
  ],
  seed: 77_000,
  humHz: 50,
};
