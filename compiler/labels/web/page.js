// What a person sees and presses. Everything that is shown is set as text, never as markup: answers are untrusted.
"use strict";
const $ = (id) => document.getElementById(id);
const KINDS = { present: "Kept or not", likert: "Rating", refusal: "Refusal", span: "Marking", pairwise: "Pairs" };
const ROLES = { system: "Told beforehand", user: "User", assistant: "Assistant" };
let task = null, name = localStorage.getItem("tenet-name") || "", busy = false;
let words = [], cursor = 0, begun = null, spans = [], kind = "", clause = "";

// The token came with the address; the cookie has it now, and it need not stay in sight.
if (location.search) history.replaceState(null, "", "/");

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

// ---------------------------------------------------------------- the server

async function ask(what, more) {
  const body = JSON.stringify({ annotator: name, kind, clause_id: clause, ...more });
  const asked = { method: "POST", headers: { "Content-Type": "application/json" }, body };
  let reply;
  for (let tries = 0; ; tries++) {
    // Sent again with the same nonce, a label counts once.
    try { reply = await fetch("/api/" + what, asked); break; }
    catch (error) { if (tries === 2) throw new Error("The server does not answer. Is `tenet label` still running? Nothing is lost: try again."); }
    await new Promise((go) => setTimeout(go, 400 * (tries + 1)));
  }
  const found = await reply.json();
  if (!reply.ok) throw new Error(found.error);
  return found;
}

async function act(what, more, spoken) {
  if (busy) return;
  busy = true;
  document.body.setAttribute("aria-busy", "true");
  try {
    const reply = await ask(what, more);
    $("trouble").hidden = true;
    show(reply);
    if (spoken) $("said").textContent = spoken + (what === "undo" && !reply.undone ? " There is nothing to undo." : "");
  } catch (error) {
    $("trouble").textContent = error.message;
    $("trouble").hidden = false;
  } finally {
    busy = false;
    document.body.removeAttribute("aria-busy");
  }
}

function nonce() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function label(value, spoken) {
  if (task) act("label", { key: task.key, value, note: $("note").value, nonce: nonce() }, `Stored: ${spoken}.`);
}
const undo = () => act("undo", { nonce: nonce() }, "Undone.");
const skip = () => task && act("skip", { key: task.key, note: $("note").value, nonce: nonce() }, "Skipped.");

// ---------------------------------------------------------------- showing

function show(reply) {
  task = reply.task;
  document.title = `${reply.title}: label answers`;
  $("title").textContent = reply.title;
  const { labelled, skipped, all } = reply.progress;
  $("count").textContent = `${labelled} of ${all} labelled` + (skipped ? `, ${skipped} skipped` : "");
  $("bar").max = Math.max(all, 1);
  $("bar").value = labelled + skipped;
  $("progress").hidden = $("menu").hidden = $("filters").hidden = false;
  fill($("kind"), reply.groups.kinds, kind, (one) => KINDS[one]);
  fill($("clause"), reply.groups.clauses, clause, (one) => one);
  $("who").hidden = true;
  $("task").hidden = !task;
  $("done").hidden = Boolean(task);
  if (task) return showTask();
  $("done-title").textContent = all ? "Nothing is left here" : "There is no such task";
  $("done-text").textContent = !all ? "This clause has no task of this kind: choose others above." : `You have labelled ${labelled} and skipped ${skipped} of ${all} tasks` + (kind || clause ? " of this selection." : ".");
  $("again").hidden = !skipped;
  $("undo-last").hidden = !(labelled + skipped);
  $("all").hidden = !(kind || clause);
  $("done-title").focus();
}

function fill(select, values, chosen, called) {
  select.replaceChildren(new Option("All", ""), ...values.map((one) => new Option(called(one), one)));
  select.value = chosen;
}

function showTask() {
  $("clause-id").textContent = task.clause;
  $("says").textContent = task.says;
  $("examples").hidden = !task.examples.length;
  $("example-list").replaceChildren(...task.examples.map((example) => {
    const item = make("li", "", `${example.sort}: “${example.answer}” `);
    if (example.why) item.append(make("span", "why", example.why));
    return item;
  }));
  const turns = (task.context ? [{ role: "system", content: task.context }] : []).concat(task.messages);
  $("conversation").replaceChildren(...turns.map((turn) => {
    const line = make("p", `turn ${turn.role}`);
    line.append(make("span", "by", ROLES[turn.role]), turn.content || "(its own first answer, which was not kept)");
    return line;
  }));
  $("asks").textContent = task.asks;
  $("answers").replaceChildren(...task.answers.map((text, place) => {
    const card = make("div", "answer");
    const title = task.answers.length > 1 ? (place ? "Second answer" : "First answer") : "Answer";
    const shown = make("div", text ? "text" : "text empty", text || "(nothing was said)");
    card.append(make("h3", "", title), shown);
    return card;
  }));
  const before = task.before || {};
  $("note").value = before.note || "";
  toggleNote(Boolean(before.note));
  showChoices(before.value);
  spans = task.kind === "span" && before.value ? before.value : [];
  if (task.kind === "span") startMarking();
  window.scrollTo(0, 0);
  if (task.kind !== "span") $("asks").focus({ preventScroll: true });
}

