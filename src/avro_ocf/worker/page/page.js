// Names of datasets, tables and messages are anyone's text: they become text nodes and values of attributes, never markup.
const EVERY_MS = 30_000, PATIENCE_MS = 20_000, LAG_MS = 86_400_000, KEY = "avro-ocf-admin-token";
const $ = (id) => document.getElementById(id);

// Elements

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) if (value != null) node.setAttribute(name, value);
  node.append(...children.flat(2).filter((child) => child && child !== true));
  return node;
}
const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const s = (tag, attributes, ...children) => fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

// What has not changed keeps its elements, and so what is open, focused or selected in them.
const shown = new WeakMap();
function update(node, data, build) {
  const text = JSON.stringify(data);
  if (shown.get(node) !== text) node.replaceChildren(...[build(data)].flat());
  shown.set(node, text);
}

// Values

const count = (n) => n.toLocaleString("en");
const many = (n, one) => `${count(n)} ${one}${n === 1 ? "" : "s"}`;
function short(bytes) {
  let n = bytes, unit = 0;
  for (; Math.abs(n) >= 999.5 && unit < 5; unit++) n /= 1000;
  return `${unit && Math.abs(n) < 99.95 ? n.toPrecision(3) : Math.round(n)} ${["B", "kB", "MB", "GB", "TB", "PB"][unit]}`;
}
const size = (bytes) => h("data", { value: bytes, title: many(bytes, "byte") }, short(bytes));
const percent = (raw, cold) => (raw ? `${(100 - (100 * cold) / raw).toFixed(1)} %` : "–");
function span(ms) {
  if (ms < 1000) return `${ms} ms`;
  const seconds = ms / 1000, units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const at = units.findIndex(([length]) => seconds >= length), [length, unit] = units[at], [part, name] = units[at + 1] ?? [];
  const rest = Math.floor((seconds % length) / part);
  return part ? `${Math.floor(seconds / length)} ${unit}${rest ? ` ${rest} ${name}` : ""}` : `${seconds.toPrecision(3)} s`;
}
const duration = (ms) => h("data", { value: ms, title: `${count(ms)} ms` }, span(ms));
function clock(ms) {
  const local = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
  if (Number.isNaN(local.getTime())) return `${count(ms)} ms`; // later than any time that JavaScript has, and a store takes it
  return local.toISOString().replace(/T(.{8}).*/, " $1");
}
function time(ms) {
  const d = new Date(ms), exact = Number.isNaN(d.getTime()) ? null : d.toISOString();
  return h("time", { datetime: exact, title: exact }, clock(ms));
}
const text = (value) => h("bdi", null, value);
const id = (value) => h("bdi", { class: "id" }, value);
const cut = (value) => (value.length > 160 ? `${value.slice(0, 160)}…` : value);
const outcome = (value) => h("bdi", { class: value.startsWith("failed") ? "bad" : null }, value);

// Columns are [label, name of the value or a function of the row, format]. Narrow screens show rows as lists, hence the roles.
function table(rows, none, columns) {
  if (!rows.length) return h("p", { class: "note" }, none);
  const kind = (format) => ([count, size, duration, percent].includes(format) ? "n" : null);
  const cell = (row) => ([label, value, format]) => h("td", { role: "cell", "data-label": label, class: kind(format) },
    h("span", null, value instanceof Function ? value(row) : format(row[value])));
  return h("table", { role: "table" },
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" },
      columns.map(([label, , format]) => h("th", { role: "columnheader", scope: "col", class: kind(format) }, label)))),
    h("tbody", { role: "rowgroup" }, rows.map((row) => h("tr", { role: "row" }, columns.map(cell(row))))));
}

// Totals and state

function alerts(t) {
  const found = [], [run] = t.runs;
  if (t.is_paused) found.push("Archiving is paused.");
  if (t.is_resetting) found.push("A reset was not finished: run it again. Nothing comes in until then.");
  if (t.oldest_row_ms >= LAG_MS) found.push("The oldest hot row has waited for more than a day: is the archiver run?");
  if (run?.result.startsWith("failed")) found.push(["The latest run ", text(cut(run.result))]);
  for (const file of t.files) if (!file.is_consistent) found.push(["The blocks do not fill ", id(file.file_path), "."]);
  if (t.quarantined_records) found.push(`${many(t.quarantined_records, "record")} in quarantine.`);
  if (t.poison_messages) found.push(`${many(t.poison_messages, "poison message")} from queues.`);
  if (t.unknown_objects) found.push(`${many(t.unknown_objects, "object")} that no row knows: reindex the store.`);
  document.title = `${found.length ? `(${found.length}) ` : ""}Hot/cold store`;
  return found.length ? found.map((what) => h("li", null, what)) : h("li", { class: "well" }, "All is well.");
}

