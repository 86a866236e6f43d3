-- Messages that can never be processed as they are, sealed, until a person retries or dismisses
-- them. Retrying closes the letter in the transaction that decides its message again.
create table dead_letters (
    id uuid not null primary key,
    stream text not null,
    stream_sequence bigint not null,
    subject text not null,
    message_type text not null,
    message_id text not null,
    sealed bytea not null,
    reason text not null,
    attempts integer not null check (attempts >= 0),
    state text not null check (state in ('open', 'retried', 'dismissed')),
    opened_at timestamptz not null
);

create index dead_letters_open on dead_letters (opened_at, id) where state = 'open';

create index dead_letters_opened_at on dead_letters (opened_at, id);
