// Rule documents (RULES.md) -> the u32 program that reckon.wasm runs (src/serve/rules_program.h). Validation and
// compilation are one walk: what is emitted is what was checked, and every refusal names its JSON path.
import { abi } from './abi.js';
import { RulesError, quote } from './errors.js';
import type { AttributeKind } from './types.js';

const { CONSTANTS } = abi;

/** What a document is compiled against. */
export interface RulesHost {
  readonly attributes: readonly { readonly name: string; readonly kind: AttributeKind }[];
  /** RK_NONE if the snapshot does not have it. */
  findItem(item: string): number;
  findValue(attribute: number, value: string): number;
}

export interface CompiledRules {
  readonly words: Uint32Array;
  /** Of each rule, as answers call it. */
  readonly names: readonly string[];
  /** It reserves positions for exploration. */
  readonly explores: boolean;
}

// The limits of rules.schema.json; those that a schema cannot express are checked here alone.
const MAX_NESTING = 16;
const MAX_CONDITIONS = 1000; // of three operators at most: the program may have RK_RULES_MAX_NODES
const MAX_AGED = CONSTANTS.RK_RULES_MAX_AGED / 3; // conditions of filters on age, for the same reason
const MAX_BRANCHES = 256;
const MAX_VALUES = 1000;
const MAX_ITEMS = 10_000;
const MAX_NAME = 100;
const MAX_DAYS = CONSTANTS.RK_RULES_MAX_HOURS / 24;
const MAX_NUMBER = 1e30; // a file keeps numbers within ±2⁶⁴, and 2¹⁰⁰ means none
const MAX_POSITION = CONSTANTS.RK_MAX_COUNT;

type Fields = Readonly<Record<string, unknown>>;

const COMMON = ['name', 'type'];
const RULE_FIELDS: Readonly<Record<string, readonly string[]>> = {
  filter: ['where'],
  exclude: ['items', 'where'],
  seen: ['where'],
  boost: ['where', 'places'],
  bury: ['where', 'places'],
  cap: ['attribute', 'where', 'most', 'window'],
  pin: ['item', 'position'],
  fresh: ['days', 'share'],
  share: ['where', 'share'],
  diversify: ['strength'],
  explore: ['every', 'first'],
};

const OPERATORS = ['equals', 'in', 'range', 'any', 'all', 'known'];
const CONDITIONS = ['attribute', 'items', 'ageDays', 'popularity', 'and', 'or', 'not'];

/** A document, a filter alone (its path begins with `$.filter`), or both: the filter is the last rule. */
export function compileRules(
  { document, filter }: { document?: unknown; filter?: unknown },
  host: RulesHost,
): CompiledRules {
  return new Compiler(host).compile(
    document === undefined && filter !== undefined ? NO_RULES : document,
    filter,
  );
}

const NO_RULES = { rules: [] };

class Compiler {
  readonly #host: RulesHost;
  readonly #words: number[] = [];
  readonly #names: string[] = [];
  readonly #counts = new Map<number, number>();
  #conditions = 0;
  #aged = 0; // conditions of filters and exclusions on age
  #asksAge = false; // the condition at hand

  constructor(host: RulesHost) {
    this.#host = host;
  }

  compile(document: unknown, filter: unknown): CompiledRules {
    const { $schema, rules } = fieldsOf(document, '$', ['$schema', 'rules']);
    if ($schema !== undefined) text($schema, '$.$schema');
    const list = arrayOf(rules, '$.rules', CONSTANTS.RK_RULES_MAX);
    this.#words.push(CONSTANTS.RK_RULES_MAGIC, CONSTANTS.RK_RULES_VERSION, 0, 0);
    list.forEach((rule, i) => this.#rule(rule, `$.rules[${i}]`, i));
    if (filter !== undefined) this.#filter(filter);
    this.#words[2] = this.#names.length;
    this.#words[3] = this.#words.length;
    return {
      words: Uint32Array.from(this.#words),
      names: this.#names,
      explores: this.#counts.has(CONSTANTS.RK_RULE_EXPLORE),
    };
  }

  #rule(value: unknown, path: string, number: number): void {
    const { type } = objectOf(value, path);
    const known = typeof type === 'string' && Object.hasOwn(RULE_FIELDS, type) ? type : undefined;
    if (known === undefined) {
      throw refused(`${path}.type`, type, `one of ${Object.keys(RULE_FIELDS).join(', ')}`);
    }
    const rule = fieldsOf(value, path, [...COMMON, ...(RULE_FIELDS[known] ?? [])]);
    this.#names.push(
      rule['name'] === undefined
        ? `${known} #${number + 1}`
        : text(rule['name'], `${path}.name`, MAX_NAME),
    );
    const begin = this.#words.length;
    this.#words.push(0);
    const code = this.#body(known, rule, path);
    if (this.#words.length > CONSTANTS.RK_RULES_MAX_WORDS) {
      throw new RulesError(path, 'up to here the lists are too long');
    }
    this.#words[begin] = code + (this.#words.length - begin) * 256;
  }

