/**
 * What was typed and not yet acknowledged, kept over reloads and crashes.
 *
 * IndexedDB, two stores keyed by lease. Where the browser refuses it (some private modes) a
 * journal in memory takes its place, and says so by `durable`.
 *
 * @import { Draft, Journal, OutboxEntry } from "../types/store.js"
 */

const NAME = "evenhand";
const VERSION = 1;

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * @param {IDBFactory} factory
 * @returns {Promise<IDBDatabase>}
 */
function open(factory) {
  const request = factory.open(NAME, VERSION);
  request.onupgradeneeded = () => {
    request.result.createObjectStore("entries", { keyPath: "lease_id" });
    request.result.createObjectStore("drafts", { keyPath: "lease_id" });
  };
  return settled(request);
}

/**
 * Runs one request in its own transaction. After this resolves the write is committed.
 * @template T
 * @param {IDBDatabase} database
 * @param {"entries" | "drafts"} store
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<T>} work
 * @returns {Promise<T>}
 */
async function transact(database, store, mode, work) {
  const transaction = database.transaction(store, mode);
  const committed = new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(null);
    transaction.onabort = () => reject(transaction.error);
  });
  const [result] = await Promise.all([settled(work(transaction.objectStore(store))), committed]);
  return result;
}

/**
 * @param {IDBFactory | undefined} factory
 * @returns {Promise<Journal>}
 */
export async function openJournal(factory) {
  if (factory === undefined) return createMemoryJournal();
  let database;
  try {
    database = await open(factory);
  } catch (error) {
    if (error instanceof DOMException) return createMemoryJournal();
    throw error;
  }
  /** @param {"entries" | "drafts"} store @param {string} memberId */
  const mine = async (store, memberId) => {
    const all = await transact(database, store, "readonly", (rows) => rows.getAll());
    return all.filter((row) => row.member_id === memberId).sort((a, b) => a.stored_at - b.stored_at);
  };
  /** @param {"entries" | "drafts"} store @param {unknown} row */
  const put = async (store, row) => {
    await transact(database, store, "readwrite", (rows) => rows.put(row));
  };
  /** @param {"entries" | "drafts"} store @param {string} leaseId */
  const remove = async (store, leaseId) => {
    await transact(database, store, "readwrite", (rows) => rows.delete(leaseId));
  };
  return {
    durable: true,
    entries: (memberId) => mine("entries", memberId),
    putEntry: (entry) => put("entries", entry),
    deleteEntry: (leaseId) => remove("entries", leaseId),
    drafts: (memberId) => mine("drafts", memberId),
    putDraft: (draft) => put("drafts", draft),
    deleteDraft: (leaseId) => remove("drafts", leaseId),
  };
}

/** @returns {Journal} */
export function createMemoryJournal() {
  /** @type {Map<string, OutboxEntry>} */
  const entries = new Map();
  /** @type {Map<string, Draft>} */
  const drafts = new Map();
  return {
    durable: false,
    entries: async (memberId) => [...entries.values()].filter((row) => row.member_id === memberId),
    putEntry: async (entry) => void entries.set(entry.lease_id, entry),
    deleteEntry: async (leaseId) => void entries.delete(leaseId),
    drafts: async (memberId) => [...drafts.values()].filter((row) => row.member_id === memberId),
    putDraft: async (draft) => void drafts.set(draft.lease_id, draft),
    deleteDraft: async (leaseId) => void drafts.delete(leaseId),
  };
}
