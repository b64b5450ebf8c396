import type { VNode } from "preact";
import type { Lease, PairwiseAnswer, PairwiseSettings } from "./api.js";

export type Text = (key: string, values?: Record<string, string | number>) => string;

/** A key of the map: which action it does, how it is shown, and where its description lies. */
export interface Binding {
  action: string;
  /** Values of KeyboardEvent.key. */
  keys: string[];
  /** Catalogue key of the description in the map of keys. */
  label: string;
}

/** A choice that lacks something: the catalogue key of the sentence, the field to go to. */
export interface Gap {
  text: string;
  field: string;
}

export interface EditorViewProps<State> {
  lease: Lease;
  settings: PairwiseSettings;
  state: State;
  raw: boolean;
  gap: Gap | null;
  showKeys: boolean;
  /** The map of keys as the person has set it. */
  bindings: readonly Binding[];
  /** What the page puts beside the choice: submit, skip, flag. */
  actions: VNode<any>;
  t: Text;
  act: (action: string, value?: string) => void;
}

/**
 * What editors/<kind>/index.js exports as `editor`: pure functions over a state that can be
 * stored as JSON, and a view.
 */
export interface Editor<State = unknown> {
  initial: () => State;
  /** The state of a stored draft, or the initial one if the draft has another shape. */
  restore: (draft: unknown) => State;
  /** Whether something would be lost with the state. */
  touched: (state: State) => boolean;
  reduce: (state: State, action: string, value: string | undefined, settings: PairwiseSettings) => State;
  bindings: (settings: PairwiseSettings) => Binding[];
  /** What is still to be done before the answer can be submitted; null when nothing. */
  gap: (state: State, settings: PairwiseSettings) => Gap | null;
  answer: (state: State, lease: Lease, settings: PairwiseSettings) => PairwiseAnswer;
  /** The state that `answer` renders to the given answer under the lease. */
  parse: (answer: PairwiseAnswer, lease: Lease) => State;
  /** A line that tells what was answered, for a refused submission. */
  describe: (answer: PairwiseAnswer, t: Text) => string;
  /** The same for a draft. */
  tell: (state: State, t: Text) => string;
  View: (props: EditorViewProps<State>) => VNode;
}
