// Filters over the transcripts. Without this script every conversation is shown, flips first.
(() => {
  "use strict";
  const form = document.getElementById("filters");
  if (!form) return;
  const talks = Array.from(document.querySelectorAll(".talk"));
  const haystacks = talks.map((talk) => talk.textContent.toLowerCase());
  const status = document.getElementById("shown");
  const more = document.getElementById("show-more");
  const PAGE = 25;
  let limit = PAGE;

  function apply() {
    const clause = form.elements.clause.value;
    const about = form.elements.about.value;
    const words = form.elements.words.value.trim().toLowerCase();
    const arms = new Set(Array.from(form.querySelectorAll('input[name="arm"]:checked'), (box) => box.value));
    let matching = 0;
    talks.forEach((talk, place) => {
      const clauses = talk.dataset.clauses.split(" ");
      const flipped = talk.dataset.flipped.split(" ").filter(Boolean);
      const broken = talk.dataset.broken.split(" ").filter(Boolean);
      // With a clause chosen, a flip or a break counts only if it is that clause's.
      const within = (list) => (clause ? list.includes(clause) : list.length > 0);
      const fits =
        (!clause || clauses.includes(clause)) &&
        (about === "all" || (about === "flipped" ? within(flipped) : about === "broken" ? within(broken) : talk.dataset.aspect === about)) &&
        (!words || haystacks[place].includes(words));
      matching += fits ? 1 : 0;
      talk.hidden = !fits || matching > limit;
      if (!talk.hidden) talk.querySelectorAll(".answer").forEach((box) => { box.hidden = !arms.has(box.dataset.arm); });
    });
    const shown = Math.min(matching, limit);
    status.textContent = matching === 0 ? "No conversation fits." : `${shown} of ${matching} conversations that fit, ${talks.length} on this page.`;
    more.hidden = matching <= limit;
  }

  form.addEventListener("input", () => { limit = PAGE; apply(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  more.addEventListener("click", () => { limit += 4 * PAGE; apply(); });
  window.addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((box) => { box.open = true; }));
  form.hidden = false;
  apply();
})();
