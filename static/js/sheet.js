/* The reporting page: each row is saved while one writes, and two in the same row lose nothing.
   Without this script the page is an ordinary form with a button. */
(() => {
  "use strict";

  const form = document.querySelector("form[data-sheet]");
  if (!form) return;

  const PAUSE = 1200;
  const RETRY = [3000, 8000, 15000, 30000];
  const KEEPALIVE_LIMIT = 60000;
  const MOST_UNANSWERED = 3;
  const states = new WeakMap();
  const sheetStatus = document.querySelector("[data-sheet-status]");

  const rows = () => [...document.querySelectorAll("[data-row]")];
  const fieldsOf = (row) => [...row.querySelectorAll("input, select, textarea")];
  const seenOf = (row) => row.querySelector("input[name$=-seen]");

  function stateOf(row) {
    if (!states.has(row)) {
      states.set(row, {
        timer: 0,
        written: "",
        edits: 0,
        saved: 0,
        isSending: false,
        fails: 0,
        unanswered: [], // sent, and perhaps stored, though no answer has come
      });
    }
    return states.get(row);
  }
  const isDirty = (row) => stateOf(row).edits !== stateOf(row).saved;

  function say(row, text, state) {
    const status = row.querySelector("[data-row-status]");
    if (status && status.textContent !== text) status.textContent = text;
    row.dataset.state = state;
    if (sheetStatus) {
      const isWaiting = state === "waiting" || (state === "saved" && rows().some(isDirty));
      const said = isWaiting ? form.dataset.waiting : text;
      if (sheetStatus.textContent !== said) sheetStatus.textContent = said;
      sheetStatus.dataset.state = isWaiting ? "waiting" : state;
    }
  }

  function bodyOf(row) {
    const body = new URLSearchParams();
    for (const field of fieldsOf(row)) {
      const isOff = (field.type === "checkbox" || field.type === "radio") && !field.checked;
      if (field.name && !isOff) body.append(field.name, field.value);
    }
    return body;
  }

  const writtenIn = (row) =>
    JSON.stringify(
      fieldsOf(row)
        .filter((field) => field.type !== "hidden")
        .map((field) => (["checkbox", "radio"].includes(field.type) ? field.checked : field.value)),
    );

  function plan(row, wait) {
    const state = stateOf(row);
    clearTimeout(state.timer);
    state.timer = setTimeout(() => send(row), wait);
  }

  async function send(row, isLeaving = false) {
    const state = stateOf(row);
    clearTimeout(state.timer);
    if (!isDirty(row) || (state.isSending && !isLeaving) || row.dataset.state === "conflict") return;
    const edits = state.edits;
    const body = bodyOf(row);
    const written = body.toString();
    for (const sent of state.unanswered) body.append(`${row.dataset.row}-sent`, sent);
    if (!state.unanswered.includes(written)) {
      state.unanswered = [...state.unanswered, written].slice(-MOST_UNANSWERED);
    }
    body.append("csrfmiddlewaretoken", form.querySelector("[name=csrfmiddlewaretoken]").value);
    state.isSending = true;
    try {
      const response = await fetch(form.action || location.href, {
        method: "POST",
        body,
        headers: { Accept: "application/json" },
        redirect: "manual",
        keepalive: isLeaving && body.toString().length < KEEPALIVE_LIMIT,
      });
      const isJson = response.headers.get("Content-Type")?.includes("json");
      if (!isJson && (response.type === "opaqueredirect" || [401, 403].includes(response.status))) {
        say(row, form.dataset.signedOut, "signed-out");
        document.dispatchEvent(new CustomEvent("portal:signed-out"));
        return;
      }
      if (!isJson) throw new Error(String(response.status));
      const answer = await response.json();
      state.fails = 0;
      state.unanswered = [];
      if (answer.error) {
        say(row, answer.error, "failed");
        return;
      }
      took(row, answer, edits);
    } catch {
      say(row, form.dataset.failed, "failed");
      plan(row, RETRY[Math.min(state.fails++, RETRY.length - 1)]);
      return;
    } finally {
      state.isSending = false;
    }
    if (isDirty(row) && !row.dataset.state?.match(/conflict|error/)) plan(row, PAUSE);
  }

  /* What the server made of it */

  function took(row, answer, edits) {
    const key = row.dataset.row;
    const state = stateOf(row);
    showErrors(row, answer.errors[key] || {});
    for (const [name, html] of Object.entries(answer.pieces)) {
      const piece = document.querySelector(`[data-piece="${name}"]`);
      if (!piece) continue;
      const open = piece.querySelector("details")?.open;
      piece.innerHTML = html;
      if (open) piece.querySelector("details")?.setAttribute("open", "");
      if (piece.querySelector("[data-differs]")) {
        piece.closest(".sheet-judgement")?.querySelector("[data-difference]")?.setAttribute("open", "");
      }
    }
    if (answer.conflicts[key]) {
      showConflict(row, answer.conflicts[key], answer.seen[key]);
      return;
    }
    if (answer.errors[key]) {
      state.saved = edits;
      say(row, form.dataset.refused, "error");
      return;
    }
    if (answer.seen[key]) seenOf(row).value = answer.seen[key];
    state.saved = edits;
    say(row, form.dataset.saved.replace("{time}", answer.saved_at), "saved");
  }

  function showErrors(row, errors) {
    const place = row.querySelector("[data-row-errors]");
    if (!place) return;
    place.replaceChildren();
    for (const field of fieldsOf(row)) {
      field.removeAttribute("aria-invalid");
      const name = field.name.slice(row.dataset.row.length + 1);
      if (!errors[name]) continue;
      field.setAttribute("aria-invalid", "true");
      field.setAttribute("aria-describedby", `${field.id}-error`);
      for (const text of errors[name]) {
        const line = document.createElement("p");
        line.className = "field-error";
        line.id = `${field.id}-error`;
        line.setAttribute("role", "alert");
        line.textContent = text;
        place.append(line);
      }
    }
  }

  function showConflict(row, html, seen) {
    row.querySelector(".row-conflict")?.remove();
    const holder = document.createElement("div");
    holder.innerHTML = html;
    const notice = holder.firstElementChild;
    row.prepend(notice);
    say(row, "", "conflict");
    notice.focus();
    notice.querySelector("[data-keep-mine]")?.addEventListener("click", () => {
      seenOf(row).value = seen;
      row.dataset.state = "";
      notice.remove();
      fieldsOf(row).find((field) => field.type !== "hidden")?.focus();
      send(row);
    });
  }

  function changed(event) {
    const row = event.target.closest?.("[data-row]");
    if (!row || !event.target.name) return;
    const state = stateOf(row);
    const written = writtenIn(row);
    // To leave a field says once more what was said while writing in it.
    if (written !== state.written) state.edits += 1;
    state.written = written;
    if (isDirty(row) && row.dataset.state !== "conflict") {
      say(row, "", "waiting");
      plan(row, event.type === "change" ? 150 : PAUSE);
    }
  }

  /* What could not be saved would be lost on the way, and an older value be handed in. */
  const unsaved = () =>
    rows().find((row) => /error|conflict|failed|signed-out/.test(row.dataset.state));

  document.querySelector("[data-hand-in]")?.addEventListener("click", async (event) => {
    const waiting = rows().filter(isDirty);
    if (event.ctrlKey || event.metaKey || event.shiftKey || !(waiting.length || unsaved())) return;
    event.preventDefault();
    const address = event.currentTarget.href;
    await Promise.all(waiting.map((row) => send(row)));
    const row = unsaved();
    if (!row) {
      location.assign(address);
      return;
    }
    const place = row.querySelector("[aria-invalid], .row-conflict") || fieldsOf(row)[1];
    place?.focus();
    place?.scrollIntoView({ block: "center" });
  });

  /* Of two texts in conflict, one's own stands in the window alone until one has chosen. */
  let hasChosen = false;
  const choose = () => {
    hasChosen = true;
  };
  document.addEventListener("click", (event) => {
    if (event.target.closest?.(".row-conflict a")) choose();
  });
  form.addEventListener("submit", choose);
  window.addEventListener("beforeunload", (event) => {
    const isInConflict = rows().some((row) => row.dataset.state === "conflict");
    if (isInConflict && !hasChosen) event.preventDefault();
  });

  document.addEventListener("input", changed);
  document.addEventListener("change", changed);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") rows().forEach((row) => send(row, true));
  });
  window.addEventListener("pagehide", () => rows().forEach((row) => send(row, true)));
  window.addEventListener("online", () => rows().forEach((row) => send(row)));
  document.addEventListener("portal:signed-in", () => rows().forEach((row) => send(row)));
  form.addEventListener("submit", () => rows().forEach((row) => clearTimeout(stateOf(row).timer)));

  /* A sheet: Enter and the arrows go from number to number */

  document.addEventListener("keydown", (event) => {
    const field = event.target;
    if (!field.matches?.("[data-row] input[inputmode=decimal]")) return;
    const step = { Enter: event.shiftKey ? -1 : 1, ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const cells = [...document.querySelectorAll("[data-row] input[inputmode=decimal]")];
    const next = cells[cells.indexOf(field) + step];
    next?.focus();
    next?.select();
  });
})();
