// What can be done by key, and the palette. Without this file every page still works, by links and forms.
(() => {
  "use strict";

  const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? "";
  const shortcuts = () => meta("shortcuts") === "on";
  const typing = (at) => at.closest?.("input, textarea, select, [contenteditable]") !== null;
  const dialog = (id) => document.getElementById(id);

  // Every request of HTMX has the token of the session.
  document.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers["X-CSRF-Token"] = meta("csrf-token");
  });
  document.addEventListener("htmx:sendError", () => {
    notice("The console cannot be reached. What you see may be old; nothing was changed.");
  });
  // After a part was replaced, the marked row is still marked where it is still there: parts come anew by themselves.
  document.addEventListener("htmx:afterSwap", () => {
    marked = rows().findIndex((row) => row.classList.contains("here"));
    needless();
  });

  const notice = (words) => {
    const place = document.getElementById("notice");
    const told = document.createElement("div");
    told.className = "fault";
    told.setAttribute("role", "alert");
    told.textContent = words;
    place?.replaceChildren(told);
  };

  // ---- lists: rows with data-href, one of them marked ----
  let marked = -1;
  const rows = () => [...document.querySelectorAll("main [data-href]")].filter((row) => row.offsetParent !== null);
  const mark = (number) => {
    const all = rows();
    for (const row of all) row.classList.remove("here");
    marked = all.length ? Math.min(number, all.length - 1) : -1;
    if (marked < 0) return;
    all[marked].classList.add("here");
    all[marked].scrollIntoView({ block: "nearest" });
    all[marked].querySelector("a")?.focus({ preventScroll: true });
  };

  // ---- keys: any element with data-key is pressed or gone to by it ----
  let first = "";
  const jumps = { q: "/queue", s: "/settings" };
  const moves = { j: () => mark(marked + 1), k: () => mark(Math.max(marked - 1, 0)) };
  const single = (key) => {
    if (first === "g") {
      first = "";
      if (jumps[key]) location.assign(jumps[key]);
      return true;
    }
    if (key === "g") {
      first = "g";
      setTimeout(() => { first = ""; }, 900);
      return true;
    }
    if (key === "?") { dialog("keys")?.showModal(); return true; }
    if (key === "/") {
      const filter = document.querySelector("main input[type=search]");
      filter?.focus();
      return Boolean(filter);
    }
    if (moves[key]) { moves[key](); return true; }
    if (key === "Enter" && marked >= 0 && !document.activeElement.closest("a, button, summary")) {
      location.assign(rows()[marked].dataset.href);
      return true;
    }
    const ofRow = marked >= 0 && rows()[marked]?.querySelector(`[data-row-key="${CSS.escape(key)}"]`);
    const target = ofRow || document.querySelector(`main [data-key="${CSS.escape(key)}"]`);
    if (target) press(target);
    return Boolean(target);
  };

  // A summary opens and has its first field ready; a field is ready itself; all else is pressed.
  const press = (target) => {
    const around = target.closest("details");
    if (target.matches("summary")) {
      around.open = !around.open;
      (around.open ? around.querySelector("input:not([type=hidden]), select, textarea") ?? target : target).focus();
    } else {
      if (around) around.open = true;
      if (target.matches("input, textarea, select")) target.focus();
      else target.click();
    }
    target.scrollIntoView({ block: "nearest" });
  };

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      openPalette();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (!shortcuts() || typing(event.target) || document.querySelector("dialog[open]")) return;
    if (single(event.key)) event.preventDefault();
  });

  // ---- palette ----
  const pages = () => [...document.querySelectorAll(".side a")].map((one) => ({ words: one.textContent.trim(), path: one.getAttribute("href"), kind: "page" }));
  const places = (text) => {
    const asked = text.trim();
    const found = pages().filter((one) => one.words.toLowerCase().includes(asked.toLowerCase()));
    if (/^case-[0-9a-f]+$/.test(asked)) found.unshift({ words: asked, path: `/cases/${asked}`, kind: "case" });
    else if (asked) found.push({ words: asked, path: `/accounts/${encodeURIComponent(asked)}`, kind: "account" });
    return found;
  };
  let chosen = 0;
  const show = () => {
    const field = document.getElementById("palette-text");
    const list = document.getElementById("palette-list");
    const found = places(field.value);
    chosen = Math.max(0, Math.min(chosen, found.length - 1));
    list.replaceChildren(...found.map((one, number) => {
      const item = document.createElement("li");
      item.id = `place-${number}`;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", String(number === chosen));
      item.textContent = one.words;
      const kind = document.createElement("span");
      kind.textContent = one.kind;
      item.append(kind);
      item.addEventListener("click", () => location.assign(one.path));
      return item;
    }));
    list.children[chosen]?.scrollIntoView({ block: "nearest" });
    if (found.length) field.setAttribute("aria-activedescendant", `place-${chosen}`);
    else field.removeAttribute("aria-activedescendant");
    return found;
  };
  const openPalette = () => {
    const box = dialog("palette");
    if (!box || box.open) return;
    for (const other of document.querySelectorAll("dialog[open]")) other.close();
    document.getElementById("palette-text").value = "";
    chosen = 0;
    show();
    box.showModal();
    document.getElementById("palette-text").focus();
  };
  document.getElementById("palette-text")?.addEventListener("input", () => { chosen = 0; show(); });
  document.getElementById("palette-text")?.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) { event.preventDefault(); chosen += step; show(); }
    if (event.key === "Enter") {
      event.preventDefault();
      const place = show()[chosen];
      if (place) location.assign(place.path);
    }
  });
  for (const button of document.querySelectorAll("[data-palette]")) {
    button.hidden = false;
    button.addEventListener("click", openPalette);
  }

  // A form that acts on a change of its fields, as filters do, needs no button with a script.
  const needless = () => {
    for (const button of document.querySelectorAll("[data-without-script]")) button.hidden = true;
  };
  needless();
})();
