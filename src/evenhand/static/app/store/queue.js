/**
 * The leases that the page holds: the first is shown, the others are prefetched. Pure.
 *
 * A lease that was finished here never comes back, even if an answer that was under way at that
 * moment still names it.
 *
 * @import { Lease, Wanted } from "../types/api.js"
 */

/** One shown, two prefetched. */
export const HOLD_COUNT = 3;

/** @typedef {{leases: readonly Lease[], finished: ReadonlySet<string>}} Queue */

/** @type {Queue} */
export const EMPTY = { leases: [], finished: new Set() };

/**
 * @param {Queue} queue
 * @param {readonly Lease[]} leases
 * @returns {Queue}
 */
export function append(queue, leases) {
  const held = new Set(queue.leases.map((lease) => lease.id));
  const fresh = leases.filter(({ id }) => !held.has(id) && !queue.finished.has(id));
  return fresh.length === 0 ? queue : { ...queue, leases: [...queue.leases, ...fresh] };
}

/**
 * Puts a lease before all others: a task that came back.
 * @param {Queue} queue
 * @param {Lease} lease
 * @returns {Queue}
 */
export function putFirst(queue, lease) {
  return { ...queue, leases: [lease, ...queue.leases.filter(({ id }) => id !== lease.id)] };
}

/**
 * @param {Queue} queue
 * @param {string} leaseId
 * @returns {Queue}
 */
export function finish(queue, leaseId) {
  return {
    leases: queue.leases.filter((lease) => lease.id !== leaseId),
    finished: new Set([...queue.finished, leaseId]),
  };
}

/**
 * What to ask for. Leases whose submission is still under way count as held by the server, so
 * they are named and the wanted number grows by them.
 * @param {Queue} queue
 * @param {readonly string[]} unsent Lease ids.
 * @returns {Wanted}
 */
export function wanted(queue, unsent) {
  const have = [...queue.leases.map((lease) => lease.id), ...unsent];
  return { hold: HOLD_COUNT + unsent.length, have };
}
