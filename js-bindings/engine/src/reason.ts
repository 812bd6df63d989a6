// One sentence a person understands: why this item is here.
import type { SourceName } from './types.js';

export interface Evidence {
  /** What to call the session's items that spoke for it, best first. */
  readonly because: readonly string[];
  /** `counts`: its weight in the blend is not 0. */
  readonly sources: readonly {
    readonly name: SourceName;
    readonly rank: number;
    readonly counts: boolean;
  }[];
  /** An explore slot drew it. */
  readonly isDraw: boolean;
  /** The rules of the request that had to do with its place. */
  readonly rules: readonly string[];
}

/** What a source alone says, where no item of the session speaks for the candidate. */
const WORDS: Readonly<Record<SourceName, string>> = {
  similar: 'often found with what you picked',
  session: 'fits what you picked',
  user: 'liked by people like you',
  nearby: 'popular near you',
  trending: 'rising fast',
  popular: 'popular with everyone',
  explore: 'new: shown to learn who likes it',
};

export function reasonFor({ because, sources, isDraw, rules }: Evidence): string {
  if (isDraw) return WORDS.explore;
  if (because.length > 0) return `because you picked ${because.join(' and ')}`;
  // One that counts before one that does not; of equal places the one that says more.
  const isPopular = ({ name }: { name: SourceName }): number => Number(name === 'popular');
  const [best] = [...sources].sort(
    (a, b) => Number(b.counts) - Number(a.counts) || a.rank - b.rank || isPopular(a) - isPopular(b),
  );
  if (best !== undefined) return WORDS[best.name];
  // Nobody brought it: it was pinned.
  return `put here by the rule “${rules.join('” and “')}”`;
}

/** Why somebody is asked about an item. */
export const questionReason = (because: string | undefined): string =>
  because === undefined
    ? 'many know it, and whether you like it says much'
    : `because you picked ${because}`;
