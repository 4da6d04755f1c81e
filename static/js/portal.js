/* Comfort on top of pages that work without it. Nothing is kept in the browser's storage. */
(() => {
  "use strict";

  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const csrfToken = (root = document) =>
    one("input[name=csrfmiddlewaretoken]", root)?.value ||
    one("input[name=csrfmiddlewaretoken]")?.value ||
    "";

  // A redirect from one of our small endpoints only ever leads to the sign-in page.
  const isSignedOut = (response) =>
    response.type === "opaqueredirect" || response.status === 401 || response.status === 403;

  /* The session: a warning before it ends, and words when it has ended */

  const session = (() => {
    const { sessionUser, sessionPingUrl } = document.body.dataset;
    const dialog = one("#session-dialog");
    let seconds = Number(document.body.dataset.sessionSeconds);
    if (!dialog || !sessionPingUrl || !(seconds > 0)) return { lost() {} };

    const WARN_BEFORE = 300;
    const left = one("[data-session-left]", dialog);
    const channel = "BroadcastChannel" in window ? new BroadcastChannel("session") : null;
    let endsAt = Date.now() + seconds * 1000;
    let isGone = false;
    let isAsking = false;
    let wasDismissed = false;

    function show(state) {
      for (const part of all("[data-session-state]", dialog)) {
        part.hidden = part.dataset.sessionState !== state;
      }
      const title = one(`[data-session-state=${state}] h2`, dialog);
      dialog.setAttribute("aria-labelledby", title.id);
      if (!dialog.open) dialog.showModal();
      if (state === "gone") title.focus();
    }

    function goOn() {
      isGone = false;
      wasDismissed = false;
      endsAt = Date.now() + seconds * 1000;
      if (dialog.open) dialog.close();
    }

    function tellOthers() {
      drafts.retryAll();
      document.dispatchEvent(new CustomEvent("portal:signed-in"));
    }

    function lost() {
      if (isGone) return;
      isGone = true;
      wasDismissed = false;
      show("gone");
    }

    async function answerOf(response) {
      const isJson = response.headers.get("Content-Type")?.includes("json");
      return response.ok && isJson ? response.json() : {};
    }

    // Signing in gives a new token; the forms on this page still carry the old one.
    function renew(answer) {
      if (answer.seconds > 0) seconds = Number(answer.seconds);
      if (!answer.csrf_token) return;
      for (const input of all("input[name=csrfmiddlewaretoken]")) input.value = answer.csrf_token;
      if (document.body.hasAttribute("data-hx-headers")) {
        document.body.setAttribute(
          "data-hx-headers",
          JSON.stringify({ "X-CSRFToken": answer.csrf_token }),
        );
      }
    }

    async function ask(method) {
      const headers = { Accept: "application/json" };
      if (method === "POST") headers["X-CSRFToken"] = csrfToken(dialog);
      const response = await fetch(sessionPingUrl, {
        method,
        headers,
        redirect: "manual",
        cache: "no-store",
      });
      if (isSignedOut(response)) return false;
      const answer = await answerOf(response);
      // Somebody else signed in meanwhile: this page's words are not theirs to send.
      if (answer.user !== undefined && String(answer.user) !== sessionUser) return false;
      renew(answer);
      return true;
    }

    async function check() {
      if (isAsking) return;
      isAsking = true;
      try {
        if (await ask("GET")) {
          if (isGone) tellOthers();
          goOn();
        } else {
          lost();
        }
      } catch {
        // No network says nothing about the session: ask again on the next tick.
      } finally {
        isAsking = false;
      }
    }

    function tick() {
      if (isGone) return;
      const remaining = (endsAt - Date.now()) / 1000;
      if (remaining <= -2) {
        check();
      } else if (remaining <= Math.min(WARN_BEFORE, seconds / 2) && !wasDismissed) {
        const minutes = String(Math.max(1, Math.ceil(remaining / 60)));
        const text = left.dataset.text.replace("{count}", minutes);
        if (left.textContent !== text) left.textContent = text;
        if (!dialog.open) show("warning");
      }
    }

    one("form", dialog).addEventListener("submit", async (event) => {
      event.preventDefault();
      try {
        if (await ask("POST")) {
          goOn();
          channel?.postMessage("alive");
        } else {
          lost();
        }
      } catch {
        tick();
      }
    });
    one("[data-session-return]", dialog).addEventListener("click", async () => {
      const failed = one("[data-session-failed]", dialog);
      failed.hidden = true;
      try {
        if (await ask("GET")) {
          goOn();
          tellOthers();
          return;
        }
      } catch {
        // Said below, in the same words: the person cannot go on yet.
      }
      failed.hidden = false;
    });
    one("[data-session-close]", dialog).addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => {
      wasDismissed = true;
    });
    channel?.addEventListener("message", () => {
      if (!isGone) goOn();
    });
    // Another script has met the sign-in page where it wanted to save.
    document.addEventListener("portal:signed-out", lost);
    window.addEventListener("focus", () => {
      if (isGone) check();
      else tick();
    });
    setInterval(tick, 1000);

    return { lost };
  })();

  /* A double click is one press, so that the answer to the first is the one that is read. The
     server does nothing twice either, whoever asks. */

  const DOUBLE_CLICK = 1000;
  const pressed = new WeakMap();

  function isSecondPress(event) {
    const form = event.target;
    if (event.defaultPrevented || form.getAttribute("method") !== "post") return false;
    const last = pressed.get(form) ?? -Infinity;
    if (event.timeStamp - last < DOUBLE_CLICK) return true;
    pressed.set(form, event.timeStamp);
    return false;
  }

  document.addEventListener("submit", (event) => {
    if (isSecondPress(event)) event.preventDefault();
  });

  /* Drafts: what is being written is kept on the server */

  const drafts = (() => {
    const PAUSE = 2000;
    const LONGEST = 9000;
    const RETRY = [5000, 10000, 20000, 30000];
    const KEEPALIVE_LIMIT = 60000;
    const states = new WeakMap();

    function stateOf(form) {
      if (!states.has(form)) {
        states.set(form, {
          dirtySince: 0,
          timer: 0,
          isSending: false,
          fails: 0,
          sent: new AbortController(), // aborted when the form itself is sent
        });
      }
      return states.get(form);
    }

    function bodyOf(form) {
      const body = new URLSearchParams({ key: form.dataset.draftKey || "" });
      const secret = new Set(all("input[type=password]", form).map((input) => input.name));
      for (const [name, value] of new FormData(form)) {
        if (typeof value !== "string" || secret.has(name) || name === "csrfmiddlewaretoken") continue;
        body.append(name, value);
      }
      return body;
    }

    function say(form, state) {
      const status = one("[data-draft-status]", form);
      if (!status) return;
      const now = new Date();
      const mark = document.documentElement.lang.startsWith("sv") ? "." : ":";
      const time = [now.getHours(), now.getMinutes()]
        .map((part) => String(part).padStart(2, "0"))
        .join(mark);
      const words = { saved: "saved", failed: "failed", "signed-out": "signedOut" }[state];
      const text = (status.dataset[words] || "").replace("{time}", time);
      status.dataset.state = state;
      if (status.textContent !== text) status.textContent = text;
    }

    function plan(form, wait) {
      const state = stateOf(form);
      clearTimeout(state.timer);
      state.timer = setTimeout(() => send(form), Math.max(0, wait));
    }

    async function send(form, isLeaving = false) {
      const state = stateOf(form);
      clearTimeout(state.timer);
      const { signal } = state.sent;
      if (!state.dirtySince || signal.aborted || (state.isSending && !isLeaving)) return;
      const body = bodyOf(form);
      const since = state.dirtySince;
      state.dirtySince = 0;
      state.isSending = true;
      try {
        const response = await fetch(form.dataset.draftUrl, {
          method: "POST",
          body,
          headers: { "X-CSRFToken": csrfToken(form), Accept: "application/json" },
          redirect: "manual",
          keepalive: isLeaving && body.toString().length < KEEPALIVE_LIMIT,
          signal,
        });
        if (isSignedOut(response)) {
          state.dirtySince = state.dirtySince || since;
          say(form, "signed-out");
          session.lost();
          return;
        }
        if (!response.ok) throw new Error(String(response.status));
        state.fails = 0;
        say(form, "saved");
      } catch {
        state.dirtySince = state.dirtySince || since;
        if (signal.aborted) return;
        say(form, "failed");
        plan(form, RETRY[Math.min(state.fails++, RETRY.length - 1)]);
        return;
      } finally {
        state.isSending = false;
      }
      if (state.dirtySince) plan(form, PAUSE);
    }

    const forms = () => all("form[data-draft-url]");

    function changed(event) {
      const form = event.target.closest?.("form[data-draft-url]");
      if (!form) return;
      const state = stateOf(form);
      const now = Date.now();
      state.dirtySince = state.dirtySince || now;
      plan(form, Math.min(PAUSE, state.dirtySince + LONGEST - now));
    }

    document.addEventListener("input", changed);
    document.addEventListener("change", changed);
    document.addEventListener("submit", (event) => {
      // A draft that arrives after the form itself would come back from the dead.
      if (!event.defaultPrevented && event.target.matches("form[data-draft-url]")) {
        stateOf(event.target).sent.abort();
      }
    });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") forms().forEach((form) => send(form, true));
    });
    window.addEventListener("pagehide", () => forms().forEach((form) => send(form, true)));
    window.addEventListener("pageshow", () => {
      for (const state of forms().map(stateOf)) {
        if (state.sent.signal.aborted) state.sent = new AbortController();
      }
    });
    window.addEventListener("online", () => forms().forEach((form) => send(form)));

    return { retryAll: () => forms().forEach((form) => send(form)) };
  })();

  /* A question before something that cannot be undone */

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-confirm]");
    const mould = one("#confirm-dialog");
    if (!button || !mould || button.dataset.confirmed) return;
    event.preventDefault();
    const dialog = mould.content.firstElementChild.cloneNode(true);
    const texts = {
      h2: button.dataset.confirmTitle,
      "[data-confirm-text]": button.dataset.confirm,
      "[data-confirm-yes]": button.dataset.confirmYes,
      "[data-confirm-no]": button.dataset.confirmNo,
    };
    for (const [selector, text] of Object.entries(texts)) {
      if (text) one(selector, dialog).textContent = text;
    }
    document.body.append(dialog);
    one("[data-confirm-no]", dialog).addEventListener("click", () => dialog.close());
    one("[data-confirm-yes]", dialog).addEventListener("click", () => {
      dialog.close();
      button.dataset.confirmed = "yes";
      button.click();
      delete button.dataset.confirmed;
    });
    dialog.addEventListener("close", () => dialog.remove());
    dialog.showModal();
  });

  /* How much room is left, said only when it begins to matter */

  document.addEventListener("input", (event) => {
    const field = event.target;
    const limit = Number(field.dataset?.limit) || field.maxLength;
    if (!(field instanceof HTMLTextAreaElement) || !(limit > 0)) return;
    let note = field.nextElementSibling;
    if (!note?.classList.contains("characters-left")) {
      note = document.createElement("p");
      note.className = "characters-left";
      note.setAttribute("role", "status");
      field.after(note);
    }
    const left = limit - field.value.length;
    const words = left < 0 ? "charactersOver" : "charactersLeft";
    note.textContent =
      left <= Math.max(20, limit / 10)
        ? document.body.dataset[words].replace("{count}", Math.abs(left))
        : "";
  });

  /* One box that ticks a whole group */

  function groupOf(box) {
    const group = [...(box.form || document).querySelectorAll("input[type=checkbox]")];
    return group.filter((other) => other.name === box.dataset.checkAll && !other.disabled);
  }

  function reflect(box) {
    const group = groupOf(box);
    const ticked = group.filter((other) => other.checked).length;
    box.checked = group.length > 0 && ticked === group.length;
    box.indeterminate = ticked > 0 && ticked < group.length;
  }

  document.addEventListener("change", (event) => {
    const box = event.target;
    if (box.matches?.("[data-check-all]")) {
      for (const other of groupOf(box)) other.checked = box.checked;
    } else if (box.type === "checkbox") {
      all("[data-check-all]").forEach(reflect);
    }
  });

  /* Menus close when one leaves them */

  document.addEventListener("click", (event) => {
    for (const menu of all("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of all("details.menu[open]")) {
      menu.open = false;
      one("summary", menu).focus();
    }
  });

  /* What must be arranged on a new page, and in every piece that htmx brings */

  function arrange(root) {
    for (const hidden of all("[data-needs-script]", root)) hidden.hidden = false;
    all("[data-check-all]", root).forEach(reflect);
    one(".error-summary", root)?.focus();
  }

  arrange(document);
  document.addEventListener("htmx:afterSettle", (event) => arrange(event.target));
})();
