// Runs pytest inside Pyodide: node run.mjs REPOSITORY SITE_PACKAGES [PYTEST ARGUMENT...]. The exit code is pytest's.
// SITE_PACKAGES is where the host's Python keeps pytest and hypothesis. Those are pure Python; nothing else there is shown to Pyodide.
import { loadPyodide } from "pyodide";

const [repository, sitePackages, ...pytestArguments] = process.argv.slice(2);
const python = await loadPyodide({
  env: {
    HOME: "/home/pyodide",
    HYPOTHESIS_STORAGE_DIRECTORY: "/tmp/hypothesis",
    PYTEST_DISABLE_PLUGIN_AUTOLOAD: "1",
    PYTHONDONTWRITEBYTECODE: "1",
  },
});
python.mountNodeFS("/repository", repository);
python.mountNodeFS("/host", sitePackages);
python.globals.set("pytest_arguments", python.toPy(pytestArguments));
process.exitCode = python.runPython(`
import os, re, sys

os.mkdir("/site-packages")
for name in os.listdir("/host"):
    if re.match("_?(pytest|hypothesis)|(iniconfig|packaging|pluggy|pygments|sortedcontainers)(-.*)?$|py[.]py$", name):
        os.symlink("/host/" + name, "/site-packages/" + name)
sys.path += ["/repository/src", "/site-packages"]
os.chdir("/repository")
import pytest

print(f"Python {sys.version.split()[0]} on {sys.platform}, sys.maxsize {sys.maxsize}")
plugins = ["-p", "_hypothesis_pytestplugin", "-p", "no:cacheprovider", "-p", "no:faulthandler"]
int(pytest.main([*plugins, "--capture=sys", *pytest_arguments]))
`);
