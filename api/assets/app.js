// Keys, polling and copying for the pages. Everything here is a shortcut: without it all pages work.
"use strict";

(() => {
  const GO_WAIT_MS = 1200;
  const POLL_MS = 2000;
  const TOAST_MS = 4000;
  let goUntil = 0;

  const typing = (target) =>
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

  const rows = () => [...document.querySelectorAll("[data-row]")];
  const selected = () => rows().find((row) => row.getAttribute("aria-selected") === "true");
  const placeKey = () => "row:" + location.pathname + location.search;

  const select = (row) => {
    if (!row) return;
    for (const other of rows()) other.removeAttribute("aria-selected");
    row.setAttribute("aria-selected", "true");
    row.scrollIntoView({ block: "nearest" });
    sessionStorage.setItem(placeKey(), row.dataset.row);
  };

  const move = (step) => {
    const all = rows();
    if (all.length === 0) return;
    const at = all.indexOf(selected());
    select(all[Math.max(0, Math.min(all.length - 1, at < 0 ? 0 : at + step))]);
  };

  const open = () => {
    const row = selected();
    if (!row) return;
    if (row.tagName === "DETAILS") row.open = !row.open;
    else row.querySelector("a[href]")?.click();
  };

  // A key belongs to the selected row first, then to the page.
  const act = (key) => {
    const find = (root) => root?.querySelector(`[data-key="${CSS.escape(key)}"]`);
    const target = find(selected()) ?? find(document);
    if (!target) return false;
    if (target.matches("input, textarea, select")) target.focus();
    else if (target instanceof HTMLFormElement) target.requestSubmit();
    else target.click();
    return true;
  };

  const help = () => {
    const sheet = document.getElementById("keys");
    if (sheet) sheet.open ? sheet.close() : sheet.showModal();
  };

  const back = () => document.querySelector("[data-back]")?.click();

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      if (typing(event.target)) event.target.blur();
      else if (!document.querySelector("dialog[open]")) back();
      return;
    }
    if (typing(event.target)) return;
    if (Date.now() < goUntil) {
      goUntil = 0;
      const link = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
      if (link) {
        event.preventDefault();
        link.click();
      }
      return;
    }
    const handled = {
      "?": () => help(),
      g: () => { goUntil = Date.now() + GO_WAIT_MS; },
      j: () => move(1),
      k: () => move(-1),
      o: () => open(),
    }[event.key];
    if (handled) {
      handled();
      event.preventDefault();
    } else if (event.key === "Enter" && !event.target.closest("a, button, summary")) {
      open();
    } else if (event.key.length === 1 && act(event.key)) {
      event.preventDefault();
    }
  });

  const restored = sessionStorage.getItem(placeKey());
  if (restored) select(rows().find((row) => row.dataset.row === restored));

  // Server-rendered fragments of this same site, fetched again until they say that they are final.
  const poll = async (place) => {
    try {
      const answer = await fetch(place.dataset.poll, { headers: { accept: "text/html" } });
      // The session ended, and the answer is the page to sign in: that is for the whole window, on its way to the page
      // that the fragment belongs to. This one may be the answer to a form, which cannot be asked for again.
      if (answer.redirected) return location.assign(place.dataset.poll.replace(/\/[^/]*$/, ""));
      if (answer.ok) place.innerHTML = await answer.text();
      if (answer.headers.get("x-final") === "yes") return;
    } catch {
      // The server is away for a moment: try again at the next turn.
    }
    setTimeout(poll, POLL_MS, place);
  };
  for (const place of document.querySelectorAll("[data-poll]")) setTimeout(poll, POLL_MS, place);

  const toast = (text) => {
    const box = document.createElement("div");
    box.className = "toast";
    box.setAttribute("role", "status");
    box.textContent = text;
    document.body.append(box);
    setTimeout(() => box.remove(), TOAST_MS);
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) {
      const source = document.getElementById(button.dataset.copy);
      await navigator.clipboard.writeText(source.textContent.trim());
      toast(button.dataset.copied);
    }
    if (event.target.closest("[data-keys]")) help();
  });

  for (const field of document.querySelectorAll("[data-submit-on-change]")) {
    field.addEventListener("change", () => field.form.requestSubmit());
  }
  for (const node of document.querySelectorAll("[data-script-only]")) node.hidden = false;
})();
