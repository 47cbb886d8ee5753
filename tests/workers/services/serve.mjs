// D1's REST API and R2's S3 API on a free port of this machine: prints its URL, and ends when its standard input does.
//
// R2's S3 API is Miniflare's own. So is D1 itself, but the REST API that Miniflare has for it runs a batch's statements one by one,
// not as one transaction. So a Worker answers here instead as Cloudflare's does; Miniflare's is there as well, at its own path.
import { Log, LogLevel, Miniflare } from "miniflare";

const [token, accessKeyId, secretAccessKey] = process.argv.slice(2);

const SCRIPT = `
const answer = (status, fields) => Response.json({ success: status === 200, errors: [], messages: [], result: null, ...fields }, { status });
const failure = (status, code, message) => answer(status, { errors: [{ code, message }] });

async function raw(database, { batch }) {
  if (!Array.isArray(batch)) return failure(400, 7400, "Invalid input");
  const texts = batch.every(({ sql, params }) => [sql, ...params].every((text) => typeof text === "string"));
  if (!texts) return failure(400, 7400, "Invalid input");
  try {
    const results = await database.batch(batch.map(({ sql, params }) => database.prepare(sql).bind(...params)));
    const result = results.map(({ success, meta, results: rows }) => {
      const columns = Object.keys(rows[0] ?? {});
      return { success, meta, results: { columns, rows: rows.map((row) => columns.map((column) => row[column])) } };
    });
    return answer(200, { result });
  } catch ({ message }) {
    return failure(message.includes("SQLITE_") ? 400 : 500, 7500, message.replace("D1_ERROR: ", ""));
  }
}

async function empty({ DB, BUCKET }) {
  const { results } = await DB.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf_*' AND name NOT GLOB 'sqlite_*'").all();
  const drops = results.map(({ name }) => DB.prepare('DROP TABLE "' + name + '"'));
  if (drops.length) await DB.batch([DB.prepare("PRAGMA defer_foreign_keys = on"), ...drops]);
  for (let page; !page || page.objects.length; ) {
    page = await BUCKET.list();
    if (page.objects.length) await BUCKET.delete(page.objects.map(({ key }) => key));
  }
}

async function fill({ BUCKET }, [content, ...keys]) {
  while (keys.length) await Promise.all(keys.splice(0, 100).map((key) => BUCKET.put(key, content)));
}

export default {
  async fetch(request, env) {
    const path = new URL(request.url).pathname;
    if (path === "/empty") return answer(200, { result: await empty(env) });
    if (path === "/fill") return answer(200, { result: await fill(env, await request.json()) });
    const [, account, id] = path.match("^/client/v4/accounts/([^/]+)/d1/database/([^/]+)/raw$") ?? [];
    if (request.headers.get("Authorization") !== "Bearer " + env.TOKEN) return failure(401, 10000, "Authentication error");
    if (account !== "account") return failure(403, 7403, "The given account is not valid or is not authorized to access this service");
    if (id !== "database") return failure(404, 7404, "The database " + id + " could not be found");
    return raw(env.DB, await request.json());
  },
};`;

const miniflare = new Miniflare({
  host: "127.0.0.1",
  port: 0,
  modules: true,
  script: SCRIPT,
  bindings: { TOKEN: token },
  d1Databases: { DB: "database" },
  r2Buckets: { BUCKET: { id: "bucket", s3Credentials: { accessKeyId, secretAccessKey } } },
  unsafeLocalExplorer: true,
  compatibilityDate: "2026-07-01",
  cf: false,
  log: new Log(LogLevel.ERROR),
});
process.stdin.resume().on("end", () => miniflare.dispose().then(() => process.exit()));
console.log((await miniflare.ready).origin);
