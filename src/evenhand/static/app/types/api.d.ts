/**
 * Values of the JSON API below /api/v1, as the browser sees them. Times are RFC 3339 strings.
 */

export interface Member {
  id: string;
  name: string;
  role: string;
}

export interface Me {
  workspace: { id: string; name: string; level: string };
  member: Member;
  permissions: string[];
}

export interface SignedIn {
  member: Member;
}

export interface PairwiseSettings {
  tie: boolean;
  reason: "off" | "optional" | "required";
  order: "given" | "random";
}

export interface Project {
  id: string;
  name: string;
  task_type: string;
  settings: PairwiseSettings;
  lease_ttl_s: number;
}

export interface ProjectPage {
  items: Project[];
  next_cursor: string | null;
}

/** Where the leaf of a release stands in the workspace's log. */
export interface Receipt {
  index: number;
  tree_size: number;
  url: string;
}

export interface Instructions {
  markdown: string;
  receipt: Receipt;
}

export type Order = "given" | "swapped";

export interface PairwisePayload {
  prompt: string;
  left: string;
  right: string;
}

export interface Lease {
  id: string;
  task_id: string;
  item_id: string;
  expires_at: string;
  order: Order;
  payload: PairwisePayload;
  receipt: Receipt;
}

export interface Leased {
  leases: Lease[];
}

export interface PairwiseAnswer {
  choice: "left" | "right" | "tie";
  order: Order;
  reason?: string;
}

export interface Feedback {
  correct: boolean;
  reason: string;
}

export interface Judgment {
  id: string;
  lease_id: string;
  item_id: string;
  submitted_at: string;
  feedback: Feedback | null;
}

/** "Make sure that I hold `hold` leases; I have those of `have`." */
export interface Wanted {
  hold: number;
  have: string[];
}

export interface Submission {
  lease_id: string;
  answer: PairwiseAnswer;
  active_ms: number;
}

/** A task that came back, with the answer that was taken back. */
export interface Undone {
  lease: Lease;
  answer: PairwiseAnswer;
  active_ms: number;
}

export interface OwnCounts {
  judgment_count: number;
  skipped_count: number;
  flagged_count: number;
  active_ms: number;
  median_active_ms: number | null;
}

export interface OwnWork {
  since: string;
  counts: OwnCounts;
  latest: { id: string; lease_id: string; submitted_at: string }[];
}

export interface DraftRef {
  lease_id: string;
  version: number;
  saved_at: string;
}

export interface StoredDraft extends DraftRef {
  state: unknown;
  active_ms: number;
}

export interface Submitted {
  judgment: Judgment;
  leases: Lease[];
}

/** RFC 9457, with a stable code. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  errors?: { path: string; detail: string }[];
}
