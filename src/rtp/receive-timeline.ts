import { Concealment } from './concealment.ts';
import { FORGET_TICKS, KEEP_BEHIND_LAG_MS, KeptBehind } from './kept-behind.ts';
import { LossMarks } from './loss-marks.ts';
import type { RtpHeader } from './packet.ts';
import { MAX_PENDING, type PendingKind, PendingPackets } from './pending-packets.ts';
import { PlayoutDelay, START_DELAY_MS } from './playout-delay.ts';
import { Reception, type SequencePlace, type SourceReception } from './reception.ts';
import { type DecodeSamples, SampleRing } from './sample-ring.ts';
import { TickCounter } from './tick-counter.ts';
import type { PushResult, TimelineOptions, TimelineStatistics } from './timeline-types.ts';

/** Waiting packets carry their samples, not the bytes that these were. */
const NO_BYTES = new Uint8Array(0);
/** Longest payload that is taken, ms. */
export const MAX_PAYLOAD_MS = 200;

/** From the oldest position kept to the farthest that a sender may run ahead, ms. */
const RING_MS = 1500;
/** The first packet lies so far ahead of a head whose ticks are missing, at most: there is room for it and others, ms. */
const FIRST_AHEAD_MS = 1200;
/** A jump of the timestamps beyond loss and elapsed time that is no jitter any more, ms. */
const JUMP_MS = 100;
/** A talkspurt that comes this late without a gap in its timestamps follows a pause that they left out, ms. */
const STALE_SPURT_MS = 60;
/** Magnitude below which a passage may be hurried through: −38 dBFS. */
const QUIET = 400;

/**
 * The received audio of one stream, placed by RTP timestamp.
 *
 *     oldest      availableUntil                 head          receivedUntil
 *       |── kept ──|────────── lag ───────────────|── delay ────────|──── free ────|
 *                  recorders read up to here      live listeners read from here
 *
 * Positions are samples on the sender's timeline, counted from 0 at the start. Duplicates and reordering
 * settle by position, and what does not come stays silence. The head follows our clock, held or hurried by
 * whole ticks where the sender's clock or the network demand it, so what is recorded is never stretched.
 *
 * A packet that does not fit (another SSRC, timestamps that jumped or stood still) waits for the next one of
 * its kind. If that follows at the pace of its timestamps, both are placed where our clock puts them: the
 * stream is *anchored* anew. If it follows in a burst, the network had stalled, and the old anchor holds.
 */
export class ReceiveTimeline {
  readonly #perMs: number;
  /** Options in samples. */
  readonly #step: number;
  readonly #lag: number;
  readonly #maxDelay: number;
  readonly #maxPayload: number;
  /** So far ahead of a head whose ticks are missing the first packet may lie, as they will bring it there; undefined: a tick. */
  readonly #mostAhead: number | undefined;
  readonly ticks: TickCounter;
  readonly kept: KeptBehind;
  readonly delay: PlayoutDelay;
  readonly #ring: SampleRing;
  readonly #losses: LossMarks;
  readonly #reception: Reception;
  readonly #pending: PendingPackets;
  /** Undefined: what does not come is silent. */
  readonly #concealment: Concealment | undefined;
  readonly #onRewrite: (() => void) | undefined;

  #head = 0;

  #ssrc = -1;
  #formerSsrc = -1;
  /** Packets of the stream's source since another one began to wait. */
  #ownSinceOther = 0;
  /** Newest packet of the stream: its timestamp, position and length (0: none since the anchor). */
  #refTimestamp = 0;
  #refPosition = 0;
  #refLength = 0;
  /** Packets of the present anchor are not written before this position: it is their forerunners'. */
  #floor = 0;
  #receivedUntil = 0;
  readonly #counts = { late: 0, discarded: 0, foreign: 0, anchored: 0 };

