-- When a public event was added, so that the sweep leaves alone what its own transaction's process
-- is just sending; and what the broker said to one that it will never take, so that it blocks none
-- of those behind it. What stands here from before counts as old.
alter table outbox
    add column opened_at timestamptz not null default to_timestamp(0),
    add column refusal text;
