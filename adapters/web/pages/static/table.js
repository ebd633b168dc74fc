// Keeps the table of all assets live. Only the rows that can be seen are drawn, all of them equally high.
"use strict";

(() => {
  const table = document.querySelector("[data-rows]");
  const form = document.querySelector("[data-filter]");
  if (!table || !form) return;
  const body = table.tBodies[0];
  const search = form.elements.q;
  const kind = form.elements.kind;
  const count = document.querySelector("[data-count]");
  const status = document.querySelector("[data-live]");
  const paging = document.querySelector("[data-paging]");
  const fold = document.querySelector("[data-fold]");
  const chips = [...document.querySelectorAll("[data-quality]")];
  const headings = [...document.querySelectorAll("[data-sort]")];

  const address = new URLSearchParams(location.search);
  const query = { text: search.value, kind: kind.value, quality: address.get("quality") ?? "", sort: address.get("sort") ?? "" };
  if (!qualities.includes(query.quality)) query.quality = "";
  if (!(query.sort.replace(/^-/, "") in sortKeys)) query.sort = "";

  const rows = new Rows();
  const folded = new Set(remembered());
  let view = [];
  let drawn = new Map(); // by position in the view's order: number, or "part"
  let height = 0;
  let loaded = false;
  const above = space();
  const below = space();
  const overscan = 8;

  // --- What is shown -------------------------------------------------------------------------------------

  function space() {
    const tr = document.createElement("tr");
    tr.className = "space";
    tr.setAttribute("aria-hidden", "true");
    const td = tr.insertCell();
    td.colSpan = 10;
    return tr;
  }

  function rearrange() {
    if (!loaded) return;
    view = rows.view(query, folded, live.now());
    table.setAttribute("aria-rowcount", String(view.length + 1));
    const shown = view.filter((e) => !e.part).length;
    const all = rows.size;
    let text = shown === all ? all + " assets" : shown + " of " + all + " assets";
    if (all === 0) text = "Nothing yet: assets appear with their first event.";
    else if (shown === 0) text = query.text ? "Nothing has “" + visible(query.text) + "” in it." : "Nothing is like that now.";
    say(count, text);
    fold.hidden = Boolean(query.text || query.kind || query.quality || query.sort);
    draw();
  }

  function draw() {
    if (!loaded) return;
    height ||= measure();
    const top = body.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(-top / height) - overscan);
    const last = Math.min(view.length, Math.ceil((innerHeight - top) / height) + overscan);
    const next = new Map();
    const wanted = view.slice(first, last).map((entry) => entry.part ?? entry.number);
    const spare = unused(new Set(wanted));
    let after = above;
    for (let i = first; i < last; i++) {
      const entry = view[i];
      const key = wanted[i - first];
      const tr = drawn.get(key) ?? (entry.part ? part(entry.part) : (spare.pop() ?? make()));
      drawn.delete(key);
      next.set(key, tr);
      if (!entry.part) fill(tr, rows.get(entry.number), entry);
      attribute(tr, "aria-rowindex", String(i + 2));
      if (after.nextSibling !== tr) after.after(tr);
      after = tr;
    }
    for (const tr of [...drawn.values(), ...spare]) tr.remove();
    drawn = next;
    above.firstChild.style.height = first * height + "px";
    below.firstChild.style.height = Math.max(0, view.length - last) * height + "px";
  }

  /** Takes the rows out that are drawn and not wanted, to draw others with; not the one that somebody is at. */
  function unused(wanted) {
    const out = [];
    for (const [key, tr] of drawn) {
      if (wanted.has(key) || !tr.cells_ || tr.contains(document.activeElement)) continue;
      tr.classList.remove("changed");
      drawn.delete(key);
      out.push(tr);
    }
    return out;
  }

  function measure() {
    const tr = body.querySelector("tr:not(.space)") ?? body.appendChild(make());
    return tr.getBoundingClientRect().height || 44;
  }

  function part(text) {
    const tr = document.createElement("tr");
    tr.className = "part";
    const th = document.createElement("th");
    th.colSpan = 10;
    th.scope = "rowgroup";
    th.textContent = text;
    tr.append(th);
    return tr;
  }

  // --- One row -------------------------------------------------------------------------------------------

  function element(parent, name, className) {
    const e = document.createElement(name);
    if (className) e.className = className;
    parent.append(e);
    return e;
  }

  function make() {
    const tr = document.createElement("tr");
    const head = element(tr, "th", "asset");
    head.scope = "row";
    const toggle = element(head, "button", "toggle");
    toggle.type = "button";
    toggle.hidden = true;
    const link = element(head, "a");
    const cell = { tr, head, toggle, link, name: element(link, "bdi"), small: element(head, "small"), outputs: {} };
    const occupied = element(tr, "td", "occupied");
    cell.answer = element(occupied, "span", "answer");
    cell.list = element(occupied, "small", "outputs");
    for (const [key, letter, name] of [["lighting", "L", "lighting"], ["hvac", "H", "HVAC"], ["ventilation", "V", "ventilation"]]) {
      const span = element(cell.list, "span");
      span.append(letter);
      const words = element(span, "span", "aside");
      cell.outputs[key] = { span, words, name };
    }
    for (const name of ["people number", "motion", "quality", "age number", "left number", "why", "register", "topic"]) {
      cell[name.split(" ")[0]] = element(tr, "td", name);
    }
    element(cell.quality, "span", "dot");
    cell.qualityText = cell.quality.appendChild(document.createTextNode(""));
    cell.simulated = element(cell.quality, "small");
    cell.whyText = element(cell.why, "span");
    cell.address = element(cell.register, "code");
    cell.references = element(element(cell.register, "small"), "code");
    cell.topicText = element(cell.topic, "code");
    tr.cells_ = cell;
    return tr;
  }

  function say(node, text) {
    if (node.textContent !== text) node.textContent = text;
  }

  function attribute(node, name, value) {
    if (node.getAttribute(name) !== value) node.setAttribute(name, value);
  }

  const shown = (value) => (value === undefined ? "" : value === null ? "?" : String(value));
  const answer = (value, no, yes) => (value === undefined ? "" : value === null ? "?" : value ? yes : no);

  function fill(tr, row, entry) {
    const c = tr.cells_;
    const r = row.readings;
    c.number = row.number;
    const changing = tr.classList.contains("changed") ? " changed" : "";
    const className = row.quality + " kind-" + row.kind + changing;
    if (tr.className !== className) tr.className = className;
    attribute(c.head, "class", "asset level-" + Math.min(entry.level, 5));
    attribute(c.link, "href", "/assets/" + encodeURIComponent(row.asset));
    say(c.name, visible(row.name));
    say(c.small, row.kind + (entry.flat && row.path?.length ? " · " + visible(row.path.toReversed().join(", ")) : ""));
    c.toggle.hidden = !entry.holds;
    if (entry.holds) {
      attribute(c.toggle, "aria-expanded", String(!folded.has(row.asset)));
      attribute(c.toggle, "aria-label", "What lies in " + visible(row.name));
    }
    const word = answer(r.occupied, "vacant", "occupied");
    say(c.answer, word);
    attribute(c.answer, "class", "answer " + word);
    c.list.hidden = r.hvac === undefined;
    for (const [key, output] of Object.entries(c.outputs)) {
      const state = answer(r[key], "off", "on");
      attribute(output.span, "class", state);
      attribute(output.span, "title", output.name + " " + state);
      say(output.words, " " + output.name + " " + state);
    }
    say(c.people, shown(r.people));
    say(c.motion, answer(r.motion, "none", "motion"));
    const quality = row.quality.replaceAll("_", " ");
    if (c.qualityText.data !== quality) c.qualityText.data = quality;
    say(c.simulated, row.simulated ? "simulated" : "");
    const why = whyOf(row);
    say(c.whyText, why);
    attribute(c.whyText, "title", why);
    say(c.address, row.register ? row.register.unit_id + " / " + row.register.address : "");
    say(c.references, row.register ? row.register.input + " · " + row.register.holding : "");
    say(c.topicText, visible(row.topic ?? ""));
    attribute(c.topicText, "title", visible(row.topic ?? ""));
    tick(c, row, live.now());
  }

  function whyOf(row) {
    const r = row.readings;
    const parts = row.reason ? [row.reason] : [];
    if (r.occupied === undefined) {
      const passed = [["traffic_in", "in"], ["traffic_out", "out"], ["detections", "seen"]].filter(([m]) => m in r);
      if (passed.length) parts.push(passed.map(([m, word]) => shown(r[m]) + " " + word).join(", "));
    }
    for (const o of row.overrides ?? []) {
      if (o.target === "occupied") continue; // the reason says so
      const to = o.target === "people" ? "to " + o.value : o.value ? "occupied" : "vacant";
      parts.push(o.target + " forced " + to + (o.reason ? ": " + o.reason : ""));
    }
    return visible(parts.join("; "));
  }

  /** What counts by itself: ages, and what is left of off-delays. */
  function tick(c, row, now) {
    const age = rows.age(row, now);
    say(c.age, age < 0 ? "–" : ageText(age));
    say(c.left, row.endsAt ? leftText(row.endsAt - now) : "");
  }

  setInterval(() => {
    const now = live.now();
    for (const tr of drawn.values()) {
      const row = tr.cells_ && rows.get(tr.cells_.number);
      if (row) tick(tr.cells_, row, now);
    }
  }, 1000);

  // --- What changes --------------------------------------------------------------------------------------

  let waiting = 0;
  function soon() {
    waiting ||= requestAnimationFrame(() => {
      waiting = 0;
      draw();
    });
  }

  // Where what changes decides what is shown and where, the whole list is put in order anew, not for each event.
  let ordering = 0;
  function reorderSoon() {
    ordering ||= setTimeout(() => {
      ordering = 0;
      showCounts();
      rearrange();
    }, 250);
  }

  function flash(numbers) {
    for (const number of numbers) {
      const tr = drawn.get(number);
      if (!tr) continue;
      tr.classList.remove("changed");
      void tr.offsetWidth; // so that it begins anew
      tr.classList.add("changed");
    }
  }

  function showCounts() {
    const counts = rows.counts();
    for (const chip of chips) {
      const name = chip.dataset.quality;
      say(chip.querySelector("b"), String(counts[name] ?? 0));
      chip.parentElement.classList.toggle("none", !counts[name]);
      if (query.quality === name) chip.setAttribute("aria-current", "true");
      else chip.removeAttribute("aria-current");
    }
    for (const option of kind.options) if (option.value) say(option, option.value + "s (" + (counts[option.value] ?? 0) + ")");
  }

  async function load() {
    let list;
    try {
      const response = await fetch("/api/v1/assets", { headers: { Accept: "application/json" } });
      if (response.status === 401 || response.redirected) {
        location.reload(); // the session has ended
        return;
      }
      if (!response.ok) throw new Error("the gateway answers " + response.status);
      list = await response.json();
    } catch (error) {
      say(status, "Not live: " + visible(error.message) + ". Trying again.");
      status.className = "live off";
      setTimeout(load, 5000);
      return;
    }
    live.tell(list.now);
    rows.load(list.assets, list.heard);
    take(list.cursor);
  }

  function take(cursor) {
    if (!loaded) {
      height = measure();
      body.replaceChildren(above, below);
      paging.hidden = true;
      form.querySelector("button.plain:not([data-fold])").hidden = true;
      loaded = true;
    }
    showCounts();
    rearrange();
    live.listen(cursor, {
      assets(changed) {
        const before = rows.size;
        const said = rows.update(changed);
        if (rows.size !== before || query.quality || query.sort) reorderSoon();
        else if (changed.some((row) => !drawn.has(row.number))) showCountsSoon();
        soon();
        requestAnimationFrame(() => flash(said));
        showCountsSoon();
      },
      left(numbers) {
        rows.leave(numbers);
        reorderSoon();
      },
      summary(sum) {
        rows.hear(sum.heard);
      },
      reset: load,
      state(on) {
        status.className = "live " + (on ? "on" : "off");
        say(status, on ? "live" : "Connection lost. These are the values as they were last told.");
      },
    });
  }

  let countsSoon = 0;
  function showCountsSoon() {
    countsSoon ||= setTimeout(() => {
      countsSoon = 0;
      showCounts();
    }, 500);
  }

  // --- What people do ------------------------------------------------------------------------------------

  function ask() {
    const parts = new URLSearchParams();
    if (query.text) parts.set("q", query.text);
    if (query.kind) parts.set("kind", query.kind);
    if (query.quality) parts.set("quality", query.quality);
    if (query.sort) parts.set("sort", query.sort);
    history.replaceState(null, "", parts.size ? "/?" + parts : "/");
    for (const heading of headings) {
      const name = heading.dataset.sort;
      attribute(heading.parentElement, "aria-sort", query.sort === name ? "ascending" : query.sort === "-" + name ? "descending" : "none");
    }
    showCounts();
    rearrange();
  }

  search.addEventListener("input", () => {
    if (!loaded) return;
    query.text = search.value.trim();
    ask();
  });
  search.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      search.value = query.text = "";
      ask();
    }
  });
  kind.addEventListener("change", () => {
    if (!loaded) return;
    query.kind = kind.value;
    ask();
  });
  form.addEventListener("submit", (event) => {
    if (loaded) event.preventDefault();
  });
  for (const chip of chips) {
    chip.addEventListener("click", (event) => {
      if (!loaded || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      query.quality = query.quality === chip.dataset.quality ? "" : chip.dataset.quality;
      ask();
    });
  }
  for (const heading of headings) {
    heading.addEventListener("click", (event) => {
      if (!loaded || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      const name = heading.dataset.sort;
      query.sort = query.sort === name ? "-" + name : query.sort === "-" + name ? "" : name;
      ask();
    });
  }

  function remembered() {
    try {
      return JSON.parse(sessionStorage.getItem("folded") ?? "[]");
    } catch {
      return [];
    }
  }

  function setFolded(change) {
    change();
    try {
      sessionStorage.setItem("folded", JSON.stringify([...folded]));
    } catch {
      // It is only for the next look.
    }
    rearrange();
  }

  body.addEventListener("click", (event) => {
    const toggle = event.target.closest(".toggle");
    if (!toggle) return;
    const row = rows.get(toggle.closest("tr").cells_.number);
    setFolded(() => folded.delete(row.asset) || folded.add(row.asset));
  });
  fold.addEventListener("click", () => {
    const floors = rows.tree().filter((e) => e.row.kind === "floor" && e.holds).map((e) => e.row.asset);
    setFolded(() => {
      const some = floors.some((id) => folded.has(id));
      folded.clear();
      if (!some) floors.forEach((id) => folded.add(id));
      say(fold, some ? "Fold floors" : "Unfold floors");
    });
  });
  if (folded.size) say(fold, "Unfold floors");

  // From a row, the arrows go to the one above and below, and fold and unfold what lies in it.
  body.addEventListener("keydown", (event) => {
    const tr = event.target.closest("tr");
    if (!tr?.cells_) return;
    const beside = { ArrowUp: "previousElementSibling", ArrowDown: "nextElementSibling" }[event.key];
    if (beside) {
      let next = tr[beside];
      while (next && !next.cells_) next = next[beside];
      if (next) {
        event.preventDefault();
        next.cells_.link.focus();
      }
    } else if ((event.key === "ArrowLeft" || event.key === "ArrowRight") && !tr.cells_.toggle.hidden) {
      const id = rows.get(tr.cells_.number).asset;
      setFolded(() => (event.key === "ArrowLeft" ? folded.add(id) : folded.delete(id)));
    }
  });

  addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.target.closest("input, select, textarea") && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  });
  addEventListener("scroll", soon, { passive: true });
  addEventListener("resize", () => {
    if (!loaded) return;
    height = 0;
    soon();
  });

  load();
})();
