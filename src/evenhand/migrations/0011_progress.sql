-- Room: consensus. Purpose: how far an item's and an annotator's judgments fit the consensus, as
-- numbers beside the sealed result: shares say nothing of content, and lists are sorted by them.

ALTER TABLE consensus.result
    ADD COLUMN judgment_count int CHECK (judgment_count >= 1),
    ADD COLUMN agreed_prob double precision CHECK (agreed_prob BETWEEN 0 AND 1);
ALTER TABLE consensus.skill
    ADD COLUMN agreed_count int CHECK (agreed_count BETWEEN 0 AND judgment_count);

-- "Items on which fewer than x of the judgments agree", least agreed first.
CREATE INDEX result_agreed ON consensus.result (workspace_id, run_id, agreed_prob, item_id);
