-- Public events, written in the transaction that decided them and published after it. Published
-- rows are kept a while, so that the lost tail of a stream can be published again.
create table outbox (
    position bigserial primary key,
    id text collate "C" not null unique,
    stream text not null,
    subject text not null,
    headers jsonb not null,
    body bytea not null,
    published_at timestamptz
);

-- The sweep for leftovers reads only what waits, which is nearly nothing.
create index outbox_unpublished on outbox (position) where published_at is null;

create index outbox_published on outbox (published_at) where published_at is not null;
