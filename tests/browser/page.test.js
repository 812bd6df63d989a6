// The static page and the engine's browser build in headless Chromium: same answers as Node, usable by
// keyboard, clear when something is missing. Screenshots go to build/browser/.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { createEngine } from 'reckon';
import { generatedClusters, generatedSessions } from '../data/generated_log.js';
import { SHAPE, generatedSnapshot, runSeed, tasteSnapshot } from '../data/generated_snapshot.js';
import { tasteItem } from '../data/taste_log.js';
import { serveStatic } from './static_server.js';

const path = (relative) => fileURLToPath(new URL(`../../${relative}`, import.meta.url));
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const SEED = runSeed();
const SHOTS = path('build/browser');
const clusters = generatedClusters(SHAPE);
let snapshot;
let routes;
let server;
let browser;
let engine;

before(async () => {
  mkdirSync(SHOTS, { recursive: true });
  snapshot = await generatedSnapshot();
  engine = await createEngine({ snapshot });
  routes = {
    '/': path('demo-site/'),
    '/reckon/': path('js-bindings/engine/dist/'),
    '/npm.rk': snapshot,
    '/taste.rk': await tasteSnapshot(),
  };
  server = await serveStatic(routes);
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: FLAGS,
  });
});
after(async () => {
  await browser?.close();
  server?.close();
  engine?.dispose();
});

/** A page that must not raise errors nor ask any other server. */
async function withPage(place, body, options = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const problems = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== 'data:' && origin !== new URL(place).origin) problems.push(request.url());
  });
  try {
    await page.goto(place);
    await body(page);
    assert.deepEqual(problems, []);
  } finally {
    await context.close();
  }
}

const shown = (page) =>
  page.locator('#answers li').evaluateAll((rows) => rows.map((row) => row.dataset.item));
function inNode(picks, count = 20) {
  const session = engine.session();
  for (const pick of picks) session.record(pick);
  return session.recommend({ count });
}
const namesInNode = (picks) => inNode(picks).items.map(({ item }) => item);
const waitForList = (page) => page.locator('#answers li').first().waitFor();

test('the page shows popular items, then what goes with the picks typed in', async () => {
  await withPage(`${server.base}/`, async (page) => {
    await waitForList(page);
    assert.deepEqual(await shown(page), namesInNode([]));
    const picks = clusters[3].slice(0, 3).map((item) => ({ item, event: 'view' }));
    for (const { item } of picks) {
      await page.getByLabel('Item', { exact: true }).fill(item);
      await page.getByRole('combobox', { name: 'as' }).selectOption('view');
      await page.getByRole('button', { name: 'Add', exact: true }).click();
    }
    assert.deepEqual(await shown(page), namesInNode(picks));
    assert.match(await page.getByRole('status').textContent(), /20 items for 3 picks/);
    assert.match(
      await page.locator('#answers li .why').first().textContent(),
      /because you picked /,
    );
    await page.screenshot({ path: `${SHOTS}/light.png`, fullPage: true });

    await page.getByRole('button', { name: `Remove view: ${picks[1].item}` }).click();
    assert.deepEqual(await shown(page), namesInNode([picks[0], picks[2]]));
    await page.getByRole('button', { name: 'Forget all picks' }).click();
    assert.deepEqual(await shown(page), namesInNode([]));
  });
});

test('a snapshot with rankers: what is likely, the stages, and seeing less of something', async () => {
  await withPage(`${server.base}/?snapshot=/taste.rk`, async (page) => {
    await waitForList(page);
    const pick = async (item, event) => {
      await page.getByRole('combobox', { name: 'as' }).selectOption(event);
      await page.getByLabel('Item', { exact: true }).fill(item);
      await page.getByRole('button', { name: 'Add', exact: true }).click();
    };
    const status = () => page.getByRole('status').textContent();
    assert.match(await status(), /: \d+ candidates → 20\.$/, 'the blend answers who has no picks');
    await pick(tasteItem(1, 0), 'like');
    assert.match(await status(), /: \d+ candidates → first stage 100 → second stage 100 → 20\.$/);
    const why = (
      await page.locator('#answers li').first().locator('.why').allTextContents()
    ).join();
    assert.match(why, /similar #\d.*likely: click \d+\.\d % · like \d+\.\d % · see_less \d+\.\d %/);
    const [disliked] = await shown(page);
    await pick(disliked, 'see_less');
    assert.ok(!(await shown(page)).includes(disliked));
  });
});

test('the keyboard is enough', async () => {
  await withPage(`${server.base}/`, async (page) => {
    await waitForList(page);
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'pick');
    await page.keyboard.type('nobody knows it');
    await page.keyboard.press('Enter');
    assert.match(await page.getByRole('alert').textContent(), /“nobody knows it” is not in/);
    await page.keyboard.press('Control+A');
    await page.keyboard.type(clusters[5][2]);
    await page.keyboard.press('Enter');
    const first = engine.info.eventTypes[0].name;
    const picks = [{ item: clusters[5][2], event: first }];
    assert.deepEqual(await shown(page), namesInNode(picks));
    assert.equal(await page.getByRole('alert').textContent(), '');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'pick');

    const next = namesInNode(picks)[0];
    await page.getByRole('button', { name: `Add ${next} to your picks` }).press('Enter');
    assert.deepEqual(await shown(page), namesInNode([...picks, { item: next, event: first }]));
  });
});

