// Shows the page about an asset anew whenever something of it changes. The page itself comes from the gateway, as
// it would without a script; what somebody is filling in is left alone.
"use strict";

(() => {
  const main = document.querySelector("main");
  const page = () => main.querySelector("[data-asset]");
  const shortest = 1000; // between two looks
  let number = Number(page()?.dataset.number);
  let last = 0;
  let waiting = 0;
  let stop = () => {};

  form();
  listen(page()?.dataset.cursor ?? "");

  function listen(cursor) {
    stop();
    stop = live.listen(cursor, {
      assets(rows) {
        if (rows.some((row) => row.number === number)) soon();
      },
      left(numbers) {
        if (numbers.includes(number)) soon();
      },
      async reset() {
        await look();
        listen(page()?.dataset.cursor ?? "");
      },
    });
  }

  function soon() {
    waiting ||= setTimeout(look, Math.max(0, last + shortest - performance.now()));
  }

  async function look() {
    clearTimeout(waiting);
    waiting = 0;
    last = performance.now();
    let response;
    try {
      response = await fetch(location.pathname, { headers: { Accept: "text/html" } });
    } catch {
      return; // the stream will tell when the gateway is there again
    }
    if (response.redirected) {
      location.reload(); // the session has ended
      return;
    }
    const next = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("main");
    if (next) replace(next);
  }

  // Sheets that say the same stay as they are, so that nothing jumps under somebody's hand.
  function replace(next) {
    const from = page();
    const to = next.querySelector("[data-asset]");
    main.dataset.now = next.dataset.now;
    if (!from || !to) {
      main.replaceChildren(...next.childNodes);
      return;
    }
    const before = parts(from);
    const after = parts(to);
    if (before.size !== after.size || [...after.keys()].some((key) => !before.has(key))) {
      const filled = before.get("force");
      if (filled && busy(filled)) after.get("force")?.replaceWith(filled);
      from.replaceWith(to);
      form();
      return;
    }
    for (const [key, part] of after) {
      const old = before.get(key);
      if (old.isEqualNode(part) || busy(old) || (key === "force" && same(old, part))) continue;
      keepOpen(old, part);
      old.replaceWith(part);
    }
    from.dataset.cursor = to.dataset.cursor;
    form();
  }

  /** The parts of the page: what is above the sheets by its place, the sheets by their names. */
  function parts(root) {
    const out = new Map();
    [...root.children].forEach((part, i) => {
      if (!part.classList.contains("sheets")) out.set("above " + i + " " + part.tagName, part);
    });
    for (const sheet of root.querySelectorAll("section.sheet")) out.set(sheet.getAttribute("aria-labelledby") ?? sheet.getAttribute("aria-label"), sheet);
    return out;
  }

  function busy(part) {
    return part.contains(document.activeElement) || [...part.querySelectorAll("[data-keep] :is(input, select)")].some((field) => field.dataset.touched);
  }

  /** Whether what is forced is the same: the form itself has been changed by the script. */
  function same(old, part) {
    const list = (sheet) => [...sheet.querySelectorAll(".plainlist li")].map((li) => li.textContent).join("\n");
    return list(old) === list(part);
  }

  function keepOpen(old, part) {
    const open = [...old.querySelectorAll("details")].map((d) => d.open);
    [...part.querySelectorAll("details")].forEach((d, i) => (d.open = open[i] ?? false));
  }

  // Of people a count is asked for, of the others whether they are occupied.
  function form() {
    const target = main.querySelector("[data-keep] select[name=target]");
    if (!target) return;
    const show = () => {
      main.querySelector("[data-for=people]").hidden = target.value !== "people";
      main.querySelector("[data-for=outputs]").hidden = target.value === "people";
    };
    target.onchange = show;
    target.form.oninput = (event) => (event.target.dataset.touched = "yes");
    show();
  }
})();