function totals(t) {
  const isEmpty = t.oldest_row_ms == null;
  const tile = (kind, name, value, ...note) =>
    h("div", { class: kind }, h("dt", null, name), h("dd", null, value, h("small", null, note)));
  return [
    tile("hot", "Hot records", count(t.hot_records), size(t.hot_bytes), " of rows"),
    tile("hot", "Oldest hot row", isEmpty ? "–" : duration(t.oldest_row_ms), isEmpty ? "nothing waits" : "old, not archived yet"),
    tile("cold", "Cold records", count(t.cold_records), size(t.cold_bytes), " of objects"),
    tile("cold", "Saved", percent(t.raw_bytes, t.cold_bytes), "of ", size(t.raw_bytes), " as rows"),
  ];
}

function state(t) {
  const line = (name, value, kind) => h("div", null, h("dt", null, name), h("dd", { class: kind }, value));
  const none = (name, n) => line(name, n == null ? "not looked for" : count(n), n ? "bad" : null);
  const fit = t.files.filter((file) => file.is_consistent).length;
  return [
    line("Archiving", t.is_paused ? "paused" : "on", t.is_paused ? "bad" : "ok"),
    line("Index fits", `${fit} of ${many(t.files.length, "file")}`, fit < t.files.length ? "bad" : "ok"),
    none("Records in quarantine", t.quarantined_records), none("Poison messages", t.poison_messages),
    none("Objects no row knows", t.unknown_objects), line("Records expired", count(t.expired_records)),
    line("Files staged", count(t.staged_files)), line("Files dead", count(t.dead_files)),
  ];
}

// What runs have archived: steps over time, in thousandths of the picture
function savings({ at_ms, history: points }) {
  if (!points.length) return h("p", { class: "note" }, "No run yet.");
  const { raw_bytes: raw, file_bytes: cold } = points.at(-1), from = points[0].at_ms;
  const width = Math.max(1, at_ms - from), top = Math.max(1, raw, cold);
  const x = (ms) => Math.round((1000 * (ms - from)) / width), y = (bytes) => Math.round(1000 - (1000 * bytes) / top);
  const steps = (of) => `M0,1000${points.map((point) => `H${x(point.at_ms)}V${y(point[of])}`).join("")}H1000`;
  const back = (of) => points.map((point) => `V${y(point[of])}H${x(point.at_ms)}`).reverse().join("");
  const path = (kind, d) => s("path", { class: kind, d });
  const key = (kind, name, bytes, more) => h("span", null, kind && h("i", { class: kind }), name, h("b", null, size(bytes), more));
  return [
    h("p", { class: "key" }, key("hot", "Rows archived ", raw), key("cold", "Objects made ", cold),
      key("", "Saved ", raw - cold, ` (${percent(raw, cold)})`)),
    h("div", { class: "chart" }, h("div", { class: "y" }, [top, top / 2, 0].map((bytes) => h("span", null, short(bytes)))),
      s("svg", { viewBox: "0 0 1000 1000", preserveAspectRatio: "none", role: "img",
        "aria-label": `Since ${clock(from)}, ${short(raw)} of rows became ${short(cold)} of objects` },
        path("grid", "M0,0H1000M0,500H1000"), path("base", `${steps("file_bytes")}V1000`),
        path("gain", steps("raw_bytes") + back("file_bytes")), path("raw", steps("raw_bytes")), path("file", steps("file_bytes"))),
      h("div", { class: "x" }, time(from), time(at_ms))),
  ];
}

// Files and their blocks. A header is drawn as a block without a dataset.

const isOne = (block) => block.dataset_id === block.last_dataset_id;
const ids = (block) => (isOne(block) ? id(block.dataset_id) : [id(block.dataset_id), " … ", id(block.last_dataset_id)]);

function drawn(block) {
  const rect = s("rect", { x: block.start_byte, width: block.length, height: 1, class: "head" });
  rect.block = block;
  if (block.dataset_id != null) {
    let hash = 2166136261;
    for (const character of block.dataset_id) hash = Math.imul(hash ^ character.codePointAt(0), 16777619);
    hash = Math.imul(hash ^ (hash >>> 15), 2246822519) >>> 8;
    rect.setAttribute("class", `${isOne(block) ? "one" : "many"} l${hash % 3}`);
    rect.style.setProperty("--h", (hash >>> 2) % 360);
  }
  return rect;
}