test('dark, narrow, and with a snapshot named in the address', async () => {
  const place = `${server.base}/?snapshot=${encodeURIComponent('/npm.rk')}`;
  const options = { colorScheme: 'dark', viewport: { width: 360, height: 800 } };
  await withPage(
    place,
    async (page) => {
      await waitForList(page);
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(width <= 360, `the page is ${width} px wide`);
      await page.getByRole('button', { name: `Add ${namesInNode([])[1]}`, exact: true }).click();
      await page.screenshot({ path: `${SHOTS}/dark.png` });
    },
    options,
  );
});

test('a missing snapshot and a page in its place are explained', async () => {
  const cases = [
    ['/missing.rk', /missing\.rk: HTTP status 404 \(BAD_RESPONSE\)/],
    ['/index.html', /is an HTML page, not a Reckon file.*\(BAD_RESPONSE\)/],
    ['/style.css', /this is not a Reckon file.*\(BAD_MAGIC\)/],
  ];
  for (const [snapshotPlace, pattern] of cases) {
    await withPage(`${server.base}/?snapshot=${snapshotPlace}`, async (page) => {
      await page.locator('#message:not(:empty)').waitFor();
      assert.match(await page.getByRole('alert').textContent(), pattern);
      assert.ok(await page.getByLabel('Item', { exact: true }).isDisabled());
    });
  }
});

/** Runs in the page or in a worker: every session's items, and the same through a restored session. */
async function answerAll(sessions) {
  const { createEngine: create } = await import('/reckon/browser.js');
  const local = await create({ snapshot: '/npm.rk' });
  const answers = sessions.map((events) => {
    const session = local.session();
    for (const event of events) session.record(event);
    const state = JSON.parse(JSON.stringify(session.export()));
    const { items } = local.session({ restore: state }).recommend({ count: 20, explain: true });
    return items;
  });
  local.dispose();
  return answers;
}

function assertSameAsNode(answers, sessions) {
  assert.equal(answers.length, sessions.length);
  for (const [n, events] of sessions.entries()) {
    const session = engine.session();
    for (const event of events) session.record(event);
    assert.deepEqual(answers[n], session.recommend({ count: 20, explain: true }).items);
  }
}

test('answers equal those in Node, ids and scores, in a page and in a worker', async () => {
  const sessions = generatedSessions({ ...SHAPE, seed: SEED, count: 60 });
  await withPage(`${server.base}/`, async (page) => {
    assertSameAsNode(await page.evaluate(answerAll, sessions), sessions);
    const source =
      `const answerAll = ${answerAll};` +
      'onmessage = ({ data }) => answerAll(data).then(postMessage, (e) => postMessage(String(e)));';
    const inWorker = await page.evaluate(
      ([code, data]) =>
        new Promise((resolve) => {
          const absolute = code.replaceAll("'/", `'${location.origin}/`);
          const url = URL.createObjectURL(new Blob([absolute], { type: 'text/javascript' }));
          const worker = new Worker(url, { type: 'module' });
          worker.onmessage = (event) => resolve(event.data);
          worker.onerror = (event) => resolve(event.message);
          worker.postMessage(data);
        }),
      [source, sessions],
    );
    assertSameAsNode(inWorker, sessions);
  });
});

test('a server that does not know .wasm still works; one that sends a page for it is explained', async () => {
  const octets = await serveStatic(routes, { types: { '.wasm': 'application/octet-stream' } });
  const pages = await serveStatic(routes, { types: { '.wasm': 'text/html' } });
  try {
    await withPage(`${octets.base}/`, async (page) => {
      await waitForList(page);
      assert.deepEqual(await shown(page), namesInNode([]));
    });
    await withPage(`${pages.base}/`, async (page) => {
      await page.locator('#message:not(:empty)').waitFor();
      const text = await page.getByRole('alert').textContent();
      assert.match(
        text,
        /reckon\.wasm is an HTML page, not a WebAssembly module.*\(BAD_RESPONSE\)/,
      );
    });
  } finally {
    octets.close();
    pages.close();
  }
});
