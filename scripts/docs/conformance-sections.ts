/** Sections of the reference digest that the conformance suite is about, in the order of the reference. */
export interface Section {
  readonly title: string;
  /** Why no test file says it. */
  readonly elsewhere?: string;
}

const BY_HTTP = 'commands and resources of the HTTP API: tested where they are, in `src/server`';

export const SECTIONS: Readonly<Record<string, Section>> = {
  'record.md 1': { title: 'The three methods' },
  'record.md 2.1': { title: 'Properties of `record` and `record_call`' },
  'record.md 2.2': { title: 'Properties of `stop_record_call`' },
  'record.md 3.1': { title: 'Direction and channels' },
  'record.md 3.2': { title: 'Start' },
  'record.md 3.3': { title: 'What ends a recording' },
  'record.md 3.4': { title: 'Span of a background recording' },
  'record.md 3.5': { title: 'Variables' },
  'record.md 3.6': { title: 'Pause and resume' },
  'record.md 3.7': { title: 'Formats' },
  'record.md 3.8': { title: 'Errors' },
  'record.md 4.1': { title: 'Callback: states' },
  'record.md 4.2': { title: 'Callback: fields' },
  'record.md 5': { title: 'REST and realtime control', elsewhere: BY_HTTP },
  'record.md 6': { title: 'Stored recordings', elsewhere: BY_HTTP },
  'record.md 7': { title: 'Compatibility API', elsewhere: BY_HTTP },
  'record.md 8': { title: 'Silences and contradictions of the reference, as they are settled here' },
  'media.md 1': { title: 'Envelope of status callbacks' },
  'media.md 2': { title: 'Playable sounds' },
  'media.md 3': { title: '`play`' },
  'media.md 4.1': { title: '`prompt`: properties' },
  'media.md 4.2': { title: '`prompt`: which inputs are active' },
  'media.md 4.3': { title: '`prompt`: what ends it' },
  'media.md 4.4': { title: '`prompt`: variables' },
  'media.md 4.5': { title: '`prompt`: callbacks' },
  'media.md 5.1': { title: 'Voices: how they are written' },
  'media.md 5.2': { title: 'Voices: how they are found' },
  'media.md 8': { title: '`denoise`, `stop_denoise`' },
  'flow.md model': { title: 'Frames, blocks, stack, end' },
  'flow.md 1': { title: '`cond`' },
  'flow.md 2': { title: '`switch`' },
  'flow.md 3': { title: '`execute`' },
  'flow.md 4': { title: '`return`' },
  'flow.md 5': { title: '`goto` and `label`' },
  'flow.md 6': { title: '`set` and `unset`' },
  'flow.md 7': { title: '`request`' },
  'flow.md 8': { title: '`transfer`' },
  'flow.md 9': { title: '`sleep`' },
  'flow.md 10': { title: '`user_event`' },
  'flow.md 11': { title: 'What runs before the answer' },
  'call-control.md 3.1': { title: '`connect`: whom it calls when' },
  'call-control.md 3.3': { title: '`connect`: properties' },
  'call-control.md 3.4': { title: '`connect`: what happens, and its variables' },
  'call-control.md 3.5': { title: '`connect`: `confirm`' },
  'call-control.md 3.6': { title: 'How legs end' },
  'call-control.md 9': { title: 'What answers a call' },
  'callbacks.md 1': { title: 'Envelope' },
  'callbacks.md 3.1': { title: '`calling.call.state`' },
  'callbacks.md 3.2': { title: '`calling.call.connect`' },
  'callbacks.md 3.4': { title: '`calling.call.play`' },
  'callbacks.md 3.5': { title: '`calling.call.collect`' },
  'callbacks.md 4': { title: 'Delivery' },
  'callbacks.md 6.2': { title: 'What is signed' },
  'document.md 1.3': { title: 'Steps and their short forms' },
  'document.md 1.4': { title: 'YAML' },
  'document.md 2': { title: 'Where documents come from' },
  'document.md 2.1': { title: 'Fetching' },
  'document.md 2.3': { title: 'What a document server is sent' },
  'document.md 3': { title: 'Scopes of variables' },
  'document.md 4.1': { title: 'Placeholders' },
  'document.md 4.2': { title: 'Substitution' },
  'document.md 4.3': { title: 'JavaScript in placeholders' },
  'document.md 4.4': { title: 'Where placeholders may stand' },
  'document.md 5.1': { title: 'How errors surface' },
  'document.md 5.2': { title: 'Error codes' },
  'document.md 6': { title: 'Limits' },
};

/** The section that a citation names: `flow.md 5, counter` and `record.md 8 #4` are in `flow.md 5`, `record.md 8`. */
export function sectionOf(citation: string): string {
  return citation.replace(/,.*$/s, '').replace(/ #\d+$/, '');
}
