import { describe, expect, it } from "vitest";
import { NetworkFailure } from "../../src/evenhand/static/app/api.js";
import { editor } from "./parts.js";
import { Bench } from "../../src/evenhand/static/app/store/bench.js";
import { createMemoryJournal } from "../../src/evenhand/static/app/store/journal.js";
import { openDesk } from "../../src/evenhand/static/app/store/opening.js";

/** @param {string} id @returns {any} */
const lease = (id) => ({ id, item_id: `item-${id}`, order: "given", payload: {} });

const settle = async () => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

/** A page over a service that notes what it is asked. */
function page() {
  const asked = /** @type {any[]} */ ([]);
  const later = /** @type {(() => void)[]} */ ([]);
  const service = { silent: false };
  /** @type {any} */
  const api = {
    /** @param {string} _project @param {any} wanted */
    lease: async (_project, wanted) => {
      asked.push(wanted);
      if (service.silent) throw new NetworkFailure(null);
      return { leases: [lease("2"), lease("3")] };
    },
    /** @param {string} _project @param {any} body */
    submit: async (_project, body) => {
      asked.push({ submitted: body.lease_id });
      return { judgment: { id: "j", feedback: null }, leases: [] };
    },
    drafts: async () => ({ items: [] }),
  };
  const journal = createMemoryJournal();
  const project = { id: "p", settings: { tie: true, reason: "optional", order: "given" }, lease_ttl_s: 600 };
  const bench = new Bench(/** @type {any} */ ({
    api, journal, editor, project, memberId: "m", now: () => 1, elapsed: () => 0,
    schedule: (/** @type {() => void} */ work) => void later.push(work),
  }));
  return { asked, later, service, journal, bench, open: () => openDesk({ api, journal, memberId: "m", project }) };
}

describe("openDesk", () => {
  it("names unsent answers; the bench takes it over and asks no second time", async () => {
    const { asked, journal, bench, open } = page();
    const kept = { project_id: "p", member_id: "m", active_ms: 1, stored_at: 1, answer: /** @type {any} */ ({}) };
    await journal.putEntry({ ...kept, lease_id: "1", refused: null });
    await journal.putEntry({ ...kept, lease_id: "0", refused: { code: "lease_expired", detail: "" } });
    const opening = open();
    await settle();
    expect(asked).toEqual([{ hold: 4, have: ["1"] }]);
    await bench.start(opening);
    await settle();
    expect(asked).toEqual([{ hold: 4, have: ["1"] }, { submitted: "1" }]);
    expect(bench.held()).toEqual(["2", "3"]);
    expect(bench.outbox.unsent.value).toEqual([]);
    expect(bench.outbox.refused.value.map(({ lease_id }) => lease_id)).toEqual(["0"]);
  });

  it("may fail before anybody waits for it; the bench then tries again", async () => {
    const { later, service, bench, open } = page();
    service.silent = true;
    const opening = open();
    await settle();
    await bench.start(opening);
    expect(bench.phase.value).toBe("trouble");
    service.silent = false;
    for (const work of later.splice(0)) work();
    await settle();
    expect(bench.held()).toEqual(["2", "3"]);
  });
});
