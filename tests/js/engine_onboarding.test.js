// What a session asks a new user, and what the answers do to it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { RequestError, createEngine } from 'reckon';
import { generatedClusters } from '../data/generated_log.js';
import { SHAPE, generatedSnapshot } from '../data/generated_snapshot.js';

const clusters = generatedClusters(SHAPE);
const clusterOf = (item) => clusters.findIndex((cluster) => cluster.includes(item));
let engine;

before(async () => {
  engine = await createEngine({ snapshot: await generatedSnapshot() });
});
after(() => engine.dispose());

const items = (questions) => questions.map(({ item }) => item);
const refuses = (code, pattern) => (error) => {
  assert.ok(error instanceof RequestError, String(error));
  assert.equal(error.code, code);
  assert.match(error.message, pattern);
  return true;
};

describe('onboarding', () => {
  test('asks about different items of different tastes, with a reason', () => {
    const questions = engine.session().onboarding();
    assert.equal(questions.length, 8);
    assert.equal(new Set(items(questions)).size, 8);
    assert.ok(new Set(items(questions).map(clusterOf)).size >= 4, String(items(questions)));
    for (const { item, reason, because, pick, known, gain } of questions) {
      assert.ok(engine.has(item));
      assert.equal(reason, 'many know it, and whether you like it says much');
      assert.equal(because, undefined);
      assert.ok(pick > 0 && pick <= 1 && known > 0 && known <= 1 && gain > 0);
    }
    assert.deepEqual(engine.session().onboarding(), questions);
  });

  test('a pick leads to its taste, a skip away from it', () => {
    const asked = (answer) => {
      const session = engine.session();
      const [{ item }] = session.onboarding({ count: 1 });
      assert.equal(session.answer({ item, answer, at: 0 }), true);
      const next = session.onboarding({ count: 64 });
      assert.ok(!items(next).includes(item));
      const same = next.filter((question) => clusterOf(question.item) === clusterOf(item));
      const sum = same.reduce((total, { pick }) => total + pick, 0);
      return { item, next, chance: sum / Math.max(1, same.length) };
    };
    const [picked, skipped] = [asked('pick'), asked('skip')];
    assert.ok(
      picked.chance > 0 && picked.chance > 1.5 * skipped.chance,
      `${picked.chance} ${skipped.chance}`,
    );
    const explained = picked.next.find(({ because }) => because !== undefined);
    assert.equal(explained.because, picked.item);
    assert.equal(explained.reason, `because you picked ${engine.title(picked.item)}`);
  });

  test('never asks twice, nor what is excluded, filtered out or in the session', () => {
    const session = engine.session();
    const seen = new Set([clusters[0][0], clusters[1][0]]);
    session.record({ item: clusters[0][0], at: 0 });
    const answers = ['pick', 'skip', 'unknown'];
    const filter = { not: { items: clusters[2] } };
    for (let i = 0; i < 40; i++) {
      const [question] = session.onboarding({ count: 1, exclude: [clusters[1][0]], filter });
      assert.ok(!seen.has(question.item), question.item);
      assert.notEqual(clusterOf(question.item), 2);
      seen.add(question.item);
      session.answer({ item: question.item, answer: answers[i % 3], at: 0 });
    }
  });

  test('the last answer counts, and a skipped item is not recommended', () => {
    const session = engine.session();
    const [item, other] = clusters[0];
    session.answer({ item, answer: 'unknown' });
    session.answer({ item, answer: 'skip' });
    assert.deepEqual([session.export().skipped, session.export().unknown], [[item], undefined]);
    session.record({ item: other, at: 0 });
    const listed = () => session.recommend({ count: 200 }).items.map((row) => row.item);
    assert.ok(!listed().includes(item));
    session.answer({ item, answer: 'unknown' });
    assert.ok(listed().includes(item));
    session.answer({ item, answer: 'pick', event: 'view', at: 0 });
    assert.deepEqual([session.export().skipped, session.export().unknown], [undefined, undefined]);
    assert.equal(session.size, 2);
  });

  test('an exported session asks on where it was; a forgotten one starts anew', () => {
    const session = engine.session();
    for (const answer of ['pick', 'skip', 'unknown', 'skip']) {
      const [{ item }] = session.onboarding({ count: 1 });
      session.answer({ item, answer, at: 0 });
    }
    const state = JSON.parse(JSON.stringify(session.export()));
    const restored = engine.session({ restore: state });
    assert.deepEqual(restored.onboarding(), session.onboarding());
    assert.deepEqual(restored.export(), state);
    session.forget();
    assert.deepEqual(session.onboarding(), engine.session().onboarding());
  });

  test('bad input is refused by name', () => {
    const session = engine.session();
    for (const count of [0, 65, 1.5, '3'])
      assert.throws(() => session.onboarding({ count }), refuses('BAD_ARGUMENT', /^count is/));
    assert.throws(() => session.onboarding(null), refuses('BAD_ARGUMENT', /^options is/));
    assert.throws(
      () => session.answer({ item: 'x', answer: 'no' }),
      refuses('BAD_ARGUMENT', /^answer is "?no"?, it must be 'pick', 'skip' or 'unknown'/),
    );
    assert.throws(
      () => session.answer({ item: 3, answer: 'skip' }),
      refuses('BAD_ARGUMENT', /^item is/),
    );
    assert.throws(() => session.answer(), refuses('BAD_ARGUMENT', /^answer is/));
    assert.equal(session.answer({ item: 'nobody has it', answer: 'skip' }), false);
    const restore = { ...session.export(), skipped: [3] };
    assert.throws(
      () => engine.session({ restore }),
      refuses('BAD_ARGUMENT', /^restore\.skipped is/),
    );
  });
});
