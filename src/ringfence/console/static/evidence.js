// Press and hold to look at one media: an image exists while the pointer or Space is down, and not a moment longer.
// It is blurred and grey by its class before it has an address. Hovering and focus do nothing.
(() => {
  "use strict";

  const token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";
  let held = null;

  const letGo = () => {
    if (!held) return;
    const { button, frame, rest } = held;
    held = null;
    frame.querySelector("img")?.remove();
    button.setAttribute("aria-pressed", "false");
    if (rest) window.htmx?.ajax("GET", `/evidence/rest?back=${encodeURIComponent(location.pathname)}`, { target: "#rest", swap: "outerHTML" });
  };

  const told = (frame, words) => {
    const line = document.createElement("p");
    line.className = "hint";
    line.setAttribute("role", "alert");
    line.textContent = words;
    frame.replaceChildren(line);
  };

  const press = async (button) => {
    letGo();
    const mine = { button, frame: button.closest("td").querySelector("[data-frame]"), rest: false };
    held = mine;
    mine.frame.replaceChildren();
    button.setAttribute("aria-pressed", "true");
    let answer;
    try {
      answer = await fetch("/evidence/media", {
        method: "POST",
        headers: { "X-CSRF-Token": token, Accept: "application/json" },
        body: new URLSearchParams({ of: button.dataset.of, name: button.dataset.name, key: button.dataset.piece }),
      });
    } catch {
      if (held === mine) told(mine.frame, "The console cannot be reached.");
      return;
    }
    const said = await answer.json().catch(() => ({}));
    mine.rest = Boolean(said.rest);
    if (held !== mine) return;
    if (!answer.ok) {
      told(mine.frame, said.fault ? `${said.fault}. ${said.mend ?? ""}` : "It is not shown.");
      return;
    }
    const image = document.createElement("img");
    image.className = "veiled";
    image.alt = "Media, blurred and grey";
    image.draggable = false;
    image.referrerPolicy = "no-referrer";
    image.addEventListener("error", () => { if (held === mine) told(mine.frame, "The viewer of your platform did not answer."); });
    mine.frame.replaceChildren(image);
    image.src = said.address;
  };

  for (const button of document.querySelectorAll("[data-hold]")) {
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !event.isPrimary) return;
      press(button);
    });
    for (const end of ["pointerup", "pointercancel", "pointerleave", "blur"]) button.addEventListener(end, letGo);
    button.addEventListener("keydown", (event) => {
      if (event.key !== " ") return;
      event.preventDefault();
      event.stopPropagation();
      if (!event.repeat) press(button);
    });
    button.addEventListener("keyup", (event) => { if (event.key === " ") { event.preventDefault(); letGo(); } });
    button.addEventListener("contextmenu", (event) => event.preventDefault());
  }
  addEventListener("blur", letGo);
  addEventListener("pagehide", letGo);
  document.addEventListener("visibilitychange", () => { if (document.hidden) letGo(); });
})();
