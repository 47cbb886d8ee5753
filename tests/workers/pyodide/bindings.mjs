// D1 and R2 as a Worker has them, over Miniflare: `await open()` returns an `env` with two bindings each to one database and one bucket.
// The work is done by workerd's own D1 and R2. The classes here bear the names that a Worker sees and carry each call there and back
// by one HTTP request; Miniflare's own proxies do so too, but take some 40 ms for each `prepare` and `bind`.
import { Log, LogLevel, Miniflare } from "miniflare";

const SIMULATOR = `
const seen = (found) => found && { ...found, key: found.key, size: found.size, etag: found.etag, uploaded: found.uploaded.getTime() };
const calls = {
  batch: async (db, [], request) => (await request.json()).map(([sql, params]) => db.prepare(sql).bind(...params)),
  put: async (bucket, [key, options], request) => seen(await bucket.put(key, await request.arrayBuffer(), options)),
  head: async (bucket, [key]) => seen(await bucket.head(key)),
  delete: (bucket, [key]) => bucket.delete(key),
  list: async (bucket, [options]) => {
    const page = await bucket.list(options);
    return { ...page, objects: page.objects.map(seen) };
  },
};
const reset = async ({ DB, BUCKET }) => {
  const { results } = await DB.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf_*' AND name NOT GLOB 'sqlite_*'").all();
  const drops = results.map(({ name }) => DB.prepare('DROP TABLE "' + name + '"'));
  if (drops.length) await DB.batch([DB.prepare("PRAGMA defer_foreign_keys = on"), ...drops]);
  for (let page; !page || page.objects.length; ) {
    page = await BUCKET.list();
    if (page.objects.length) await BUCKET.delete(page.objects.map(({ key }) => key));
  }
};
export default {
  async fetch(request, env) {
    const [binding, method, ...args] = JSON.parse(decodeURIComponent(request.headers.get("call")));
    try {
      if (method === "reset") return Response.json((await reset(env)) ?? null);
      if (method === "get") {
        const found = await env[binding].get(...args);
        return new Response(found?.body, { headers: { answer: encodeURIComponent(JSON.stringify(seen(found))) } });
      }
      const answer = await calls[method](env[binding], args, request);
      return Response.json((method === "batch" ? await env[binding].batch(answer) : answer) ?? null);
    } catch ({ name, message }) {
      return Response.json({ name, message }, { status: 500 });
    }
  },
};`;

export async function open() {
  const miniflare = new Miniflare({
    modules: true,
    script: SIMULATOR,
    d1Databases: { DB: "database", DB2: "database" },
    r2Buckets: { BUCKET: "bucket", BUCKET2: "bucket" },
    compatibilityDate: "2026-07-01",
    cf: false,
    log: new Log(LogLevel.NONE),
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }], // past Miniflare's own worker, which takes longer than most calls
  });
  const url = await miniflare.unsafeGetDirectURL();
  let count = 0;

  async function call(parts, body) {
    count += 1;
    const response = await fetch(url, { method: "POST", headers: { call: encodeURIComponent(JSON.stringify(parts)) }, body });
    if (response.ok) return response;
    const { name, message } = await response.json();
    throw Object.assign(new Error(message), { name });
  }

  class D1PreparedStatement {
    constructor(statement, params = []) {
      this.statement = statement;
      this.params = params;
    }
    bind(...params) {
      return new D1PreparedStatement(this.statement, params);
    }
  }
  class D1Database {
    #name;
    constructor(name) {
      this.#name = name;
    }
    prepare(sql) {
      return new D1PreparedStatement(sql);
    }
    async batch(statements) {
      const body = JSON.stringify(statements.map(({ statement, params }) => [statement, params]));
      return (await call([this.#name, "batch"], body)).json();
    }
  }
  class HeadResult {
    constructor({ uploaded, ...seen }) {
      Object.assign(this, seen, { uploaded: new Date(uploaded) });
    }
  }
  class GetResult extends HeadResult {
    #response;
    constructor(seen, response) {
      super(seen);
      this.#response = response;
    }
    arrayBuffer() {
      return this.#response.arrayBuffer();
    }
  }
  class R2Bucket {
    #name;
    constructor(name) {
      this.#name = name;
    }
    async put(key, value, options) {
      const found = await (await call([this.#name, "put", key, options], value)).json();
      return found && new HeadResult(found);
    }
    async get(key, options) {
      const response = await call([this.#name, "get", key, options]);
      const found = JSON.parse(decodeURIComponent(response.headers.get("answer")));
      return found && new GetResult(found, response);
    }
    async head(key) {
      const found = await (await call([this.#name, "head", key])).json();
      return found && new HeadResult(found);
    }
    async delete(key) {
      await call([this.#name, "delete", key]);
    }
    async list(options) {
      const page = await (await call([this.#name, "list", options])).json();
      return { ...page, objects: page.objects.map((found) => new HeadResult(found)) };
    }
  }
  const env = { DB: new D1Database("DB"), DB2: new D1Database("DB2"), BUCKET: new R2Bucket("BUCKET"), BUCKET2: new R2Bucket("BUCKET2") };
  return { env, reset: () => call([null, "reset"]), count: () => count, close: () => miniflare.dispose() };
}
