/**
 * Values of the sign-in and account routes. Times are RFC 3339 strings.
 */
import type { Member } from "./api.js";

export interface SignedInNow {
  member: Member;
  /** When the password was reset, told once. */
  reset_at: string | null;
}

/** What is left after the password. */
export interface SignInStep {
  workspace: { id: string; name: string };
  second_factor: boolean;
  ticket: string;
}

export interface InvitationSeen {
  workspace: string;
  name: string;
  email: string;
  role: string;
  purpose: "join" | "self" | "reset";
  expires_at: string;
}

export interface Account {
  email: string;
  password_set: boolean;
  password_changed_at: string | null;
  second_factor: boolean;
  recovery_codes_left: number;
}

export interface OwnSession {
  id: string;
  device: string;
  created_at: string;
  last_seen_at: string;
  current: boolean;
}
