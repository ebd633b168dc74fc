// The assets as the API tells them: kept by number, put into the order of the tree, filtered and sorted.
"use strict";

const kinds = ["site", "building", "floor", "room", "zone", "sensor", "group"];
const qualities = ["never", "good", "uncertain", "held", "substituted", "forced", "out_of_service"];
const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

class Rows {
  #byNumber = new Map();
  #tree = null; // in the order of the tree: what lies where, until an asset comes, goes, or is called otherwise
  #ranks = null; // of names in their order, for as long
  #heard = {}; // when each site was last heard of

  get size() {
    return this.#byNumber.size;
  }

  get(number) {
    return this.#byNumber.get(number);
  }

  load(rows, heard) {
    this.#byNumber.clear();
    this.#tree = null;
    this.hear(heard);
    for (const row of rows) this.#take(row);
  }

  /** Takes over rows that changed, and returns the numbers of those that say something else. */
  update(rows) {
    const changed = new Set();
    for (const row of rows) {
      const before = this.#byNumber.get(row.number);
      if (!before || says(before) !== says(row)) changed.add(row.number);
      if (!before || before.name !== row.name || before.parent !== row.parent || before.asset !== row.asset || before.kind !== row.kind) this.#tree = null;
      this.#take(row);
    }
    return changed;
  }

  leave(numbers) {
    for (const number of numbers) if (this.#byNumber.delete(number)) this.#tree = null;
  }

  hear(heard) {
    this.#heard = {};
    for (const [site, at] of Object.entries(heard ?? {})) if (at) this.#heard[site] = Date.parse(at);
  }

  #take(row) {
    row.text = [row.name, row.asset, row.custom_id, row.kind, ...(row.path ?? [])].join("\n").toLowerCase();
    row.oldestAt = row.oldest ? Date.parse(row.oldest) : 0;
    row.endsAt = row.off_delay_ends ? Date.parse(row.off_delay_ends) : 0;
    this.#byNumber.set(row.number, row);
  }

  /** How old the oldest feed behind an answer is, in milliseconds; -1 if nothing was ever heard. */
  age(row, now) {
    let oldest = row.oldestAt;
    if (row.follows_site) {
      const heard = row.site ? (this.#heard[row.site] ?? 0) : Math.min(...Object.values(this.#heard));
      if (heard && Number.isFinite(heard) && (!oldest || heard < oldest)) oldest = heard;
    }
    return oldest ? Math.max(0, now - oldest) : -1;
  }

  /** How many assets there are of each quality, and of each kind. */
  counts() {
    const of = {};
    for (const row of this.#byNumber.values()) {
      of[row.quality] = (of[row.quality] ?? 0) + 1;
      of[row.kind] = (of[row.kind] ?? 0) + 1;
    }
    return of;
  }

  /** Every asset in the order of the tree, with its level and whether others lie in it. */
  tree() {
    if (this.#tree) return this.#tree;
    const ids = new Set();
    for (const row of this.#byNumber.values()) ids.add(row.asset);
    const within = new Map();
    for (const row of this.#byNumber.values()) {
      const parent = row.kind !== "group" && row.parent !== row.asset && ids.has(row.parent) ? row.parent : "";
      if (!within.has(parent)) within.set(parent, []);
      within.get(parent).push(row);
    }
    for (const list of within.values()) {
      list.sort((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind) || collator.compare(a.name, b.name) || a.number - b.number);
    }
    const out = [];
    const shown = new Set();
    const grow = (list, level, around) => {
      for (const row of list) {
        if (shown.has(row.asset)) continue;
        shown.add(row.asset);
        const inside = within.get(row.asset) ?? [];
        out.push({ row, level, around, holds: inside.length > 0 });
        grow(inside, level + 1, [...around, row.asset]);
      }
    };
    grow(within.get("") ?? [], 0, []);
    grow(this.#byNumber.values(), 0, []); // places that are said to lie in each other
    this.#tree = out;
    this.#ranks = null;
    return out;
  }

  /** What is shown: entries of the tree, with { part } where the groups begin. */
  view(query, folded, now) {
    const text = query.text.toLowerCase();
    const plain = !text && !query.kind && !query.quality && !query.sort;
    const out = [];
    let group = false;
    for (const entry of this.tree()) {
      const row = entry.row;
      if (plain) {
        if (entry.around.some((id) => folded.has(id))) continue;
        if (row.kind === "group" && !group) {
          group = true;
          out.push({ part: "Groups" });
        }
        out.push({ ...entry, row: undefined, number: row.number });
      } else if ((!text || row.text.includes(text)) && (!query.kind || row.kind === query.kind) && (!query.quality || row.quality === query.quality)) {
        out.push({ number: row.number, level: 0, holds: false, flat: true });
      }
    }
    if (query.sort) this.#sort(out, query.sort, now);
    return out;
  }

  /** Where in the order of names each asset is: names take long to compare. */
  rank(row) {
    if (!this.#ranks) {
      this.#ranks = new Map();
      const named = [...this.#byNumber.values()].sort((a, b) => collator.compare(a.name, b.name) || a.number - b.number);
      named.forEach((one, i) => this.#ranks.set(one.number, i));
    }
    return this.#ranks.get(row.number);
  }

  #sort(entries, sort, now) {
    const name = sort.replace(/^-/, "");
    const sign = sort.startsWith("-") ? -1 : 1;
    const key = sortKeys[name];
    const keys = new Map(entries.map((e) => [e, key(this.get(e.number), this, now)]));
    entries.sort((a, b) => {
      const x = keys.get(a);
      const y = keys.get(b);
      if (x === null || y === null) return (x === null) - (y === null); // what has no value is always the last
      return sign * (typeof x === "string" ? (x < y ? -1 : x > y ? 1 : 0) : x - y);
    });
  }
}

/** What of a row people see change. */
function says(row) {
  const r = row.readings;
  return [r.occupied, r.people, r.motion, r.lighting, r.hvac, r.ventilation, row.quality].join(" ");
}

const sortKeys = {
  name: (row, rows) => rows.rank(row),
  occupied: (row) => row.readings.occupied ?? null,
  people: (row) => row.readings.people ?? null,
  motion: (row) => row.readings.motion ?? null,
  quality: (row) => qualities.indexOf(row.quality),
  age: (row, rows, now) => {
    const age = rows.age(row, now);
    return age < 0 ? null : age;
  },
  left: (row) => row.endsAt || null,
  why: (row) => row.reason_code,
  register: (row) => row.number,
  topic: (row) => row.topic,
};
