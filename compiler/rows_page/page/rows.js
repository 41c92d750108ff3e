// Filters over the rows and, where the page is served, striking them out. Without this script every row is shown.
(() => {
  "use strict";
  const form = document.getElementById("filters");
  const rows = Array.from(document.querySelectorAll("#rows .talk"));
  const haystacks = rows.map((row) => row.textContent.toLowerCase());
  const status = document.getElementById("shown"), more = document.getElementById("show-more");
  const all = document.getElementById("strike-all"), trouble = document.getElementById("trouble");
  const note = status.textContent, review = document.body.dataset.review === "yes", PAGE = 25;
  let limit = PAGE, fitting = rows;

  // The token came with the address; the cookie has it now, and it need not stay in sight.
  if (review && location.search) history.replaceState(null, "", location.pathname + location.hash);

  function fits(row, place) {
    const { clause, about, words } = form.elements;
    const codes = row.dataset.codes.split(" ").filter(Boolean), said = words.value.trim().toLowerCase();
    return (!clause.selectedIndex || row.dataset.clause === clause.value) &&
      (!about.value || (about.value === "struck" ? row.classList.contains("struck") : about.value === "found" ? codes.length > 0 : codes.includes(about.value))) &&
      (!said || haystacks[place].includes(said));
  }

  function apply() {
    fitting = rows.filter(fits);
    const wanted = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const shown = new Set(fitting.slice(0, limit));
    rows.forEach((row) => { row.hidden = !shown.has(row) && row !== wanted; });
    const struck = rows.filter((row) => row.classList.contains("struck")).length;
    const counted = fitting.length ? `${Math.min(limit, fitting.length)} of ${fitting.length} rows that fit` : "No row fits";
    status.textContent = `${counted}${struck ? `; ${struck} struck out` : ""}. ${note}`;
    more.hidden = fitting.length <= limit;
    if (all) {
      const left = fitting.filter((row) => !row.classList.contains("struck")).length;
      const narrowed = fitting.length < rows.length;
      all.disabled = !narrowed || !left;
      all.textContent = narrowed && left ? `Strike out all ${left} that fit` : "Strike out all that fit";
    }
  }

  function mark(row, struck) {
    row.classList.toggle("struck", struck);
    const button = row.querySelector(".strike");
    button.setAttribute("aria-pressed", String(struck));
    button.firstChild.textContent = struck ? "Put back" : "Strike out";
  }

  async function change(chosen, struck) {
    const buttons = [...chosen.map((row) => row.querySelector(".strike")), all];
    buttons.forEach((button) => { button.disabled = true; });
    try {
      const reply = await fetch(struck ? "/api/strike" : "/api/restore", {
        method: "POST", headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ keys: chosen.map((row) => row.dataset.key) }),
      });
      const found = await reply.json();
      if (!reply.ok) throw new Error(found.error);
      chosen.forEach((row) => mark(row, struck));
      trouble.hidden = true;
    } catch (error) {
      trouble.textContent = error instanceof TypeError ? "The server does not answer. Is `tenet lint-data --review` still running? Nothing was changed." : error.message;
      trouble.hidden = false;
    }
    buttons.forEach((button) => { button.disabled = false; });
    const focus = document.activeElement;
    apply();
    if (chosen.length === 1 && focus === document.body) chosen[0].querySelector(".strike").focus();
  }

  form.hidden = false;
  form.addEventListener("input", () => { limit = PAGE; apply(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  more.addEventListener("click", () => { limit += 4 * PAGE; apply(); });
  document.querySelectorAll(".of-clause").forEach((link) => link.addEventListener("click", () => {
    form.elements.clause.value = link.dataset.clause;
    form.elements.about.value = form.elements.words.value = "";
    limit = PAGE;
    apply();
  }));
  window.addEventListener("hashchange", () => { apply(); const row = document.querySelector(":target"); if (row) row.scrollIntoView(); });
  if (review) {
    document.querySelector("main").addEventListener("click", (event) => {
      const button = event.target.closest(".strike");
      if (button) { const row = button.closest(".talk"); change([row], !row.classList.contains("struck")); }
    });
    all.addEventListener("click", () => change(fitting.filter((row) => !row.classList.contains("struck")), true));
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
      const shown = rows.filter((row) => !row.hidden);
      const here = shown.indexOf(document.activeElement.closest(".talk"));
      if (event.key === "/") { event.preventDefault(); form.elements.words.focus(); return; }
      if (event.key === "x" && here >= 0) { change([shown[here]], !shown[here].classList.contains("struck")); return; }
      const next = event.key === "j" ? shown[here + 1] : event.key === "k" ? shown[Math.max(0, here - 1)] : null;
      if (next) { next.querySelector(".strike").focus({ preventScroll: true }); next.scrollIntoView({ block: "nearest" }); }
    });
  }
  apply();
})();
