// One sentence a person understands: why this item is here.
import type { SourceName } from './types.js';

export interface Evidence {
  /** What to call the session's items that spoke for it, best first. */
  readonly because: readonly string[];
  readonly sources: readonly { readonly name: SourceName; readonly rank: number }[];
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

export function reasonFor({ because, sources }: Evidence): string {
  if (because.length > 0) return `because you picked ${because.join(' and ')}`;
  const [best] = [...sources].sort((a, b) => a.rank - b.rank);
  return best === undefined ? 'nothing better is known' : WORDS[best.name];
}
