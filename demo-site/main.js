// The page: picks become events of a session, the engine answers, the list shows. The snapshot is ./npm.rk or
// what ?snapshot=URL names.
import { ReckonError, createEngine } from 'reckon';

const COUNT = 20;
const STARTERS = 8;
const byId = (id) => document.getElementById(id);
const [input, event, message, status] = ['pick', 'event', 'message', 'status'].map(byId);

/** Picks in order: {item, event}. The session is made anew from them, so that one can be removed. */
let picks = [];
let engine;

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function button(text, label, onClick) {
  const made = element('button', '', text);
  made.type = 'button';
  made.setAttribute('aria-label', label);
  made.addEventListener('click', onClick);
  return made;
}

const inListItem = (...children) => {
  const item = document.createElement('li');
  item.append(...children);
  return item;
};

function add(item, eventName = event.value) {
  if (!engine.has(item)) {
    message.textContent = `“${item}” is not in this catalogue.`;
    return false;
  }
  message.textContent = '';
  picks = [...picks.filter((pick) => pick.item !== item), { item, event: eventName }];
  show();
  return true;
}

/** For buttons that vanish with the list they are in: the keyboard's place goes back to the field. */
function addFromButton(item) {
  add(item);
  input.focus();
}

function remove(item) {
  picks = picks.filter((pick) => pick.item !== item);
  show();
  input.focus();
}

function show() {
  const session = engine.session();
  for (const pick of picks) session.record(pick);
  const { items, timing, funnel } = session.recommend({ count: COUNT, explain: true });
  showPicks();
  byId('answers').replaceChildren(...items.map(answerRow));
  const basis = picks.length === 0 ? 'popular here' : `for ${plural(picks.length, 'pick')}`;
  const time = Math.max(timing.totalMs, 0.1).toFixed(1);
  status.textContent =
    `${plural(items.length, 'item')} ${basis}, computed on this device in ${time} ms: ` +
    `${stagesText(funnel)}.`;
}

/** "412 candidates → first stage 100 → second stage 100 → 20": the stages that ran. */
function stagesText({ retrieved, first, second, answered }) {
  const steps = [plural(retrieved, 'candidate')];
  if (first > 0) steps.push(`first stage ${first}`);
  if (second > 0) steps.push(`second stage ${second}`);
  return [...steps, answered].join(' → ');
}

function showPicks() {
  const manyTypes = engine.info.eventTypes.length > 1;
  byId('picks').replaceChildren(
    ...picks.map((pick) => {
      const label = manyTypes ? `${pick.event}: ${pick.item}` : pick.item;
      return inListItem(button(`${label} ×`, `Remove ${label}`, () => remove(pick.item)));
    }),
  );
  byId('forget').hidden = picks.length === 0;
  byId('starters').hidden = picks.length > 0;
}

function answerRow({ item, title, rank, sources, reason, value }) {
  const what = element('div', 'what');
  what.append(element('div', 'name', item));
  if (title !== undefined && title !== item) what.append(element('div', 'title', title));
  const evidence = sources.map((source) => `${source.name} #${source.rank}`).join(' · ');
  what.append(element('div', 'why', `${reason} (${evidence || 'a rule'})`));
  if (value !== undefined) {
    const chances = value.map(({ task, probability }) => `${task} ${percent(probability)}`);
    what.append(element('div', 'why', `likely: ${chances.join(' · ')}`));
  }
  const more = button('Add', `Add ${item} to your picks`, () => addFromButton(item));
  const row = inListItem(element('span', 'rank', String(rank)), what, more);
  row.dataset.item = item;
  return row;
}

function prepare() {
  const { info } = engine;
  for (const { name } of info.eventTypes) event.append(new Option(name, name));
  event.hidden = byId('event-label').hidden = info.eventTypes.length < 2;

  const popular = engine.session().recommend({ count: 1000 }).items;
  byId('known').replaceChildren(...popular.map(({ item, title }) => new Option(title ?? '', item)));
  byId('starter-list').replaceChildren(
    ...popular
      .slice(0, STARTERS)
      .map(({ item }) => inListItem(button(item, `Add ${item}`, () => addFromButton(item)))),
  );
  const size = (info.bytes / 2 ** 20).toFixed(1);
  byId('about').textContent =
    `${info.items.toLocaleString('en')} items learnt from ${info.events.toLocaleString('en')} events; ` +
    `one file of ${size} MiB (${info.id.slice(0, 12)}).`;
  input.disabled = byId('add').disabled = false;
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;
const plural = (count, word) => `${count} ${word}${count === 1 ? '' : 's'}`;

byId('pick-form').addEventListener('submit', (submitted) => {
  submitted.preventDefault();
  if (add(input.value.trim())) input.value = '';
  input.focus();
});
byId('forget').addEventListener('click', () => {
  picks = [];
  show();
  input.focus();
});

try {
  const place = new URLSearchParams(location.search).get('snapshot') ?? './npm.rk';
  engine = await createEngine({ snapshot: new URL(place, location.href) });
  prepare();
  show();
} catch (error) {
  status.textContent = 'The snapshot could not be opened.';
  message.textContent =
    error instanceof ReckonError ? `${error.message} (${error.code})` : String(error);
  if (!(error instanceof ReckonError)) throw error;
}
