import type { Submission } from "./api.js";

/** A submission that the server has not acknowledged. */
export interface OutboxEntry extends Submission {
  project_id: string;
  member_id: string;
  /** Milliseconds since the epoch. */
  stored_at: number;
  /** Why the server refused it for good; null while it waits. */
  refused: { code: string; detail: string } | null;
}

export interface Draft {
  lease_id: string;
  member_id: string;
  project_id: string;
  item_id: string;
  /** The server's count of writes that this one builds on; 0 when it has none. */
  version: number;
  /** Milliseconds since the epoch. */
  stored_at: number;
  state: unknown;
  /** Time on the task until the draft was stored. */
  active_ms: number;
}

/** Durable storage of what was typed. Implemented on IndexedDB and in memory. */
export interface Journal {
  /** False when what is written is lost with the page. */
  readonly durable: boolean;
  entries: (memberId: string) => Promise<OutboxEntry[]>;
  putEntry: (entry: OutboxEntry) => Promise<void>;
  deleteEntry: (leaseId: string) => Promise<void>;
  drafts: (memberId: string) => Promise<Draft[]>;
  putDraft: (draft: Draft) => Promise<void>;
  deleteDraft: (leaseId: string) => Promise<void>;
}