  constructor(options: TimelineOptions) {
    const rate = options.rate ?? 8000;
    this.#perMs = rate / 1000;
    const tickMs = options.tickMs ?? 20;
    this.ticks = new TickCounter(tickMs, options.startMs);
    this.#step = this.#samples(tickMs);
    this.#lag = this.#samples(options.lagMs ?? 300);
    this.#maxDelay = this.#samples(options.maxDelayMs ?? 200);
    this.#maxPayload = this.#samples(MAX_PAYLOAD_MS);
    if (options.knowsArrivals === true) this.#mostAhead = this.#samples(FIRST_AHEAD_MS);
    const keep = this.#lag + this.#samples(KEEP_BEHIND_LAG_MS);
    const room = Math.max(this.#samples(RING_MS), 2 * (keep + this.#maxDelay));
    this.#ring = new SampleRing(room);
    this.#losses = new LossMarks(this.#ring);
    const longest = Math.max(keep, this.#samples(options.maxHeldMs ?? 0));
    this.kept = new KeptBehind({ usual: keep, room: this.#ring.capacity, longest });
    this.delay = new PlayoutDelay({
      step: this.#step,
      start: this.#samples(options.startDelayMs ?? START_DELAY_MS),
      minimum: this.#samples(options.minDelayMs ?? 20),
      maximum: this.#maxDelay,
    });
    this.#reception = new Reception(rate);
    this.#pending = new PendingPackets(this.#perMs, this.#maxPayload);
    if (options.conceal === true) this.#concealment = new Concealment(this.#ring, rate);
    this.#onRewrite = options.onRewrite;
  }

  /** Position of the first sample that live listeners have not had yet. */
  get head(): number {
    return this.#head;
  }

  /** Below this position nothing changes any more: as far as a recorder reads while it runs. */
  get availableUntil(): number {
    return Math.max(0, this.#head - this.#lag);
  }

  /** The first position that is still kept; those before it read as silence. */
  get oldest(): number {
    return this.#ring.oldest;
  }

  /** Behind the last sample that any packet brought. */
  get receivedUntil(): number {
    return this.#receivedUntil;
  }

  /** SSRC of the accepted source; −1 before the first packet. */
  get ssrc(): number {
    return this.#ssrc;
  }

  /** For report blocks (RFC 3550 6.4.1); the jitter in samples. And to know duplicates by. */
  get reception(): SourceReception & Pick<Reception, 'place' | 'countDuplicate'> {
    return this.#reception;
  }

  /**
   * Where an RTP timestamp of the present stream lies (a telephone-event's, say), which may be ahead of the
   * head or far off; undefined before the first packet.
   */
  positionAt(timestamp: number): number | undefined {
    if (this.#ssrc < 0) return undefined;
    return this.#refPosition + ((timestamp - this.#refTimestamp) | 0);
  }

  /** A snapshot; allocates. */
  statistics(): TimelineStatistics {
    return { ...this.#reception.statistics(), ...this.#counts };
  }

  /** Copies a range; positions that are not kept, or not yet, read as silence. */
  copyTo(dest: Int16Array, destOffset: number, from: number, count: number): void {
    this.#ring.copyTo(dest, destOffset, from, count);
  }

  /** Decides what stands in the gaps before `until`: for recorders that read beyond {@link availableUntil}. */
  settle(until: number): void {
    if (this.#ssrc >= 0) this.#concealment?.settle(Math.min(until, this.#ring.end));
  }

  /** Samples of a kept range that packets brought; the rest of it is silence. */
  receivedSamples(from: number, count: number): number {
    return this.#ring.countReceived(from, count);
  }

  /** Samples of a kept range that the sender sent, by its sequence numbers, and that did not come. */
  missingSamples(from: number, count: number): number {
    return this.#ring.countLost(from, count);
  }

  /**
   * Samples found missing only after recorders had passed them (an outage longer than the lag shows when it
   * is over). A recorder adds what this has grown by since its beginning.
   */
  get missingBehind(): number {
    return this.#losses.behind;
  }

  /**
   * Takes a packet of the audio payload type. `bytes` is the whole datagram that `header` describes, one byte
   * for each sample, or whatever `decode` takes for it; `arrivalMs` is our clock's reading. Keeps neither, and
   * allocates only for the first packet that waits.
   */
  push(header: RtpHeader, bytes: Uint8Array, decode: DecodeSamples, arrivalMs: number): PushResult {
    if (header.payloadLength === 0 || header.payloadLength > this.#maxPayload) return 'empty';
    if (header.ssrc !== this.#ssrc) {
      if (this.#ssrc >= 0) return this.#pushOther(header, bytes, decode, arrivalMs);
      this.#ssrc = header.ssrc;
      const clock = this.clockPosition(arrivalMs, this.#mostAhead);
      this.#anchor(header.timestamp, 0, clock);
      this.delay.open(arrivalMs, this.#refPosition - clock);
    }
    const place = this.#reception.place(header.sequence);
    if (place === 'duplicate') {
      this.#reception.countDuplicate();
      return 'duplicate';
    }
    if (place !== 'backward') {
      const misfit = this.#misfit(header, place, arrivalMs);
      if (misfit !== undefined) return this.#pushMisfit(misfit, header, bytes, decode, arrivalMs);
    }
    if (this.#pending.count > 0) this.#ownPacketFits(place);
    return this.#accept(header, bytes, decode, arrivalMs);
  }

  /**
   * Counts a packet of the same stream that carries no audio (telephone-event, comfort noise), so that its
   * sequence number does not pass for loss, nor its time for audio.
   * @param timestamp where it stands in the place of audio, as in {@link push}
   * @param noise `bytes` from `header.payloadOffset` on describe comfort noise (RFC 3389)
   * @param lasts samples for which it surely stands there: a key that is held for long began far behind the head
   */
  observe(header: RtpHeader, timestamp?: number, noise?: Uint8Array, lasts = 0): void {
    const place = this.#reception.place(header.sequence);
    if (header.ssrc !== this.#ssrc || place === 'jump') return;
    const at = timestamp === undefined ? Number.NaN : (this.positionAt(timestamp) ?? Number.NaN);
    const far = this.kept.usual + this.#maxDelay;
    const first = Math.max(this.#head - this.#lag, this.#floor, 0);
    if (place === 'forward' && Math.abs(at + lasts - this.#head) <= far)
      this.#markLoss(header, Math.min(at, this.#end), first, at + lasts);
    this.#reception.accept(header.sequence);
    if (Math.abs(at - this.#head) <= far) this.#concealment?.paused(at, noise, header.payloadOffset);
  }

  /**
   * Call every `tickMs`, late or not.
   * @returns samples that the head has moved: one tick's; 0 while it waits for a late sender; two ticks'
   * while it catches up. After a standstill of the process, all that was missed, which may be more than is
   * kept. The samples are those before {@link head}.
   */
  tick(nowMs: number): number {
    if (this.#pending.isOverdue(nowMs)) this.#pendingTimeout();
    const first = this.ticks.firstAt(nowMs);
    const ticks = this.ticks.tick(nowMs);
    if (ticks === 0) return 0;
    // Before the head moves: after a standstill, recorders can still fetch what lay before it.
    if (this.#head - this.kept.usual - this.#ring.oldest >= FORGET_TICKS * this.#step) this.#forget();
    return this.#advance(
      first === undefined ? ticks * this.#step + this.#adaptation() : Math.round(first * this.#step),
    );
  }

  /**
   * Before the first tick: takes the head to the present, if that tick comes late, after a standstill of the process.
   * @returns samples that the head has moved; 0 from the first tick on
   */
  makeUpStart(nowMs: number): number {
    const ticks = this.ticks.makeUpStart(nowMs);
    return ticks === 0 ? 0 : this.#advance(ticks * this.#step);
  }

  /** Whether a packet of our source lies too far ahead to be kept: lost, unless ticks are missing and come first. */
  lacksRoom(header: RtpHeader): boolean {
    if (header.ssrc !== this.#ssrc || this.#refLength === 0) return false;
    const end = this.#positionOf(header) + header.payloadLength;
    if (end <= this.#end) return false;
    this.#forget();
    return end > this.#end;
  }

  /** Where the head would be at a reading of the clock if it moved continuously; from its first tick on by `most` at most. */
  clockPosition(ms: number, most = this.#step): number {
    const since = this.ticks.since(ms) * this.#perMs;
    return this.#head + (this.ticks.isRunning ? Math.min(most, since) : since);
  }

  /** Where it would be then without the playout delay that it has got for the first packet. */
  undelayedAt(ms: number): number {
    return Math.round(this.clockPosition(ms) + this.delay.opened);
  }

  /** Nothing more will come: packets that wait for a successor are taken for what they seem to be. */
  judgePending(): void {
    if (this.#pending.count > 0) this.#pendingTimeout();
  }

  #advance(samples: number): number {
    this.#head += samples;
    if (this.#concealment !== undefined && this.#ssrc >= 0) {
      this.#concealment.live(this.#head - samples, this.#head);
      this.#concealment.settle(this.availableUntil);
    }
    return samples;
  }

  get #end(): number {
    return this.kept.endOf(this.#ring, this.#head);
  }

  /** Makes room ahead: as much as there is. */
  #forget(): void {
    this.kept.forget(this.#ring, this.#head, this.#receivedUntil);
  }

  #samples(ms: number): number {
    return Math.round(ms * this.#perMs);
  }

  #positionOf(header: RtpHeader): number {
    return this.#refPosition + ((header.timestamp - this.#refTimestamp) | 0);
  }

  /** What the playout delay adds to a tick, samples. */
  #adaptation(): number {
    const wish = this.delay.tick();
    let moved = 0;
    if (wish === 'hold') moved = -this.#step;
    else if (wish === 'hurry') moved = this.#step;
    else if (wish === 'catchUp' && this.#ring.peak(this.#head, 2 * this.#step) < QUIET) moved = this.#step;
    if (moved !== 0) this.delay.moved(moved);
    return moved;
  }

  /** Why a packet that is not older than the newest one does not fit the timeline; undefined if it does. */
  #misfit(header: RtpHeader, place: SequencePlace, arrivalMs: number): PendingKind | undefined {
    if (this.#refLength === 0) return undefined;
    const position = this.#positionOf(header);
    if (position < this.#refPosition) return 'jump';
    const margin = position - this.clockPosition(arrivalMs);
    const gap = position - this.#refPosition - this.#refLength;
    if (margin > this.#maxDelay + JUMP_MS * this.#perMs) {
      const unexplained = gap - (place === 'forward' ? this.#lostBefore(header) : 0);
      if (unexplained > JUMP_MS * this.#perMs) return 'jump';
      this.#forget();
      // Where our own process stood still, what there is no room for is lost, but nothing else.
      if (position + header.payloadLength > this.#end && !this.ticks.isLate(arrivalMs)) return 'stalled';
    }
    if (margin < -this.#lag) return 'stalled';
    if (margin < -STALE_SPURT_MS * this.#perMs) {
      if (header.marker && gap < this.#step) return 'stalled';
      if (this.#pending.kind === 'stalled' && this.#pending.continuedBy(header)) return 'stalled';
    }
    return undefined;
  }

  /** Samples that the packets missing before this one would fill. */
  #lostBefore(header: RtpHeader): number {
    const missing = this.#reception.distance(header.sequence) - 1;
    return missing * Math.max(this.#refLength, header.payloadLength);
  }

  /** @param until the packet is no audio, and lasts until there */
  #markLoss(header: RtpHeader, position: number, firstOpen: number, until?: number): void {
    const audioEnd = this.#refPosition + this.#refLength;
    this.#losses.before(position, audioEnd, this.#lostBefore(header), firstOpen, until);
  }

  #pushMisfit(
    kind: PendingKind,
    header: RtpHeader,
    bytes: Uint8Array,
    decode: DecodeSamples,
    arrivalMs: number,
  ): PushResult {
    const pending = this.#pending;
    if (pending.holds(header)) {
      this.#reception.countDuplicate();
      return 'duplicate';
    }
    if (!pending.continuedBy(header)) {
      this.#dismissPending();
    } else if (kind === 'jump' || pending.paced(header, arrivalMs)) {
      this.#anchorAtPending(header);
      return this.#accept(header, bytes, decode, arrivalMs);
    } else if (pending.count === MAX_PENDING) {
      this.#acceptPending(0);
      pending.shift();
    }
    pending.add(kind, header, bytes, decode, arrivalMs);
    return 'pending';
  }

  /** A packet of another source: it becomes ours when it goes on while ours is silent. */
  #pushOther(header: RtpHeader, bytes: Uint8Array, decode: DecodeSamples, arrivalMs: number): PushResult {
    const pending = this.#pending;
    if (pending.holds(header)) return 'duplicate';
    if (pending.kind !== 'source' || !pending.continuedBy(header)) {
      this.#dismissPending();
      this.#ownSinceOther = 0;
    } else if (pending.count > this.#ownSinceOther) {
      this.#changeSource(header);
      return this.#accept(header, bytes, decode, arrivalMs);
    }
    if (pending.count === MAX_PENDING) {
      this.#counts.foreign++;
      pending.shift();
    }
    pending.add('source', header, bytes, decode, arrivalMs);
    return 'pending';
  }

  /** A packet of our own source fits: those that wait are stray, another source's, or of a stall. */
  #ownPacketFits(place: SequencePlace): void {
    if (this.#pending.kind === 'source') {
      // One may have been overtaken by the first of a new source; two mean that ours is alive.
      if (++this.#ownSinceOther >= 2) this.#dismissPending();
    } else if (place !== 'backward') this.#dismissPending();
  }

  /** Nothing followed a waiting packet: it is taken for what it seems to be. */
  #pendingTimeout(): void {
    if (this.#pending.kind !== 'source') this.#anchorAtPending(undefined);
    else if (this.#pending.at(0).header.ssrc === this.#formerSsrc || this.#ownSinceOther > 0)
      this.#dismissPending();
    else this.#changeSource(undefined);
  }

  /** The packets that wait change nothing. Late ones of a stall may still have a place under the old anchor. */
  #dismissPending(): void {
    const { count, kind } = this.#pending;
    if (kind === 'source') this.#counts.foreign += count;
    else if (kind === 'jump') this.#counts.discarded += count;
    else for (let i = 0; i < count; i++) this.#acceptPending(i);
    this.#pending.clear();
  }

  #changeSource(next: RtpHeader | undefined): void {
    this.#formerSsrc = this.#ssrc;
    this.#ssrc = this.#pending.at(0).header.ssrc;
    this.#reception.forget();
    this.#anchorAtPending(next);
  }

  /** Anchors the stream at the arrival of the first waiting packet and places all that wait. */
  #anchorAtPending(next: RtpHeader | undefined): void {
    const pending = this.#pending;
    const { header: first, arrivalMs } = pending.at(0);
    let earliest = next === undefined ? 0 : Math.min(0, (next.timestamp - first.timestamp) | 0);
    for (let i = 1; i < pending.count; i++) {
      earliest = Math.min(earliest, (pending.at(i).header.timestamp - first.timestamp) | 0);
    }
    this.#anchor(first.timestamp, earliest, this.clockPosition(arrivalMs));
    for (let i = 0; i < pending.count; i++) this.#acceptPending(i);
    pending.clear();
  }

  /**
   * Puts `timestamp` where our clock says, yet so that the packet `earliest` (≤ 0) samples before it does
   * not run into what is there already.
   */
  #anchor(timestamp: number, earliest: number, clock: number): void {
    const byClock = Math.round(clock + this.delay.current);
    this.#forget();
    const free = Math.min(this.#receivedUntil, this.#end - MAX_PENDING * this.#maxPayload);
    this.#refTimestamp = timestamp;
    this.#refPosition = Math.max(byClock, free - earliest);
    this.#refLength = 0;
    this.#floor = free;
    this.delay.reset();
    this.#reception.breakTiming();
    this.#counts.anchored++;
  }

  #acceptPending(index: number): void {
    const { header, decode, arrivalMs } = this.#pending.at(index);
    this.#accept(header, NO_BYTES, decode, arrivalMs);
  }

  /** Places a packet under the present anchor. */
  #accept(header: RtpHeader, bytes: Uint8Array, decode: DecodeSamples, arrivalMs: number): PushResult {
    const place = this.#reception.place(header.sequence);
    const position = this.#positionOf(header);
    const end = position + header.payloadLength;
    const first = Math.max(this.#head - this.#lag, this.#floor, 0);
    if (end > this.#end) {
      this.#forget();
      if (end > this.#end) {
        this.#counts.discarded++;
        return 'overrun';
      }
    }
    if (place === 'forward') this.#markLoss(header, position, first);
    this.#reception.accept(header.sequence);
    this.#reception.timed(header.timestamp, arrivalMs);
    const margin = position - this.clockPosition(arrivalMs);
    // While ticks are missing, the head is not where the clock would have it: that says nothing about the network.
    if (margin <= this.#maxDelay || !this.ticks.isLate(arrivalMs)) this.delay.observe(margin);
    if (place !== 'backward') {
      this.#refTimestamp = header.timestamp;
      this.#refPosition = position;
      this.#refLength = header.payloadLength;
    }
    if (position < this.#head) this.#counts.late++;
    if (end <= first) {
      this.#counts.discarded++;
      return 'late';
    }
    if (position < this.#head) this.#onRewrite?.();
    const skipped = Math.max(0, first - position);
    this.#ring.write(
      position + skipped,
      decode,
      bytes,
      header.payloadOffset + skipped,
      header.payloadLength - skipped,
    );
    if (end > this.#receivedUntil) this.#receivedUntil = end;
    this.#concealment?.placed(position);
    return 'placed';
  }
}
