// Runs a Python script inside Pyodide, beside D1 and R2, TURNS times, each in a new interpreter with the same database and bucket:
// node --experimental-wasm-jspi run.mjs PYODIDE REPOSITORY SITE_PACKAGES SCRIPT TURNS [ARGUMENT...]
// PYODIDE is the npm package. The script's coroutine function `main` returns the exit code. It finds all this as the module `harness`,
// runs in the repository, and may run coroutines to their end, which the option of node is for.
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { open } from "./bindings.mjs";

// Notes each use of what Pyodide's clocks, its entropy and its network are made of, until `end` is called.
function watch() {
  const used = [];
  const sources = [[Date, "now"], [performance, "now"], [crypto, "randomFillSync"], [globalThis.crypto, "getRandomValues"], [globalThis, "fetch"]];
  const originals = sources.map(([object, name]) => object[name]);
  for (const [object, name] of sources) {
    const original = object[name];
    object[name] = (...args) => {
      used.push(name);
      return original.apply(object, args);
    };
  }
  const end = () => sources.forEach(([object, name], index) => (object[name] = originals[index]));
  return { used, end };
}

const [pyodide, repository, sitePackages, script, turns, ...args] = process.argv.slice(2);
const { loadPyodide } = await import(pyodide);
const bindings = await open();
try {
  for (let turn = 0; turn < Number(turns); turn++) {
    const python = await loadPyodide({ env: { HOME: "/home/pyodide", PYTHONDONTWRITEBYTECODE: "1" } });
    python.mountNodeFS("/repository", repository);
    python.mountNodeFS("/host", sitePackages);
    python.registerJsModule("harness", { ...bindings, watch, turn, args: python.toPy(args) });
    // What the SDK finds in a Worker.
    python.registerJsModule("_cloudflare_compat_flags", {});
    python.registerJsModule("_pyodide_entrypoint_helper", { cloudflareWorkersModule: { env: bindings.env }, cloudflareSocketsModule: {} });
    python.runPython(`
import os, sys

os.mkdir("/site-packages")
os.symlink("/host/workers", "/site-packages/workers")
sys.path += ["/repository", "/repository/src", "/site-packages"]
os.chdir("/repository")
`);
    python.runPython(fs.readFileSync(path.join(import.meta.dirname, script), "utf8"), { filename: script });
    process.exitCode ||= await python.runPythonAsync("await main()");
  }
} finally {
  await bindings.close();
}
