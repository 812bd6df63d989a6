// What crosses the boundary to the module, as JavaScript has it: requests down, answers up.
import type { NativeBandit } from './native_bandit.js';
import type { NativeRules } from './native_rules.js';

export interface NativeEvent {
  readonly item: number;
  readonly type: number;
  readonly at: number;
}

/** Degrees. */
export interface NativeLocation {
  readonly latitude: number;
  readonly longitude: number;
}

export interface NativeRequest {
  readonly session: readonly NativeEvent[];
  readonly exclude: readonly number[];
  /** Met before the session's events. */
  readonly seen: readonly number[];
  readonly count: number;
  readonly keepSeen: boolean;
  readonly location?: NativeLocation | undefined;
  /** Rows that userFeature() named, at most RK_MAX_USER_FEATURES. */
  readonly features: readonly number[];
  /** Of what is left to chance: high and low 32 bits. */
  readonly seed: readonly [high: number, low: number];
  /** Unix ms; 0: that of the last event. */
  readonly at: number;
  /** Unix ms, for the ages that rules ask for; 0: as `at`. */
  readonly rulesAt: number;
  /** RK_STAGES_…: how far down the funnel. */
  readonly stages: number;
  /** One a task; absent: the snapshot's. */
  readonly weights?: readonly number[] | undefined;
  /** One a slot, all RK_SOURCE_SLOTS of them; absent: the snapshot's. */
  readonly sourceWeights?: readonly number[] | undefined;
  readonly quotas?: readonly number[] | undefined;
  readonly rules?: NativeRules | undefined;
  /** By which explore slots draw; absent: all alike. */
  readonly bandit?: NativeBandit | undefined;
}

/** Items that were asked about and not picked. */
export interface NativeAnswers {
  readonly skipped: readonly number[];
  readonly unknown: readonly number[];
}

export interface NativeQuestion {
  readonly item: number;
  readonly pick: number;
  readonly known: number;
  readonly gain: number;
  readonly because: number;
}

export interface NativeRecommendation {
  readonly item: number;
  readonly score: number;
  readonly because: number;
  readonly also: number;
  readonly blend: number;
  readonly first: number;
  /** RK_STAGES_… of the last stage that scored it. */
  readonly stages: number;
  /** P(task), one a task; empty if the second stage did not run. */
  readonly probabilities: readonly number[];
  /** Nobody has met the item: score and probabilities are drawn between those of its neighbours. */
  readonly estimated: boolean;
  /** The sources that brought the item. */
  readonly evidence: readonly NativeEvidence[];
  /** 1-based place before the rules. */
  readonly ranked: number;
  /** Rules that had to do with its place, and those that its place breaks: bit r is rule r. */
  readonly rules: number;
  readonly gaveWay: number;
  /** With which exploration chose it; 0: it did not. */
  readonly propensity: number;
}

export interface NativeEvidence {
  readonly source: number;
  readonly rank: number;
  readonly score: number;
}

/** How many candidates each stage of the last query handed on. */
export interface NativeFunnel {
  readonly stages: number;
  /** One a source. */
  readonly brought: readonly number[];
  readonly retrieved: number;
  readonly first: number;
  readonly second: number;
  readonly removed: number;
  readonly answered: number;
}

export interface NativeTask {
  readonly type: number;
  readonly weight: number;
  readonly baseRate: number;
}

export interface NativeDescription {
  readonly contentId: string;
  readonly region: string;
  readonly fileBytes: number;
  readonly createdAt: number;
  readonly statsThrough: number;
  readonly events: number;
  readonly sessions: number;
  readonly seed: bigint;
  readonly items: number;
  readonly types: number;
  readonly dim: number;
  readonly timeKind: number;
  readonly partBytes: readonly number[];
  readonly places: number;
  readonly userFeatures: number;
  readonly tasks: number;
  readonly attributes: number;
}

export interface NativeSection {
  readonly type: string;
  readonly version: number;
  readonly flags: number;
  readonly elementBytes: number;
  readonly offset: number;
  readonly bytes: number;
  readonly count: number;
  readonly sha256: string;
}

export interface NativeFile {
  readonly kind: number;
  readonly readVersion: number;
  readonly writeVersion: number;
  readonly fileBytes: number;
  readonly contentId: string;
  readonly region: string;
  readonly createdAt: number;
  readonly sections: readonly NativeSection[];
}
