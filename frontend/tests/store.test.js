import { beforeEach, describe, expect, it } from "vitest";
import { ApiProblem, NetworkFailure } from "../../src/evenhand/static/app/api.js";
import { editor as parts } from "./parts.js";
import { Bench } from "../../src/evenhand/static/app/store/bench.js";
import { createMemoryJournal, openJournal } from "../../src/evenhand/static/app/store/journal.js";
import { fateOf } from "../../src/evenhand/static/app/store/outbox.js";
import { append, EMPTY, finish, wanted } from "../../src/evenhand/static/app/store/queue.js";

/** @param {number} status @param {string} code */
const problem = (status, code) =>
  new ApiProblem({ type: "about:blank", title: code, status, code, detail: `About ${code}.` });

/** @param {string} id @returns {any} */
const lease = (id) => ({ id, item_id: `item-${id}`, order: "given", payload: {} });

describe("queue", () => {
  it("never takes back what was finished, and nothing twice", () => {
    const queue = finish(append(EMPTY, [lease("1"), lease("2")]), "1");
    const again = append(queue, [lease("1"), lease("2"), lease("3")]);
    expect(again.leases.map(({ id }) => id)).toEqual(["2", "3"]);
    expect(append(again, [lease("2")])).toBe(again);
  });

  it("asks for three beside those whose answers are under way", () => {
    const queue = append(EMPTY, [lease("2"), lease("3")]);
    expect(wanted(queue, [])).toEqual({ hold: 3, have: ["2", "3"] });
    expect(wanted(queue, ["1"])).toEqual({ hold: 4, have: ["2", "3", "1"] });
  });
});

describe("fateOf", () => {
  it("tells silence from refusal", () => {
    expect(fateOf(new NetworkFailure(null)).fate).toBe("retry");
    expect(fateOf(problem(503, "log_unavailable")).fate).toBe("retry");
    expect(fateOf(problem(429, "slow_down")).fate).toBe("retry");
    expect(fateOf(problem(401, "sign_in_required")).fate).toBe("sign-in");
    expect(fateOf(problem(409, "lease_expired")).fate).toBe("refused");
    expect(() => fateOf(new TypeError("a bug"))).toThrow("a bug");
    expect(() => fateOf("text")).toThrow();
  });
});