function showChoices(before) {
  const keys = keysOf(task);
  $("spans").hidden = task.kind !== "span";
  $("choices").hidden = task.kind === "span";
  // On a narrow screen buttons have no room for hints, which then stand here; the ends of a scale are always needed.
  const hinted = task.choices.filter((choice) => choice.hint);
  $("hints").hidden = !hinted.length;
  $("hints").open = task.kind === "likert";
  $("hint-list").replaceChildren(...hinted.flatMap((choice) => [make("dt", "", choice.label), make("dd", "", choice.hint)]));
  $("choices").className = task.choices.length === 5 ? "five" : "";
  $("choices").replaceChildren(...task.choices.map((choice, place) => {
    const button = make("button");
    button.type = "button";
    button.append(make("span", "", choice.label), make("kbd", "", keys[place]));
    if (choice.hint) button.append(make("span", "hint", choice.hint));
    button.setAttribute("aria-keyshortcuts", String(place + 1));
    if (before !== undefined) button.setAttribute("aria-pressed", String(choice.value === before));
    button.addEventListener("click", () => label(choice.value, choice.label));
    return button;
  }));
}

function keysOf(shown) {
  if (shown.kind === "present") return ["y", "n"];
  if (shown.kind === "pairwise") return ["←", "→", "3", "4"];
  return shown.choices.map((_, place) => String(place + 1));
}

function toggleNote(open) {
  $("note-row").hidden = !open;
  $("add-note").setAttribute("aria-expanded", String(open));
  if (open) $("note").focus();
}

// ---------------------------------------------------------------- marking. Offsets are code points, as the server counts.

function startMarking() {
  const shown = $("answers").querySelector(".text");
  shown.classList.add("markable");
  shown.tabIndex = 0;
  shown.setAttribute("role", "application");
  shown.setAttribute("aria-roledescription", "text to mark");
  shown.setAttribute("aria-label", `Answer: ${task.answers[0]}. Arrow keys walk over words, space begins and ends a mark, enter saves.`);
  const chars = Array.from(task.answers[0]);
  words = [];
  for (let at = 0; at < chars.length; at++) {
    if (/\s/.test(chars[at])) continue;
    const start = at;
    while (at < chars.length && !/\s/.test(chars[at])) at++;
    words.push([start, at]);
  }
  cursor = 0;
  begun = null;
  drawMarks();
  shown.focus({ preventScroll: true });
}

function drawMarks() {
  const shown = $("answers").querySelector(".text"), chars = Array.from(task.answers[0]);
  if (!chars.length) return showSpans(chars);
  // Cut the text where a word or a mark begins or ends, so that each piece is all in or all out of both.
  const cuts = [...new Set([0, chars.length, ...words.flat(), ...spans.flat()])].sort((one, other) => one - other);
  const pieces = [];
  for (let place = 0; place + 1 < cuts.length; place++) {
    const [start, end] = [cuts[place], cuts[place + 1]];
    const inside = spans.some(([from, to]) => from <= start && end <= to);
    const piece = make(inside ? "mark" : "span", "", chars.slice(start, end).join(""));
    const word = words.findIndex(([from, to]) => from <= start && end <= to);
    if (word >= 0) {
      piece.className = "word" + (word === cursor ? " cursor" : "") + (begun !== null && word >= Math.min(begun, cursor) && word <= Math.max(begun, cursor) ? " begun" : "");
    }
    pieces.push(piece);
  }
  shown.replaceChildren(...pieces);
  showSpans(chars);
}

function showSpans(chars) {
  $("span-list").replaceChildren(...spans.map(([start, end], place) => {
    const item = make("li"), button = make("button", "", `“${chars.slice(start, end).join("")}” ✕`);
    button.type = "button";
    button.setAttribute("aria-label", `Take off the mark on: ${chars.slice(start, end).join("")}`);
    button.addEventListener("click", () => { spans.splice(place, 1); drawMarks(); });
    item.append(button);
    return item;
  }));
  $("save-spans").firstChild.textContent = spans.length ? `Save ${spans.length} marked ` : "Nothing breaks it ";
}

function addSpan(start, end) {
  let [from, to] = [start, end];
  const apart = spans.filter(([left, right]) => right < from || left > to);
  for (const [left, right] of spans) if (!apart.some((one) => one[0] === left)) { from = Math.min(from, left); to = Math.max(to, right); }
  spans = [...apart, [from, to]].sort((one, other) => one[0] - other[0]);
  $("said").textContent = `Marked: ${Array.from(task.answers[0]).slice(from, to).join("")}`;
  drawMarks();
}

