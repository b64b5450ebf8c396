/**
 * Values of the JSON API that the manager's pages read. Times are RFC 3339 strings.
 */
import type { Receipt } from "./api.js";

export type TaskState = "open" | "leased" | "done" | "skipped" | "flagged";
export type TaskCounts = Record<TaskState, number>;

export interface ManagedProject {
  id: string;
  name: string;
  task_type: string;
  settings: Record<string, unknown>;
  judgments_per_item: number;
  lease_ttl_s: number;
  created_at: string;
}

export interface BatchProgress {
  id: string;
  name: string;
  purpose: "label" | "gold";
  item_count: number;
  tasks: TaskCounts;
}

export interface Hour {
  at: string;
  judgments: number;
  annotators: number;
}

export interface Progress {
  tasks: TaskCounts;
  batches: BatchProgress[];
  hours: Hour[];
}

export interface RunSummary {
  judgments: number;
  items: number;
  annotators: number;
  labels: Record<string, number>;
  percent_agreement: number | null;
  alpha: number | null;
  alpha_low: number | null;
  alpha_high: number | null;
  differs_from_majority: number;
}

export interface LatestRun {
  id: string;
  method: string;
  summary: RunSummary;
  finished_at: string;
}

export interface Run {
  id: string;
  method: string;
  state: "waiting" | "running" | "done" | "failed";
  failure: string | null;
}

export interface Overview extends Progress {
  run: LatestRun | null;
}

export interface Ranked {
  rank: number;
  name: string;
  score: number;
  low: number;
  high: number;
  win_probability: number;
  wins: number;
  losses: number;
  ties: number;
}

export interface Ranking {
  items: Ranked[];
  receipt: Receipt;
}

export interface Annotator {
  id: string;
  name: string;
  simulated: boolean;
  removed: boolean;
  vendor: { id: string; name: string } | null;
  judgments: number;
  median_active_ms: number | null;
  last_at: string | null;
  skipped: number;
  flagged: number;
  gold: number;
  gold_correct: number;
  compared: number | null;
  agreed: number | null;
  skill_prob: number | null;
}

export interface ListedItem {
  id: string;
  project_id: string;
  batch: { id: string; name: string };
  purpose: "label" | "gold";
  created_at: string;
  tasks: TaskCounts;
  agreed_prob: number | null;
  judgment_count: number | null;
}

export interface ItemWork {
  annotator: { id: string; name: string; simulated: boolean; vendor: string | null };
  state: string;
  ended_at: string | null;
  reason: string | null;
  judgment: {
    id: string;
    answer: Record<string, unknown>;
    active_ms: number;
    submitted_at: string;
    withdrawn: boolean;
    gold_correct: boolean | null;
  } | null;
}

export interface ItemLook {
  payload: Record<string, unknown>;
  meta: { id?: string; meta?: Record<string, unknown> } | null;
  consensus: { label: string; confidence: number; majority: string; votes: Record<string, number> } | null;
  work: ItemWork[];
  receipts: { index: number; url: string }[];
}

/** What the list behind a ranked name has beside the page. */
export interface Standing {
  name: string;
  receipt: Receipt;
}

export interface Invitation {
  id: string;
  member_id: string;
  name: string;
  email: string;
  role: string;
  vendor: { id: string; name: string } | null;
  invited_by: { id: string; name: string } | null;
  invited_at: string;
  expires_at: string;
  state: "open" | "expired" | "revoked";
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface ManagedMember {
  id: string;
  party_id: string;
  name: string;
  email: string;
  role: string;
  vendor_id: string | null;
  simulated: boolean;
  removed: boolean;
}

export interface Party {
  id: string;
  name: string;
  role: string;
}
