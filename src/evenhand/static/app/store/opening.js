/**
 * The first look at the desk: what this browser has kept, and with that the first request for
 * leases. It needs nothing of the bench, so it can be under way before the bench is there.
 *
 * @import { Lease, Wanted } from "../types/api.js"
 * @import { Draft, Journal, OutboxEntry } from "../types/store.js"
 */
import { EMPTY, wanted } from "./queue.js";

/**
 * @typedef {object} Opening
 * @property {readonly Draft[]} drafts Oldest first, as `entries`.
 * @property {readonly OutboxEntry[]} entries
 * @property {Promise<{leases: Lease[]}>} leases Asked for with the unsent answers named.
 */

/**
 * @param {object} options
 * @param {{lease: (projectId: string, wanted: Wanted) => Promise<{leases: Lease[]}>}} options.api
 * @param {Journal} options.journal
 * @param {string} options.memberId
 * @param {{id: string}} options.project
 * @returns {Promise<Opening>}
 */
export async function openDesk({ api, journal, memberId, project }) {
  const [drafts, entries] = await Promise.all([journal.drafts(memberId), journal.entries(memberId)]);
  const unsent = entries.filter(({ refused }) => refused === null).map(({ lease_id }) => lease_id);
  const leases = api.lease(project.id, wanted(EMPTY, unsent));
  // A refusal may come before anybody waits for it; whoever does hears of it all the same.
  leases.catch(() => undefined);
  return { drafts, entries, leases };
}