  #filter(where: unknown): void {
    if (this.#names.length === CONSTANTS.RK_RULES_MAX) {
      throw new RulesError('$.filter', `there are ${CONSTANTS.RK_RULES_MAX} rules already`);
    }
    this.#names.push('filter');
    const begin = this.#words.length;
    this.#words.push(0);
    this.#removing(where, '$.filter');
    this.#words[begin] = CONSTANTS.RK_RULE_FILTER + (this.#words.length - begin) * 256;
  }

  /** Numbers and condition of a rule; its type in the program. */
  #body(type: string, rule: Fields, path: string): number {
    switch (type) {
      case 'filter':
        this.#removing(rule['where'], `${path}.where`);
        return CONSTANTS.RK_RULE_FILTER;
      case 'exclude':
        return this.#exclude(rule, path);
      case 'seen':
        if (rule['where'] !== undefined) return this.#where(CONSTANTS.RK_RULE_SEEN, rule, path);
        this.#operator(CONSTANTS.RK_MATCH_TRUE);
        return CONSTANTS.RK_RULE_SEEN;
      case 'boost':
      case 'bury':
        this.#words.push(
          integer(rule['places'], `${path}.places`, 1, CONSTANTS.RK_RULES_MAX_PLACES),
        );
        return this.#where(
          type === 'boost' ? CONSTANTS.RK_RULE_BOOST : CONSTANTS.RK_RULE_BURY,
          rule,
          path,
        );
      case 'cap':
        return this.#cap(rule, path);
      case 'pin': {
        const item = text(rule['item'], `${path}.item`);
        const position = integer(rule['position'], `${path}.position`, 1, MAX_POSITION);
        this.#words.push(this.#host.findItem(item), position);
        return CONSTANTS.RK_RULE_PIN;
      }
      case 'fresh': {
        const days = number(rule['days'], `${path}.days`, 0, MAX_DAYS);
        this.#share(rule, path);
        this.#age(0, days);
        return CONSTANTS.RK_RULE_SHARE;
      }
      case 'share':
        this.#share(rule, path);
        return this.#where(CONSTANTS.RK_RULE_SHARE, rule, path);
      case 'diversify':
        this.#count(CONSTANTS.RK_RULE_DIVERSIFY, 1, 'diversify rule', path);
        this.#words.push(parts(rule['strength'], `${path}.strength`));
        return CONSTANTS.RK_RULE_DIVERSIFY;
      default: {
        this.#count(CONSTANTS.RK_RULE_EXPLORE, 1, 'explore rule', path);
        const every = integer(rule['every'], `${path}.every`, 1, MAX_POSITION);
        const first = rule['first'] === undefined ? every : rule['first'];
        this.#words.push(every, integer(first, `${path}.first`, 1, MAX_POSITION));
        return CONSTANTS.RK_RULE_EXPLORE;
      }
    }
  }

  #count(type: number, most: number, what: string, path: string): void {
    const count = (this.#counts.get(type) ?? 0) + 1;
    this.#counts.set(type, count);
    if (count > most) throw new RulesError(path, `there are more than ${most} ${what}`);
  }

  #where(code: number, rule: Fields, path: string): number {
    this.#condition(rule['where'], `${path}.where`, 1);
    return code;
  }

  /** The condition of a filter or an exclusion: one on age is asked of every item again when the hour changes. */
  #removing(where: unknown, path: string): void {
    const conditions = this.#conditions;
    this.#asksAge = false;
    this.#condition(where, path, 1);
    if (this.#asksAge) this.#aged += this.#conditions - conditions;
    if (this.#aged > MAX_AGED) {
      throw new RulesError(
        path,
        `filters and exclusions on age have more than ${MAX_AGED} conditions`,
      );
    }
  }

  #exclude(rule: Fields, path: string): number {
    if ((rule['items'] === undefined) === (rule['where'] === undefined)) {
      throw new RulesError(path, 'an exclude rule has either items or where');
    }
    if (rule['where'] !== undefined) this.#removing(rule['where'], `${path}.where`);
    else this.#items(rule['items'], `${path}.items`);
    return CONSTANTS.RK_RULE_EXCLUDE;
  }

  #cap(rule: Fields, path: string): number {
    this.#count(CONSTANTS.RK_RULE_CAP, CONSTANTS.RK_RULES_MAX_CAPS, 'cap rules', path);
    if ((rule['attribute'] === undefined) === (rule['where'] === undefined)) {
      throw new RulesError(path, 'a cap rule has either attribute or where');
    }
    const most = integer(rule['most'], `${path}.most`, 1, MAX_POSITION);
    let window = 0;
    if (rule['window'] !== undefined) {
      window = integer(rule['window'], `${path}.window`, 2, MAX_POSITION);
      if (window <= most) {
        throw refused(`${path}.window`, window, `more than most, which is ${most}`);
      }
    }
    this.#words.push(most, window);
    if (rule['attribute'] === undefined) {
      this.#words.push(CONSTANTS.RK_NONE);
      return this.#where(CONSTANTS.RK_RULE_CAP, rule, path);
    }
    const attribute = this.#attribute(rule['attribute'], `${path}.attribute`, 'a cap', [
      'category',
      'tags',
    ]);
    this.#words.push(attribute);
    return CONSTANTS.RK_RULE_CAP;
  }

  #share(rule: Fields, path: string): void {
    this.#count(
      CONSTANTS.RK_RULE_SHARE,
      CONSTANTS.RK_RULES_MAX_SHARES,
      'share and fresh rules',
      path,
    );
    this.#words.push(parts(rule['share'], `${path}.share`));
  }

  // ---- conditions

  #operator(operator: number, ...operands: number[]): void {
    this.#words.push(operator + operands.length * 256, ...operands);
  }

  #list(operator: number, values: Iterable<number>): void {
    const sorted = [...new Set(values)].filter((value) => value !== CONSTANTS.RK_NONE);
    sorted.sort((a, b) => a - b);
    this.#words.push(operator + sorted.length * 256);
    for (const value of sorted) this.#words.push(value);
  }

  #add(path: string): void {
    this.#conditions++;
    if (this.#conditions > MAX_CONDITIONS) {
      throw new RulesError(path, `there are more than ${MAX_CONDITIONS} conditions`);
    }
  }

  #condition(value: unknown, path: string, depth: number): void {
    if (depth > MAX_NESTING) {
      throw new RulesError(path, `conditions are nested deeper than ${MAX_NESTING}`);
    }
    this.#add(path);
    const fields = fieldsOf(value, path, [...CONDITIONS, ...OPERATORS]);
    const given = Object.keys(fields).filter((key) => fields[key] !== undefined);
    const kind = given.find((key) => CONDITIONS.includes(key));
    if (kind === undefined) {
      throw new RulesError(path, `a condition has one of ${CONDITIONS.join(', ')}`);
    }
    const wanted = kind === 'attribute' ? 2 : 1;
    const other = given.find((key) => key !== kind && !OPERATORS.includes(key));
    if (other !== undefined) throw new RulesError(path, `it has both ${kind} and ${other}`);
    if (given.length !== wanted) {
      const rule = wanted === 2 ? `attribute and one of ${OPERATORS.join(', ')}` : `${kind} alone`;
      throw new RulesError(path, `this condition has ${rule}`);
    }
    const inner = `${path}.${kind}`;
    switch (kind) {
      case 'attribute':
        return this.#test(fields, given.find((key) => key !== kind) ?? '', path);
      case 'items':
        return this.#items(fields['items'], inner);
      case 'ageDays': {
        const { low, high } = range(fields['ageDays'], inner, 0, MAX_DAYS);
        return this.#age(low, high);
      }
      case 'popularity': {
        const { low, high } = range(fields['popularity'], inner, 0, 1);
        return this.#operator(CONSTANTS.RK_MATCH_POPULARITY, f32(low), f32(high));
      }
      case 'not':
        this.#condition(fields['not'], inner, depth + 1);
        return this.#operator(CONSTANTS.RK_MATCH_NOT);
      default:
        return this.#join(kind, fields[kind], inner, depth);
    }
  }

  #join(kind: string, value: unknown, path: string, depth: number): void {
    const list = arrayOf(value, path, MAX_BRANCHES, 1);
    list.forEach((inner, i) => {
      this.#condition(inner, `${path}[${i}]`, depth + 1);
      if (i > 0) {
        this.#operator(kind === 'and' ? CONSTANTS.RK_MATCH_AND : CONSTANTS.RK_MATCH_OR);
      }
    });
  }

  #items(value: unknown, path: string): void {
    const items = arrayOf(value, path, MAX_ITEMS).map((item, i) => text(item, `${path}[${i}]`));
    this.#list(
      CONSTANTS.RK_MATCH_ITEMS,
      items.map((item) => this.#host.findItem(item)),
    );
  }

  #age(low: number, high: number): void {
    this.#asksAge = true;
    this.#operator(CONSTANTS.RK_MATCH_AGE, Math.round(low * 24), Math.round(high * 24));
  }

  /** The number of an attribute of one of these kinds. */
  #attribute(value: unknown, path: string, what: string, kinds: readonly AttributeKind[]): number {
    const name = text(value, path);
    const index = this.#host.attributes.findIndex((known) => known.name === name);
    const kind = this.#host.attributes[index]?.kind;
    if (kind === undefined) {
      const known = this.#host.attributes.map((attribute) => quote(attribute.name)).join(', ');
      throw refused(path, name, `an attribute of the snapshot: ${known || 'it has none'}`);
    }
    if (!kinds.includes(kind)) {
      const fitting = kinds.join(' or ');
      throw new RulesError(path, `${quote(name)} is a ${kind}, ${what} takes a ${fitting}`);
    }
    return index;
  }

  #test(fields: Fields, operator: string, path: string): void {
    const at = `${path}.${operator}`;
    const value = fields[operator];
    const attributeOf = (...kinds: AttributeKind[]): number =>
      this.#attribute(fields['attribute'], `${path}.attribute`, operator, kinds);
    switch (operator) {
      case 'known': {
        const attribute = attributeOf('category', 'tags', 'number');
        if (typeof value !== 'boolean') throw refused(at, value, 'true or false');
        this.#operator(CONSTANTS.RK_MATCH_KNOWN, attribute);
        if (!value) this.#operator(CONSTANTS.RK_MATCH_NOT);
        return;
      }
      case 'range': {
        const attribute = attributeOf('number');
        const { low, high } = range(value, at, -MAX_NUMBER, MAX_NUMBER);
        return this.#operator(CONSTANTS.RK_MATCH_NUMBER, attribute, f32(low), f32(high));
      }
      case 'equals': {
        const attribute = attributeOf('category', 'tags', 'number');
        return this.#oneOf(attribute, [value], () => at, path);
      }
      case 'in': {
        const attribute = attributeOf('category', 'tags', 'number');
        return this.#oneOf(attribute, arrayOf(value, at, MAX_VALUES), (i) => `${at}[${i}]`, path);
      }
      default: {
        const attribute = attributeOf('tags');
        const values = arrayOf(value, at, MAX_VALUES).map((tag, i) =>
          this.#host.findValue(attribute, text(tag, `${at}[${i}]`)),
        );
        if (operator === 'any') return this.#list(CONSTANTS.RK_MATCH_ANY, values);
        // A tag that no item has: none has all of them.
        const none = values.includes(CONSTANTS.RK_NONE);
        return none
          ? this.#operator(CONSTANTS.RK_MATCH_ANY)
          : this.#list(CONSTANTS.RK_MATCH_ALL, values);
      }
    }
  }

  #oneOf(
    attribute: number,
    values: readonly unknown[],
    at: (i: number) => string,
    path: string,
  ): void {
    if (this.#host.attributes[attribute]?.kind !== 'number') {
      return this.#list(
        CONSTANTS.RK_MATCH_ANY,
        values.map((value, i) => this.#host.findValue(attribute, text(value, at(i)))),
      );
    }
    const numbers = values.map((value, i) => number(value, at(i), -MAX_NUMBER, MAX_NUMBER));
    if (numbers.length === 0) this.#operator(CONSTANTS.RK_MATCH_ANY);
    numbers.forEach((value, i) => {
      if (i > 0) this.#add(path);
      this.#operator(CONSTANTS.RK_MATCH_NUMBER, attribute, f32(value), f32(value));
      if (i > 0) this.#operator(CONSTANTS.RK_MATCH_OR);
    });
  }
}

