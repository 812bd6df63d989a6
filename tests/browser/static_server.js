// A static file server on 127.0.0.1 for tests: URL prefixes mapped to folders or files, nothing else.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

/**
 * `routes`: {prefix: path}, the longest match wins; a prefix that ends in / maps a folder.
 * `types` overrides content types by extension.
 */
export async function serveStatic(routes, { types = {} } = {}) {
  const prefixes = Object.keys(routes).sort((a, b) => b.length - a.length);
  const resolve = (pathname) => {
    const prefix = prefixes.find((known) =>
      known.endsWith('/') ? pathname.startsWith(known) : pathname === known,
    );
    if (prefix === undefined) return undefined;
    const rest = normalize(`/${pathname.slice(prefix.length)}`);
    if (!prefix.endsWith('/')) return routes[prefix];
    return join(routes[prefix], rest === '/' ? 'index.html' : rest);
  };
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const file = resolve(decodeURIComponent(pathname));
    try {
      if (file === undefined) throw new Error('not mapped');
      const bytes = await readFile(file);
      const type = { ...TYPES, ...types }[extname(file)] ?? 'application/octet-stream';
      response.writeHead(200, { 'content-type': type }).end(bytes);
    } catch {
      response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>Not found</h1>');
    }
  });
  server.listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  return {
    base: `http://127.0.0.1:${server.address().port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
