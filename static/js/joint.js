/* The joint page: what the other of the two has saved appears by itself, where one is not writing.
   Without this script the page shows it when it is loaded anew. */
(() => {
  "use strict";

  const page = document.querySelector("[data-joint-news]");
  if (!page) return;

  const EVERY = 20000;
  const AFTER_ARRIVAL = 1500;
  const SEEN_FOR = 8000;
  const said = document.querySelector("[data-joint-said]");
  const moved = document.querySelector("[data-joint-moved]");
  let isAsking = false;
  let isOver = false;

  const pieces = () => [...page.querySelectorAll("[data-live]")];
  const rowOf = (piece) => piece.querySelector("[data-row]");

  // A row that has been saved from here says itself what it has seen.
  const stampOf = (piece) =>
    piece.querySelector("input[name$=-seen]")?.value ?? piece.dataset.stamp;

  function isBeingWritten(piece) {
    const active = document.activeElement;
    const isIn = piece.contains(active) && active.matches("input, textarea, select");
    const state = rowOf(piece)?.dataset.state || "saved";
    return isIn || state !== "saved" || piece.querySelector("form") !== null;
  }

  function put(key, html, before) {
    const piece = pieces().find((each) => each.dataset.live === key);
    if (!piece || stampOf(piece) !== before.get(key) || isBeingWritten(piece)) return false;
    const holder = document.createElement("div");
    holder.innerHTML = html;
    const fresh = holder.firstElementChild;
    piece.replaceWith(fresh);
    window.htmx?.process(fresh);
    fresh.classList.add("is-fresh");
    setTimeout(() => fresh.classList.remove("is-fresh"), SEEN_FOR);
    return true;
  }

  async function ask() {
    if (isAsking || isOver || document.visibilityState === "hidden") return;
    isAsking = true;
    const before = new Map(pieces().map((piece) => [piece.dataset.live, stampOf(piece)]));
    const have = new URLSearchParams();
    for (const piece of pieces()) {
      // What one is writing in is not asked for: its text would be read for nothing.
      if (!isBeingWritten(piece)) {
        have.append("have", `${piece.dataset.live}=${before.get(piece.dataset.live)}`);
      }
    }
    try {
      const response = await fetch(`${page.dataset.jointNews}?${have}`, {
        headers: { Accept: "application/json" },
        redirect: "manual",
        cache: "no-store",
      });
      if (!response.ok || response.status === 204) return;
      const answer = await response.json();
      if (answer.moved) {
        isOver = true;
        moved.querySelector("a").textContent = answer.moved;
        moved.hidden = false;
        return;
      }
      const fresh = Object.entries(answer.pieces).filter(([key, html]) => put(key, html, before));
      if (fresh.length) said.textContent = page.dataset.otherSaved;
    } catch {
      // No network: the next try tells, and what one writes is kept by the sheet.
    } finally {
      isAsking = false;
    }
  }

  setInterval(ask, EVERY);
  setTimeout(ask, AFTER_ARRIVAL);
  window.addEventListener("focus", ask);
  document.addEventListener("visibilitychange", ask);

  /* To take over what was prepared: into the field, where one goes on writing */

  // Whole paragraphs: a short word stands in many a text that does not say it.
  const evened = (text) =>
    `\n\n${text.trim().split("\n").map((line) => line.trim()).join("\n").replace(/\n{2,}/g, "\n\n")}\n\n`;

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-take]");
    const field = button && page.querySelector(`[data-row="${button.dataset.take}"] textarea`);
    if (!field) return;
    event.preventDefault();
    const text = button.parentElement.querySelector("[data-prepared]").innerText.trim();
    if (!evened(field.value).includes(evened(text))) {
      field.value = `${field.value.trimEnd()}\n\n${text}`.trim();
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    field.focus();
    said.textContent = page.dataset.taken;
  });
})();
