/**
 * Drafts that are not simply the shown task's: left by an earlier page, written by another one, or
 * of a task that has moved on. Nothing typed is thrown away without the annotator's word.
 *
 * @import { DraftRef, Lease, StoredDraft } from "../types/api.js"
 * @import { Draft } from "../types/store.js"
 * @import { DraftKeeper } from "./drafts.js"
 * @import { Table } from "./table.js"
 */
import { batch, signal } from "@preact/signals-core";
import { fateOf } from "./outbox.js";

/**
 * @typedef {object} LeftoverOptions
 * @property {{
 *   drafts: () => Promise<{items: DraftRef[]}>,
 *   readDraft: (leaseId: string) => Promise<StoredDraft>,
 * }} api
 * @property {{id: string}} project
 * @property {{restore: (draft: unknown) => unknown, touched: (state: any) => boolean}} editor
 * @property {DraftKeeper} keeper
 * @property {Table} table
 * @property {() => readonly Lease[]} leases That the page holds.
 * @property {() => readonly string[]} unsent Leases whose answers are on their way.
 */

export class Leftovers {
  /** @param {LeftoverOptions} options */
  constructor(options) {
    this.options = options;
    /** Drafts whose task has moved on: kept, and offered back. */
    this.stranded = signal(/** @type {readonly Draft[]} */ ([]));
    /** The lease of which another page has saved another draft; null when none. */
    this.conflict = signal(/** @type {string | null} */ (null));
  }

  /**
   * Drafts of leases that are gone: into the same item's new lease if there is one, else offered.
   * @param {readonly Draft[]} kept
   */
  async adopt(kept) {
    const { editor, project, keeper, table } = this.options;
    const held = new Set(this.#held());
    const unsent = new Set(this.options.unsent());
    for (const draft of kept) {
      const { lease_id, project_id, item_id } = draft;
      if (project_id !== project.id || held.has(lease_id) || unsent.has(lease_id)) continue;
      if (!editor.touched(editor.restore(draft.state))) continue;
      const again = this.options.leases().find((lease) => lease.item_id === item_id);
      if (again === undefined || table.has(again.id)) {
        this.strand(draft);
        continue;
      }
      table.put(again.id, draft);
      keeper.saw(again.id, 0);
      if (table.leaseId === again.id) table.show(again.id);
      await keeper.forget(lease_id);
    }
  }

  /** @param {Draft} draft */
  strand(draft) {
    this.stranded.value = [...this.stranded.value, draft];
  }

  /** @param {string} leaseId Whose conflict is over. */
  settle(leaseId) {
    if (this.conflict.value === leaseId) this.conflict.value = null;
  }

  #held() {
    return this.options.leases().map(({ id }) => id);
  }

  /** Takes over what another browser has typed into tasks that are held here. */
  async resume() {
    const { api, keeper, table } = this.options;
    try {
      const { items } = await api.drafts();
      for (const { lease_id, version } of items) {
        if (!this.#held().includes(lease_id) || keeper.versionOf(lease_id) >= version) continue;
        if (table.has(lease_id)) this.conflict.value = lease_id;
        else await this.takeStored(lease_id);
      }
    } catch (error) {
      fateOf(error); // Without the server's drafts there are those of this browser.
    }
  }

  /** @param {string} leaseId Whose stored draft replaces what is here; it can be stepped back. */
  async takeStored(leaseId) {
    const { api, keeper, table } = this.options;
    const { state, active_ms, version } = await api.readDraft(leaseId);
    keeper.saw(leaseId, version);
    batch(() => {
      this.settle(leaseId);
      table.replace(leaseId, { state, active_ms });
    });
  }

  /** @param {string} leaseId Whose draft here replaces the stored one. */
  async keepMine(leaseId) {
    const { api, keeper } = this.options;
    const { items } = await api.drafts();
    keeper.saw(leaseId, items.find((one) => one.lease_id === leaseId)?.version ?? 0);
    this.settle(leaseId);
    await keeper.send();
  }

  /** @param {string} leaseId A stranded draft that the annotator has seen. */
  async dismiss(leaseId) {
    this.stranded.value = this.stranded.value.filter((draft) => draft.lease_id !== leaseId);
    await this.options.keeper.forget(leaseId);
  }

  /** @param {string} leaseId A stranded draft that goes into the shown task. */
  async reuse(leaseId) {
    const { keeper, table } = this.options;
    const draft = this.stranded.value.find((one) => one.lease_id === leaseId);
    if (draft === undefined || table.leaseId === null) return;
    table.replace(table.leaseId, { state: draft.state, active_ms: table.stopwatch.elapsedMs() });
    keeper.changed();
    await this.dismiss(leaseId);
  }
}