// ---- values, each with the path it is at

const bits = new DataView(new ArrayBuffer(4));
function f32(value: number): number {
  bits.setFloat32(0, value);
  return bits.getUint32(0);
}

function refused(path: string, value: unknown, expected: string): RulesError {
  const found = value === undefined ? 'it is missing' : `it is ${quote(value)}`;
  return new RulesError(path, `${found}, it must be ${expected}`);
}

const member = (path: string, key: string): string =>
  /^[A-Za-z_$][\w$]{0,60}$/.test(key) ? `${path}.${key}` : `${path}[${quote(key)}]`;

function objectOf(value: unknown, path: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return { ...value } as Fields; // its own fields, read once
  }
  throw refused(path, value, 'an object');
}

/** An object that has no other fields than these. */
function fieldsOf(value: unknown, path: string, allowed: readonly string[]): Fields {
  const fields = objectOf(value, path);
  for (const key of Object.keys(fields)) {
    if (!allowed.includes(key)) {
      throw new RulesError(member(path, key), `unknown field; known here: ${allowed.join(', ')}`);
    }
  }
  return fields;
}

function arrayOf(value: unknown, path: string, most: number, least = 0): readonly unknown[] {
  if (!Array.isArray(value)) throw refused(path, value, 'a list');
  if (value.length > most || value.length < least) {
    const range = least === 0 ? `at most ${most}` : `${least} to ${most}`;
    throw new RulesError(path, `it has ${value.length} entries, it may have ${range}`);
  }
  return Array.from<unknown>(value); // holes become undefined
}