function markSelection() {
  const shown = $("answers").querySelector(".text"), selection = getSelection();
  if (!selection.rangeCount || selection.isCollapsed) return;
  const range = selection.getRangeAt(0);
  if (!shown.contains(range.startContainer) || !shown.contains(range.endContainer)) return;
  const before = document.createRange();
  before.setStart(shown, 0);
  before.setEnd(range.startContainer, range.startOffset);
  const start = Array.from(before.toString()).length, length = Array.from(range.toString()).length;
  selection.removeAllRanges();
  if (length) addSpan(start, start + length);
}

function walk(step) {
  cursor = Math.max(0, Math.min(words.length - 1, cursor + step));
  const [start, end] = words[cursor] || [0, 0];
  $("said").textContent = Array.from(task.answers[0]).slice(start, end).join("");
  drawMarks();
}

function markWord() {
  if (!words.length) return;
  if (begun === null) { begun = cursor; $("said").textContent = "Mark begun."; return drawMarks(); }
  const [first, last] = [Math.min(begun, cursor), Math.max(begun, cursor)];
  begun = null;
  addSpan(words[first][0], words[last][1]);
}

// ---------------------------------------------------------------- keys and buttons

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const typing = event.target.closest("input, textarea, select");
  if (typing) { if (event.key === "Escape") { typing.blur(); event.preventDefault(); } return; }
  const key = event.key.toLowerCase();
  if (key === "?") { showHelp(); return event.preventDefault(); }
  if (!name || $("who").hidden === false) return;
  if (key === "u") { undo(); return event.preventDefault(); }
  if (!task) return;
  const onButton = event.target.closest("button, summary, a") && (key === " " || key === "enter");
  if (onButton) return;
  const doing = {
    s: skip, c: () => toggleNote($("note-row").hidden),
    ...(task.kind === "span" ? {
      arrowleft: () => walk(-1), arrowright: () => walk(1), " ": markWord, enter: () => label(spans, spans.length ? `${spans.length} marked` : "nothing marked"),
      backspace: () => { spans.pop(); drawMarks(); }, escape: () => { begun = null; drawMarks(); },
    } : {}),
  }[key];
  if (doing) { doing(); return event.preventDefault(); }
  let place = "12345".indexOf(key);
  if (key.length !== 1) place = -1;
  if (task.kind === "present" && (key === "y" || key === "n")) place = key === "y" ? 0 : 1;
  if (task.kind === "pairwise" && (key === "arrowleft" || key === "arrowright")) place = key === "arrowleft" ? 0 : 1;
  const choice = task.choices[place];
  if (choice) { label(choice.value, choice.label); event.preventDefault(); }
}

function askName() {
  $("task").hidden = $("done").hidden = $("filters").hidden = true;
  $("who").hidden = false;
  $("name").value = name;
  $("name").focus();
}

function showHelp() {
  $("me").textContent = name || "nobody yet";
  $("help").showModal();
}

async function showAgreement() {
  const text = $("agreement-text");
  try {
    const { agreement } = await ask("agreement", {});
    const parts = agreement.flatMap((row) => {
      const figures = make("ul");
      figures.append(...row.corrected.map((figure) => make("li", "", figure)));
      return [make("h3", "", KINDS[row.kind]), make("p", "", `${row.people.join(", ")}: ${row.same} the same, of ${row.shared} tasks that two or more have labelled. Beyond chance:`), figures];
    });
    const nobody = "Nobody else has labelled what you have. Let a second person open this page under another name.";
    text.replaceChildren(...(parts.length ? parts : [make("p", "", nobody)]));
  } catch (error) { text.replaceChildren(make("p", "", error.message)); }
  $("agreement").showModal();
}

document.addEventListener("keydown", pressed);
// Selecting with a mouse marks at once; on a phone the selection is adjusted first, then marked by the button.
document.addEventListener("mouseup", (event) => { if (task && task.kind === "span" && event.target.closest(".markable") && matchMedia("(pointer: fine)").matches) markSelection(); });
$("mark").addEventListener("click", markSelection);
$("save-spans").addEventListener("click", () => label(spans, spans.length ? `${spans.length} marked` : "nothing marked"));
$("undo").addEventListener("click", undo);
$("undo-last").addEventListener("click", undo);
$("skip").addEventListener("click", skip);
$("again").addEventListener("click", () => act("again", {}));
$("all").addEventListener("click", () => { kind = clause = ""; act("next", {}); });
$("add-note").addEventListener("click", () => toggleNote($("note-row").hidden));
$("show-help").addEventListener("click", showHelp);
$("show-agreement").addEventListener("click", showAgreement);
$("change-name").addEventListener("click", () => { $("help").close(); askName(); });
$("kind").addEventListener("change", (event) => { kind = event.target.value; event.target.blur(); act("next", {}); });
$("clause").addEventListener("change", (event) => { clause = event.target.value; event.target.blur(); act("next", {}); });
$("who").addEventListener("submit", (event) => {
  event.preventDefault();
  name = $("name").value.trim();
  if (!name) return;
  localStorage.setItem("tenet-name", name);
  act("next", {});
});
if (name) act("next", {}); else askName();
