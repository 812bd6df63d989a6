// Sessions as a person types them: "depend:express depend:koa".
import type { Engine, SessionEvent } from 'reckon';
import { Refusal, quote } from './failures.js';

/**
 * Tokens at white space; `event:item` where the part before the first colon is a known event, else an
 * item. A token that is neither, but looks like `event:item` (and not like a URL), names an unknown event.
 */
export function parseSession(engine: Engine, text: string): SessionEvent[] {
  const tokens = text.split(/\s+/).filter((token) => token !== '');
  return tokens.map((token) => ({ ...parseToken(engine, token), at: 0 }));
}

function parseToken(engine: Engine, token: string): SessionEvent {
  const names = engine.info.eventTypes.map(({ name }) => name);
  const [, event = '', item = ''] = /^([^:]+):(?!\/\/)(.+)$/.exec(token) ?? [];
  if (names.includes(event)) return { event, item };
  if (/^[a-z_][\w-]*$/i.test(event) && !engine.has(token))
    throw unknownEvent(engine, event, '--session');
  return { item: token };
}

export function unknownEvent(engine: Engine, event: string, where: string): Refusal {
  const known = engine.info.eventTypes.map(({ name }) => name).join(', ');
  return new Refusal(where, `${quote(event)} is no event of this snapshot; known are ${known}`);
}
