// Runs `python -m benchmarks` inside Pyodide: node pyodide.mjs PYODIDE REPOSITORY SITE_PACKAGES [ARGUMENT...]
// SITE_PACKAGES is where the host's Python keeps the libraries; only what is pure Python is shown of it.
import fs from "node:fs";
import path from "node:path";

const [pyodide, repository, sitePackages, ...args] = process.argv.slice(2);
const { loadPyodide } = await import(pyodide);
const python = await loadPyodide({ env: { HOME: "/home/pyodide", PYTHONDONTWRITEBYTECODE: "1" } });
python.mountNodeFS("/repository", repository);
python.mountNodeFS("/host", sitePackages);
const shared = path.join(repository, "..", "shared"); // of benchmarks/data.py
if (fs.existsSync(shared)) python.mountNodeFS("/shared", shared);
python.globals.set("arguments", python.toPy(args));
python.runPython(`
import os, re, sys

os.mkdir("/site-packages")
for name in os.listdir("/host"):
    if re.match("(avro|avro_ocf|fastavro)(-.*)?$", name):
        os.symlink("/host/" + name, "/site-packages/" + name)
sys.path += ["/repository", "/repository/src", "/site-packages"]
os.chdir("/repository")
from benchmarks.__main__ import main

main(list(arguments))
`);