function describe(block) {
  const { dataset_id: first, last_dataset_id: last, block_count: blocks } = block, line = (...parts) => h("div", null, parts);
  const bytes = line(`start_byte ${count(block.start_byte)}, length ${count(block.length)}`);
  if (first == null) return [h("b", null, "header"), bytes];
  return [
    h("b", null, ids({ dataset_id: cut(first), last_dataset_id: cut(last) })),
    blocks > 1 ? line(many(blocks, "block"), ", drawn as one") : "", bytes,
    line(many(block.record_count, "record")), line(`${clock(block.start_timestamp)} to ${clock(block.end_timestamp)}`),
  ];
}

function point(rect) {
  const wanted = rect?.block.dataset_id;
  document.querySelector(".at")?.classList.remove("at");
  rect?.classList.add("at");
  $("files").classList.toggle("lit", wanted != null);
  for (const { block, classList } of document.querySelectorAll(".bar rect"))
    classList.toggle("on", wanted != null && block.dataset_id === wanted);
  $("tip").hidden = !rect;
  if (rect) $("tip").replaceChildren(...describe(rect.block));
  place();
}

function place() {
  const at = document.querySelector(".at")?.getBoundingClientRect(), { style, offsetWidth: width, offsetHeight: height } = $("tip");
  if (!at) return;
  style.left = `${Math.max(8, Math.min(at.left + (at.width - width) / 2, innerWidth - width - 20))}px`;
  style.top = `${at.top > height + 14 ? at.top - height - 6 : at.bottom + 6}px`;
}

function bar(file, blocks) {
  const list = [{ start_byte: 0, length: file.header_size ?? 0 }, ...blocks].map(drawn);
  let at = -1;
  const go = (to) => point(list[(at = Math.max(0, Math.min(to, list.length - 1)))]);
  const svg = s("svg", { class: blocks.length > 150 ? "bar dense" : "bar", viewBox: `0 0 ${Math.max(1, file.file_size)} 1`,
    preserveAspectRatio: "none", role: "img", tabindex: 0,
    "aria-label": `${file.file_path}: header and ${many(file.block_count, "block")}; arrow keys tell of each` }, list);
  svg.addEventListener("keydown", (event) => {
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: list.length }[event.key];
    if (event.key === "Escape") point(null);
    if (to === undefined) return;
    event.preventDefault();
    go(to);
  });
  point(null); // it may have been at a block of the bar that this one replaces
  const over = ({ target }) => (target === svg ? point(null) : go(list.indexOf(target)));
  svg.addEventListener("pointermove", over);
  svg.addEventListener("pointerdown", over);
  svg.addEventListener("pointerleave", ({ pointerType }) => pointerType === "mouse" && point(null));
  svg.addEventListener("blur", () => point(null));
  return svg;
}

function article({ file, blocks }) {
  const isMerged = blocks.length < file.block_count, number = (name) => [name, name, count];
  const columns = [["Dataset", ids], number("start_byte"), number("length"), ...(isMerged ? [number("block_count")] : []),
    number("record_count"), ["From", "start_timestamp", time], ["To", "end_timestamp", time]];
  const details = h("details", null, h("summary", null, "Blocks as a table"));
  details.addEventListener("toggle", () => details.children[1] ?? details.append(table(blocks, "No blocks.", columns)));
  const fact = (...parts) => h("span", null, parts);
  return [
    h("h3", null, text(file.file_path)),
    h("p", { class: "facts" }, fact(size(file.file_size), ", as rows ", size(file.raw_bytes)),
      fact(many(file.record_count, "record")),
      fact(many(file.block_count, "block"), isMerged && `, drawn as ${count(blocks.length)}`), fact("made ", time(file.created_at)),
      file.state !== "live" && h("b", null, file.state),
      file.is_consistent || h("b", { class: "bad" }, "index does not fit"),
      file.is_consistent && file.state === "live" && h("span", { class: "ok" }, "index fits")),
    bar(file, blocks),
    h("p", { class: "scale" }, fact("0"), size(file.file_size)),
    details,
  ];
}

const articles = new Map();
function files(t, blocks) {
  const latest = t.files.map((file) => file.id);
  for (const key of articles.keys()) if (!latest.includes(key)) articles.delete(key);
  for (const file of t.files) {
    if (!articles.has(file.id)) articles.set(file.id, h("article"));
    update(articles.get(file.id), { file, blocks: blocks.filter((block) => block.file_id === file.id) }, article);
  }
  update($("files"), latest, () => latest.map((key) => articles.get(key)));
  if (!latest.length) $("files").textContent = "Nothing is archived yet.";
  $("merged").hidden = blocks.every(isOne);
}

// The page

