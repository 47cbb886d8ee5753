// Under workerd, the Python runtime of 2024 exports `fetch` and `test` alone. This module has the name of that runtime's own, which is
// so hidden from the Worker but not from `getBuiltinModule`, and exports the other handlers through `test`, as production did.
import process from "node:process";

let namespace;
while (!namespace) {
  try {
    namespace = process.getBuiltinModule("pyodide:python-entrypoint-helper");
  } catch {
    await Promise.resolve(); // it is still being loaded
  }
}
const { fetch, test } = namespace.default;
export default { fetch, queue: test, scheduled: test };
