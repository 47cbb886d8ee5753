// A Worker in workerd with Python 3.12, and its D1, R2 and queues, on a free port: node serve.mjs CONFIGURATION
// Prints the URL, then answers each line of standard input, a JSON object with an id, by a line when it is done, and ends with the input.
import childProcess from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import readline from "node:readline";
import { Log, LogLevel, Miniflare } from "miniflare-python312";

const { source, state, bindings, database, bucket, producer, consumers } = JSON.parse(process.argv[2]);
const children = [];
const { spawn } = childProcess;
childProcess.spawn = (...options) => {
  children.push(spawn(...options));
  return children.at(-1);
};

const read = (...parts) => fs.readFileSync(path.join(...parts));
const modules = fs
  .readdirSync(source, { recursive: true })
  .filter((name) => fs.statSync(path.join(source, name)).isFile())
  .map((name) => ({ type: name.endsWith(".py") ? "PythonModule" : "Text", path: name, contents: read(source, name).toString() }));

const miniflare = new Miniflare({
  host: "127.0.0.1",
  port: 0,
  cf: false,
  log: new Log(LogLevel.NONE),
  handleRuntimeStdio: (...streams) => streams.forEach((stream) => stream.pipe(process.stderr)),
  compatibilityDate: "2024-10-20",
  compatibilityFlags: ["python_workers", "nodejs_compat"],
  modules: [
    { type: "PythonModule", path: "harness.py", contents: read(import.meta.dirname, "harness.py").toString() },
    ...modules,
    { type: "ESModule", path: "pyodide:python-entrypoint-helper", contents: read(import.meta.dirname, "shim.js").toString() },
  ],
  bindings,
  d1Databases: database,
  d1Persist: path.join(state, "d1"),
  r2Buckets: bucket,
  r2Persist: path.join(state, "r2"),
  queueProducers: producer,
  queueConsumers: consumers,
});
console.log((await miniflare.ready).origin);
const worker = await miniflare.getWorker();
const env = await miniflare.getBindings();

const calls = {
  scheduled: ({ cron }) => worker.scheduled({ cron }),
  queue: ({ queue, messages }) => worker.queue(queue, messages.map((message) => ({ timestamp: new Date(), ...message }))),
  send: ({ binding, body }) => env[binding].send(body, { contentType: typeof body === "string" ? "text" : "json" }),
  sql: async ({ binding, sql, params = [] }) => (await env[binding].prepare(sql).bind(...params).all()).results,
  damage: async ({ binding, key, byte }) => {
    const data = new Uint8Array(await (await env[binding].get(key)).arrayBuffer());
    data[byte] ^= 255;
    await env[binding].put(key, data);
  },
  kill: () => {
    children.forEach((child) => child.kill("SIGKILL"));
    process.exit();
  },
};
for await (const line of readline.createInterface({ input: process.stdin })) {
  const { id, call, ...options } = JSON.parse(line);
  const answered = (answer) => console.log(JSON.stringify({ id, ...answer }));
  Promise.resolve(options)
    .then(calls[call])
    .then((answer) => answered({ answer: answer ?? null }), (error) => answered({ error: String(error) }));
}
await miniflare.dispose();
process.exit();
