// A simulated world: people with hidden tastes over the content of real items, npm packages and the words of their
// names. What a person thinks of a package follows from its words, and from a quality of its own that nobody can
// read off it; so content says something of a new item, and only showing it says the rest.
//
//   word    -> a vector of `tastes` numbers                      item    -> mean of its words' vectors, unit length
//   person  -> a unit vector (one of a few types, and noise)     quality -> normal, `goodShare` of new items are good
//   chance of a click = sigmoid(logit(baseRate) + tasteWeight · ⟨person, item⟩ · 2 + quality)
//
// Everything follows from the seed and config.json.
import { readFileSync } from 'node:fs';
import { randomFrom } from '../data/generated_log.js';

export const CONFIG = JSON.parse(readFileSync(new URL('config.json', import.meta.url), 'utf8'));

const PEOPLE_TYPES = 12;
const START_S = Date.UTC(2025, 0, 1) / 1000;

export const wordsOf = (name) =>
  name
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');

export class World {
  /** `names`: real items, the most popular first. */
  constructor(names, seed, config = CONFIG) {
    this.config = config;
    this.random = randomFrom(seed);
    this.wordVectors = new Map();
    this.items = this.#shuffled(names.slice(0, config.packages)).map((name) => this.#item(name));
    this.fresh = this.items.slice(0, config.newItems);
    this.known = this.items.slice(config.newItems);
    const good = Math.round(config.goodShare * config.newItems);
    this.fresh.forEach((item, i) => {
      item.quality =
        (i * good) % config.newItems < good
          ? config.goodQuality
          : -0.5 + config.qualitySpread * this.#normal();
    });
    this.types = Array.from({ length: PEOPLE_TYPES }, () => this.#unit());
    this.byName = new Map(this.items.map((item) => [item.name, item]));
  }

  #normal() {
    const radius = Math.sqrt(-2 * Math.log(1 - this.random()));
    return radius * Math.cos(2 * Math.PI * this.random());
  }

  #unit() {
    return normalized(Array.from({ length: this.config.tastes }, () => this.#normal()));
  }

  #shuffled(list) {
    return list
      .map((value) => [this.random(), value])
      .sort(([a], [b]) => a - b)
      .map(([, value]) => value);
  }

  #item(name) {
    const vectors = wordsOf(name).map((word) => {
      const known = this.wordVectors.get(word) ?? this.#unit();
      this.wordVectors.set(word, known);
      return known;
    });
    const own = this.#unit();
    const sum = own.map((value, d) => 0.3 * value + vectors.reduce((all, v) => all + v[d], 0));
    return { name, vector: normalized(sum), quality: this.config.qualitySpread * this.#normal() };
  }

  /** Somebody new. */
  person() {
    const type = this.types[Math.floor(this.random() * PEOPLE_TYPES)];
    const noise = this.#unit();
    return normalized(type.map((value, d) => value + 0.5 * noise[d]));
  }

  /** How likely this person clicks on this item, once it is shown. */
  chance(person, { vector, quality }) {
    const { baseRate, tasteWeight } = this.config;
    const affinity = vector.reduce((sum, value, d) => sum + value * person[d], 0);
    const logit = Math.log(baseRate / (1 - baseRate)) + 2 * tasteWeight * affinity + quality;
    return 1 / (1 + Math.exp(-logit));
  }

  clicks(person, item) {
    return this.random() < this.chance(person, item);
  }

  /** `count` different known items that this person would take, by the same chances. */
  taken(person, count) {
    const weights = this.known.map((item) => this.chance(person, item));
    const keyed = weights.map((weight, i) => [-Math.log(1 - this.random()) / weight, i]);
    return keyed
      .sort(([a], [b]) => a - b)
      .slice(0, count)
      .map(([, i]) => this.known[i]);
  }

  /** Mean chance of each new item among many people: what it deserves. */
  deserts(people = 2000) {
    const sums = this.fresh.map(() => 0);
    for (let i = 0; i < people; i++) {
      const person = this.person();
      this.fresh.forEach((item, n) => {
        sums[n] += this.chance(person, item) / people;
      });
    }
    return sums;
  }

  /** CSV user,item,time of what people took before there were new items. */
  log() {
    const { users, history } = this.config;
    const rows = ['user,item,time'];
    for (let user = 0; user < users; user++) {
      this.taken(this.person(), history).forEach(({ name }, i) =>
        rows.push(`u${user},${name},${START_S + user * 600 + i * 60}`),
      );
    }
    return `${rows.join('\n')}\n`;
  }

  /** CSV item,words of the known items. */
  catalogue() {
    const rows = this.known.map(({ name }) => `${name},${wordsOf(name).join('|')}`);
    return `item,words\n${rows.join('\n')}\n`;
  }
}

function normalized(vector) {
  const norm = Math.hypot(...vector) || 1;
  return vector.map((value) => value / norm);
}