function text(value: unknown, path: string, most = Infinity): string {
  if (typeof value !== 'string' || value === '') throw refused(path, value, 'a text');
  if (value.length > most) throw refused(path, value, `at most ${most} characters long`);
  return value;
}

function number(value: unknown, path: string, low: number, high: number): number {
  if (typeof value === 'number' && value >= low && value <= high) return value;
  throw refused(path, value, `a number from ${low} to ${high}`);
}

function integer(value: unknown, path: string, low: number, high: number): number {
  if (Number.isInteger(value)) return number(value, path, low, high);
  throw refused(path, value, `an integer from ${low} to ${high}`);
}

/** A share above 0, in ten-thousandths. */
function parts(value: unknown, path: string): number {
  if (value === 0) throw refused(path, value, 'above 0');
  return Math.max(1, Math.round(number(value, path, 0, 1) * CONSTANTS.RK_RULES_PARTS));
}

/** { min?, max? } with at least one of them. */
function range(
  value: unknown,
  path: string,
  lowest: number,
  highest: number,
): { low: number; high: number } {
  const { min, max } = fieldsOf(value, path, ['min', 'max']);
  if (min === undefined && max === undefined) {
    throw new RulesError(path, 'a range has min, max or both');
  }
  const low = min === undefined ? lowest : number(min, `${path}.min`, lowest, highest);
  const high = max === undefined ? highest : number(max, `${path}.max`, lowest, highest);
  if (low > high) throw new RulesError(path, `min is ${low}, which is above max, ${high}`);
  return { low, high };
}
