// Progress of a long command on stderr. On a terminal one line that is rewritten: stage, done of total,
// rate, time left. In a pipe one line a stage, when it is over, with its seconds. Seconds are measured
// here, from stage change to stage change: what is measured must not know of clocks (DESIGN §8).
import { count } from './terminal.js';

const REDRAW_MS = 100;
const LEAST_SECONDS_AGAIN = 0.1;

export interface StageSeconds {
  stage: string;
  seconds: number;
}

export class Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #now: () => number;
  #stage = '';
  #startMs = 0;
  #done = 0;
  #total = 0;
  #unit = '';
  #drawnMs = -Infinity;
  readonly #seconds = new Map<string, number>();

  constructor(stream: NodeJS.WriteStream = process.stderr, now = () => performance.now()) {
    this.#stream = stream;
    this.#now = now;
  }

  /** `total` 0: unknown. Another stage than before ends that one. */
  update(stage: string, done: number, total: number, unit: string): void {
    if (stage !== this.#stage) this.#begin(stage);
    this.#done = done;
    this.#total = total;
    this.#unit = unit;
    if (this.#stream.isTTY) this.#draw();
  }

  /** A line of text that does not get mixed up with the progress line. */
  note(text: string): void {
    this.clear();
    this.#stream.write(`reckon: ${text}\n`);
    this.#drawnMs = -Infinity;
  }

  /** Ends the last stage. */
  finish(): void {
    if (this.#stage === '') return;
    const seconds = (this.#now() - this.#startMs) / 1000;
    const before = this.#seconds.get(this.#stage);
    this.#seconds.set(this.#stage, (before ?? 0) + seconds);
    this.clear();
    // Stages that alternate many times a second would be all there is to read.
    if (before === undefined || seconds >= LEAST_SECONDS_AGAIN) {
      const amount = this.#total > 0 ? `, ${count(this.#total)} ${this.#unit}` : '';
      this.#stream.write(`reckon: ${this.#stage}: ${seconds.toFixed(1)} s${amount}\n`);
    }
    this.#stage = '';
  }

  /** Takes the progress line away. */
  clear(): void {
    if (this.#stream.isTTY) this.#stream.write('\r\x1b[K');
  }

  /** A stage that came again counts once, with all its time. */
  get stages(): StageSeconds[] {
    return [...this.#seconds].map(([stage, seconds]) => ({ stage, seconds }));
  }

  #begin(stage: string): void {
    this.finish();
    this.#stage = stage;
    this.#startMs = this.#now();
    this.#drawnMs = -Infinity;
  }

  #draw(): void {
    const now = this.#now();
    if (now - this.#drawnMs < REDRAW_MS) return;
    this.#drawnMs = now;
    const line = `reckon: ${this.#stage} ${this.#state((now - this.#startMs) / 1000)}`;
    this.#stream.write(`\r\x1b[K${line.slice(0, (this.#stream.columns || 80) - 1)}`);
  }

  #state(seconds: number): string {
    const [done, total] = [this.#done, this.#total];
    const parts: string[] = [];
    if (total > 0) parts.push(`${count(done)}/${count(total)} ${this.#unit}`);
    else if (done > 0) parts.push(`${count(done)} ${this.#unit}`);
    const rate = seconds > 0 ? done / seconds : 0;
    if (rate > 0) parts.push(`${rate < 10 ? rate.toFixed(1) : count(Math.round(rate))}/s`);
    if (rate > 0 && total > done) parts.push(`${Math.ceil((total - done) / rate)} s left`);
    return parts.join('  ');
  }
}