describe("bench", () => {
  /**
   * @type {{lease: any[], submit: any[], later: (() => void)[], refuse: Error | null, next: number,
   *   undone: string[], latest: any[], gone: string[], stored: any[], put: any[], refuseDraft: Error | null}}
   */
  let world;
  beforeEach(() => {
    world = {
      lease: [], submit: [], later: [], refuse: null, next: 1,
      undone: [], latest: [], gone: [], stored: [], put: [], refuseDraft: null,
    };
  });

  /** @param {number} hold @param {string[]} have */
  const fill = (hold, have) => {
    const fresh = [];
    for (let held = have.length; held < hold && world.next <= 6; held += 1) {
      fresh.push(lease(String(world.next)));
      world.next += 1;
    }
    return fresh;
  };

  const api = {
    /** @param {string} _project @param {any} body */
    lease: async (_project, body) => {
      world.lease.push(body);
      if (world.refuse) throw world.refuse;
      return { leases: fill(body.hold, body.have) };
    },
    /** @param {string} project @param {any} body @returns {Promise<any>} */
    submit: async (project, body) => {
      world.submit.push({ project, ...body });
      if (world.refuse) throw world.refuse;
      const judgment = { id: `j-${body.lease_id}`, lease_id: body.lease_id, feedback: null };
      return { judgment, leases: body.next ? fill(body.next.hold, body.next.have) : [] };
    },
    setAside: async () => {
      if (world.refuse) throw world.refuse;
    },
    /** @param {string} id @returns {Promise<any>} */
    undo: async (id) => {
      world.undone.push(id);
      if (world.refuse) throw world.refuse;
      return { lease: lease(`again-${id}`), answer: { choice: "right", order: "given" }, active_ms: 40 };
    },
    ownWork: async () => /** @type {any} */ ({ latest: world.latest }),
    /** @param {string[]} leases */
    renew: async (leases) => ({ leases: leases.filter((id) => !world.gone.includes(id)).map((id) => ({ id })) }),
    drafts: async () => ({ items: world.stored }),
    /** @param {string} id @returns {Promise<any>} */
    readDraft: async (id) => ({ ...world.stored.find((one) => one.lease_id === id) }),
    /** @param {string} id @param {any} body */
    putDraft: async (id, body) => {
      if (world.refuseDraft) throw world.refuseDraft;
      world.put.push({ id, ...body });
      return { version: body.version + 1 };
    },
  };

  const journal = createMemoryJournal();
  const open = (kept = createMemoryJournal()) =>
    new Bench({
      api, journal: kept, editor: parts,
      project: { id: "p", settings: { tie: true, reason: "optional", order: "given" }, lease_ttl_s: 600 },
      memberId: "m", now: () => 1_000_000_000, elapsed: () => 0,
      schedule: (work) => void world.later.push(work),
    });
  const settle = async () => {
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  };
  const runLater = async () => {
    const due = world.later.splice(0);
    for (const work of due) work();
    await settle();
  };

  it("shows the next task at once and asks for one more in the same request", async () => {
    const bench = open();
    await bench.start();
    expect(bench.held()).toEqual(["1", "2", "3"]);
    bench.act("pick-a");
    expect(bench.submit()).toBe(true);
    expect(bench.current.value?.id).toBe("2");
    expect(bench.outbox.unsent.value).toHaveLength(1);
    expect(bench.sentCount.value).toBe(0);
    await settle();
    expect(bench.outbox.unsent.value).toEqual([]);
    expect(bench.sentCount.value).toBe(1);
    expect(world.submit[0].next).toEqual({ hold: 3, have: ["2", "3"] });
    expect(bench.held()).toEqual(["2", "3", "4"]);
  });

  it("submits nothing incomplete and drops the complaint when it is answered", async () => {
    const bench = open();
    await bench.start();
    expect(bench.submit()).toBe(false);
    expect(bench.gap.value?.field).toBe("pick");
    bench.act("pick-b");
    expect(bench.gap.value).toBeNull();
    expect(world.submit).toEqual([]);
  });

  it("repeats the same answer until the server acknowledges it", async () => {
    const bench = open();
    await bench.start();
    world.refuse = new NetworkFailure(null);
    bench.act("pick-b");
    bench.submit();
    await settle();
    expect(bench.outbox.trouble.value?.code).toBe("network");
    await runLater();
    expect(bench.outbox.unsent.value).toHaveLength(1);
    world.refuse = null;
    await runLater();
    expect(bench.outbox.unsent.value).toEqual([]);
    const answers = world.submit.map(({ lease_id, answer, active_ms }) => ({ lease_id, answer, active_ms }));
    expect(answers).toHaveLength(3);
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  });

  it("sends what an earlier page left behind, before anything new", async () => {
    const kept = createMemoryJournal();
    const first = open(kept);
    await first.start();
    world.refuse = new NetworkFailure(null);
    first.act("pick-a");
    first.submit();
    await settle();
    world.refuse = null;
    const second = open(kept);
    await second.start();
    await settle();
    expect(second.outbox.unsent.value).toEqual([]);
    expect(await kept.entries("m")).toEqual([]);
    expect(await kept.entries("somebody else")).toEqual([]);
  });

  it("keeps a refused answer until it is dismissed, and asks for work again", async () => {
    const bench = open();
    await bench.start();
    world.refuse = problem(409, "lease_expired");
    bench.act("pick-a");
    bench.submit();
    await settle();
    expect(bench.outbox.refused.value[0]?.refused?.code).toBe("lease_expired");
    expect(bench.outbox.unsent.value).toEqual([]);
    expect(world.lease).toHaveLength(2);
    await bench.outbox.dismiss("1");
    expect(bench.outbox.entries.value).toEqual([]);
  });

  it("waits for a new sign-in without repeating", async () => {
    const bench = open();
    await bench.start();
    world.refuse = problem(401, "sign_in_required");
    bench.act("pick-a");
    bench.submit();
    await settle();
    expect(bench.outbox.trouble.value?.fate).toBe("sign-in");
    expect(bench.outbox.unsent.value).toHaveLength(1);
    world.later.length = 0;
    await runLater();
    expect(world.submit).toHaveLength(1);
  });

  it("tells loading, work, trouble and no work left apart", async () => {
    const bench = open();
    expect(bench.phase.value).toBe("loading");
    world.refuse = problem(503, "log_unavailable");
    await bench.start();
    expect(bench.phase.value).toBe("trouble");
    world.refuse = null;
    await runLater();
    expect(bench.phase.value).toBe("working");
    for (let left = 6; left > 0; left -= 1) {
      bench.act("pick-a");
      bench.submit();
      await settle();
    }
    expect(bench.phase.value).toBe("empty");
    expect(bench.submit()).toBe(false);
    bench.act("pick-a");
    await bench.setAside("skip", "x");
  });

  it("keeps drafts, restores them, and forgets those of finished tasks", async () => {
    const kept = createMemoryJournal();
    const bench = open(kept);
    await bench.start();
    bench.act("pick-b");
    bench.act("type-reason", "half");
    await runLater();
    expect((await kept.drafts("m"))[0]?.state).toEqual({ pick: "b", reason: "half" });
    expect(bench.releasable()).toEqual(["2", "3"]);
    world.next = 1;
    const second = open(kept);
    await second.start();
    expect(second.state.value).toEqual({ pick: "b", reason: "half" });
    second.submit();
    await settle();
    expect(await kept.drafts("m")).toEqual([]);
  });

  it("prunes drafts that are old and not held", async () => {
    const kept = createMemoryJournal();
    const old = {
      member_id: "m", project_id: "p", item_id: "i", version: 0, stored_at: 0, state: {}, active_ms: 0,
    };
    await kept.putDraft({ lease_id: "gone", ...old });
    await kept.putDraft({ lease_id: "1", ...old });
    const bench = open(kept);
    await bench.start();
    expect((await kept.drafts("m")).map(({ lease_id }) => lease_id)).toEqual(["1"]);
    await bench.forgetDrafts();
    expect(await kept.drafts("m")).toEqual([]);
  });

  it("steps back inside a task, then takes an answer back with what it was", async () => {
    const bench = open();
    await bench.start();
    bench.act("pick-a");
    bench.submit();
    await settle();
    bench.act("pick-b");
    expect(await bench.undo()).toEqual({ kind: "step" });
    expect(bench.redo()).toBe(true);
    expect(bench.redo()).toBe(false);
    await bench.undo();
    bench.act("type-reason", "kept meanwhile");
    await bench.undo();
    bench.act("type-reason", "kept meanwhile");
    world.put.length = 0;
    expect(await bench.undo()).toEqual({ kind: "step" });
    expect(await bench.undo()).toEqual({ kind: "taken" });
    expect(world.undone).toEqual(["j-1"]);
    expect(bench.held()).toEqual(["again-j-1", "2", "3", "4"]);
    expect(bench.state.value).toEqual({ pick: "b", reason: "" });
    expect(bench.stopwatch.elapsedMs()).toBe(40);
    expect(bench.sentCount.value).toBe(0);
    expect(await bench.undo()).toEqual({ kind: "nothing" });
    bench.submit();
    await settle();
    expect(bench.current.value?.id).toBe("2");
  });

  it("says why an answer cannot be taken back", async () => {
    const bench = open();
    world.latest = [{ id: "old", lease_id: "0" }];
    await bench.start();
    world.refuse = problem(409, "undo_used");
    expect(await bench.undo()).toMatchObject({ kind: "refused", trouble: { code: "undo_used" } });
    world.refuse = new NetworkFailure(null);
    bench.act("pick-a");
    bench.submit();
    await settle();
    expect(await bench.undo()).toEqual({ kind: "unsent" });
  });

  it("keeps what was typed when the lease ends under the hands", async () => {
    const kept = createMemoryJournal();
    const bench = open(kept);
    await bench.start();
    await bench.renew();
    expect(bench.held()).toEqual(["1", "2", "3"]);
    bench.stopwatch.run();
    bench.act("type-reason", "half");
    world.gone = ["1", "3"];
    await bench.renew();
    expect(bench.held()).toEqual(["2", "4", "5"]);
    const { stranded } = bench.leftovers;
    expect(stranded.value.map(({ lease_id }) => lease_id)).toEqual(["1"]);
    await bench.leftovers.reuse("1");
    expect(bench.state.value).toEqual({ pick: null, reason: "half" });
    expect(stranded.value).toEqual([]);
  });

  it("offers a draft whose task is gone, unless the item came again", async () => {
    const kept = createMemoryJournal();
    const draft = { member_id: "m", project_id: "p", version: 2, stored_at: 1_000_000_000, active_ms: 9 };
    const state = { pick: "a", reason: "" };
    await kept.putDraft({ ...draft, lease_id: "gone", item_id: "elsewhere", state });
    await kept.putDraft({ ...draft, lease_id: "before", item_id: "item-1", state });
    await kept.putDraft({ ...draft, lease_id: "other", item_id: "i", project_id: "q", state });
    await kept.putDraft({ ...draft, lease_id: "empty", item_id: "i", state: {} });
    const bench = open(kept);
    await bench.start();
    expect(bench.state.value).toEqual(state);
    expect(bench.leftovers.stranded.value.map(({ lease_id }) => lease_id)).toEqual(["gone"]);
    await bench.leftovers.dismiss("gone");
    expect((await kept.drafts("m")).map(({ lease_id }) => lease_id).sort()).toEqual(["empty", "other"]);
  });

  it("sends a draft with the version that it has seen, and asks when another page wrote", async () => {
    const bench = open();
    await bench.start();
    bench.act("pick-a");
    await runLater();
    expect(world.put.at(-1)).toMatchObject({ id: "1", version: 0, state: { pick: "a", reason: "" } });
    world.refuseDraft = problem(409, "draft_conflict");
    bench.act("pick-b");
    await runLater();
    expect(bench.leftovers.conflict.value).toBe("1");
    world.stored = [{ lease_id: "1", version: 5, state: { pick: "tie", reason: "" }, active_ms: 3 }];
    await bench.leftovers.takeStored("1");
    expect(bench.state.value).toEqual({ pick: "tie", reason: "" });
    expect(bench.leftovers.conflict.value).toBeNull();
    bench.leftovers.conflict.value = "1";
    world.refuseDraft = null;
    await bench.leftovers.keepMine("1");
    expect(world.put.at(-1)).toMatchObject({ version: 5, state: { pick: "tie", reason: "" } });
    world.refuseDraft = problem(409, "lease_ended");
    bench.act("pick-a");
    await runLater();
    expect(bench.leftovers.stranded.value).toHaveLength(1);
    world.refuseDraft = new NetworkFailure(null);
    bench.act("pick-a");
    await runLater();
    expect(world.later.length).toBeGreaterThan(0);
  });

  it("goes on with what another browser has stored", async () => {
    const bench = open();
    world.stored = [
      { lease_id: "1", version: 4, state: { pick: "b", reason: "" }, active_ms: 7 },
      { lease_id: "not held", version: 1, state: {}, active_ms: 0 },
    ];
    await bench.start();
    expect(bench.state.value).toEqual({ pick: "b", reason: "" });
    expect(bench.keeper.versionOf("1")).toBe(4);
  });

  it("sets a task aside only when the server agreed", async () => {
    const bench = open();
    await bench.start();
    world.refuse = new NetworkFailure(null);
    await expect(bench.setAside("flag", "x")).rejects.toThrow(NetworkFailure);
    expect(bench.current.value?.id).toBe("1");
    world.refuse = null;
    await bench.setAside("flag", "x");
    expect(bench.held()).toEqual(["2", "3", "4"]);
  });

  it("falls back to memory where there is no IndexedDB", async () => {
    expect((await openJournal(undefined)).durable).toBe(false);
    expect(journal.durable).toBe(false);
  });
});