function show({ at_ms, status: t, tables_left_out, blocks, history }) {
  const list = (name, rows, none, columns) => update($(name), rows, () => table(rows, none, columns));
  update($("alerts"), t, alerts);
  update($("totals"), t, totals);
  update($("state"), t, state);
  update($("history"), { at_ms, history }, savings);
  files(t, blocks);
  list("runs", t.runs, "No run yet.", [["Started", "started_at_ms", time], ["Result", "result", outcome],
    ["Took", "duration_ms", duration], ["Records", "record_count", count], ["Blocks", "block_count", count],
    ["Objects", "file_count", count], ["Bytes of rows", "raw_bytes", size], ["of objects", "file_bytes", size],
    ["Quarantined", "quarantined_records", count]]);
  list("tables", t.tables, "No table yet.", [["Table", "table_name", text], ["Hot records", "hot_records", count],
    ["Hot bytes", "hot_bytes", size], ["Cold records", "cold_records", count], ["Cold bytes", "cold_bytes", size],
    ["Saved", (row) => percent(row.raw_bytes, row.cold_bytes), percent], ["Expired records", "expired_records", count]]);
  $("left").textContent = tables_left_out ? `and ${many(tables_left_out, "table")} of fewer bytes` : "";
  list("quarantine", t.quarantine, "Empty.", [["Row", "id", count], ["Dataset", "dataset_id", id], ["Table", "table_name", text],
    ["Time", "timestamp", time], ["Reason", "reason", text]]);
  list("poison", t.poison, "None.", [["Received", "received_at", time], ["Queue", "queue", text], ["Message", "message_id", id],
    ["Bytes", "byte_count", size], ["Reason", "reason", text]]);
  for (const name of ["quarantine", "poison"]) $(name).parentElement.hidden = !t[name].length;
  $("asof").replaceChildren("As of ", time(at_ms), ", refreshed every 30 s");
}

let token = "", timer = 0, askedAt = 0, isShown = false, kept = null;
try {
  kept = sessionStorage;
} catch {} // a browser may forbid it

function screen(problem) {
  $("error").textContent = problem;
  $("login").hidden = Boolean(token);
  $("buttons").hidden = !token;
  $("waiting").hidden = !token || isShown || Boolean(problem);
  $("data").hidden = $("asof").hidden = !token || !isShown;
}

function enter(value, problem = "") {
  isShown = false;
  clearTimeout(timer);
  token = value;
  if (value) kept?.setItem(KEY, value);
  else kept?.removeItem(KEY);
  screen(problem);
  if (value) ask();
  else $("token").focus();
}

function plan() {
  clearTimeout(timer);
  if (token && !document.hidden) timer = setTimeout(ask, Math.max(0, askedAt + EVERY_MS - Date.now()));
}

async function ask() {
  const asked = token;
  let problem = "";
  clearTimeout(timer);
  askedAt = Date.now();
  try {
    const answer = await fetch("overview", { headers: { authorization: `Bearer ${asked}` }, cache: "no-store", credentials: "omit",
      redirect: "error", signal: AbortSignal.timeout(PATIENCE_MS) });
    const told = await answer.json().catch(() => null);
    if (asked !== token) return;
    problem = answer.ok && told ? "" : `${answer.status}: ${told?.error?.message ?? "no reason is given"}.`;
    if ([401, 403].includes(answer.status)) return enter("", `The token was refused, ${problem}`);
    if (problem) problem = `The store answers ${problem}`;
    else {
      try {
        show(told);
        isShown = true;
      } catch { // this page may be older than the server by now
        problem = "The answer cannot be shown: load this page anew.";
      }
    }
  } catch ({ name }) {
    if (asked !== token) return;
    problem = name === "TimeoutError" ? "The server does not answer." : "The server cannot be reached.";
  }
  screen(problem && `${problem}${isShown ? " What is shown is older." : ""} The next try is in 30 s.`);
  plan();
}

function check(value) {
  if (/^[!-~]+$/.test(value)) enter(value);
  else enter("", "A token is made of visible ASCII characters.");
}

function takeFromAddress() {
  let [, found] = location.hash.match(/^#token=(.+)/) ?? [];
  if (!found) return false;
  history.replaceState(null, "", location.pathname + location.search);
  try {
    found = decodeURIComponent(found);
  } catch {} // then it is as it stands
  check(found);
  return true;
}

$("login").addEventListener("submit", (event) => {
  event.preventDefault();
  const value = $("token").value.trim();
  $("token").value = "";
  check(value);
});
$("refresh").addEventListener("click", ask);
$("forget").addEventListener("click", () => enter(""));
addEventListener("hashchange", takeFromAddress);
addEventListener("scroll", place, { passive: true });
document.addEventListener("visibilitychange", plan);
if (!takeFromAddress()) enter(kept?.getItem(KEY) ?? "");
