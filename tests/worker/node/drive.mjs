// Chromium without a window, as one npm package carries it, driven by Playwright: one line of JSON asks, one line answers.
// `{"page": 1, "call": "keyboard.press", "arguments": ["Tab"]}` calls that method of a page; a number that is new opens one, in a context
// of its own, and `arguments` are the options of that context. The answer is `{"value": ...}`, bytes as base64, or `{"error": "..."}`.
// It unpacks the browser into the folder for temporary files, which has to be this process's alone.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import packed, { inflate } from "@sparticuz/chromium";
import { chromium } from "playwright-core";

const FLAGS = [
  "--disable-quic",
  "--disable-dev-shm-usage",
  "--disable-background-networking",
  "--force-color-profile=srgb",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

const executablePath = await packed.executablePath();
const fonts = `${tmpdir()}/fonts`; // those alone, so that a page looks the same on each system
writeFileSync(`${fonts}/fonts.conf`, readFileSync(`${fonts}/fonts.conf`, "utf8").replaceAll("/tmp/", `${tmpdir()}/`));
process.env.FONTCONFIG_PATH = fonts;
if (spawnSync(executablePath, ["--version"]).status !== 0) {
  // The system lacks what the browser is linked with: the package brings that too.
  const libraries = new URL("../bin/al2023.tar.br", import.meta.resolve("@sparticuz/chromium"));
  process.env.LD_LIBRARY_PATH = `${await inflate(fileURLToPath(libraries))}/lib`;
}
const browser = await chromium.launch({ executablePath, args: FLAGS });
const pages = new Map();

async function open(number, options) {
  const context = await browser.newContext({ locale: "en-US", timezoneId: "UTC", ...options });
  const page = await context.newPage();
  const told = { requests: [], complaints: [] };
  page.on("request", (request) => told.requests.push(request.url()));
  page.on("console", (message) => told.complaints.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => told.complaints.push(`${error}`));
  const devtools = await context.newCDPSession(page);
  devtools.on("Audits.issueAdded", ({ issue }) => told.complaints.push(`issue: ${JSON.stringify(issue)}`));
  await devtools.send("Audits.enable");
  pages.set(number, { page, told });
}

async function answer({ page: number, call, arguments: given }) {
  if (!pages.has(number)) return open(number, ...given);
  const { page, told } = pages.get(number);
  if (call in told) return told[call];
  const path = call.split(".");
  const method = path.pop();
  const value = await path.reduce((object, name) => object[name], page)[method](...given);
  return Buffer.isBuffer(value) ? value.toString("base64") : value;
}

for await (const line of createInterface({ input: process.stdin })) {
  let told;
  try {
    told = { value: await answer(JSON.parse(line)) };
  } catch (error) {
    told = { error: `${error.stack}` };
  }
  process.stdout.write(`${JSON.stringify(told)}\n`);
}
await browser.close();
