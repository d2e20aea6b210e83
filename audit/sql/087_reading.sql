-- Each time a waiting message, or one sent from the portal, is shown to its reader, and each download of it, with the
-- network that the request came from. Repetitions from the same network by the same reader are recorded once in ten
-- minutes: a page that is reloaded all day leaves no more than 144 rows.
create table postseal.reading (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    message uuid not null,
    copy uuid,                            -- null: the author's own copy, among what they sent
    what text not null check (what in ('shown', 'downloaded')),
    part text not null,                   -- 'text', 'original', 'attachment 2', 'all attachments'; names are sealed
    network text not null,                -- of the browser
    reader text,                          -- address of the account; null: link and code
    ten_minutes bigint not null           -- since 1970
);
create unique index reading_once on postseal.reading
    (message, coalesce(copy, message), what, part, network, coalesce(reader, ''), ten_minutes);

create function postseal.reading_add(message uuid, copy uuid, what text, part text, network text, reader text) returns void
language sql security definer set search_path = postseal, pg_temp as $$
    insert into reading (message, copy, what, part, network, reader, ten_minutes)
    values (message, copy, what, part, network, reader, floor(extract(epoch from clock_timestamp()) / 600))
    on conflict do nothing;
$$;
revoke execute on function postseal.reading_add from public;
grant execute on function postseal.reading_add to postseal_portal;

create view postseal.readings as
    select r.at, r.message, r.copy, c.recipient, r.what, r.part, r.network, r.reader
    from postseal.reading r left join postseal.copy c on c.id = r.copy;
create or replace view postseal.history as
    select e.at, e.what, e.detail, c.recipient, e.message, e.copy
    from postseal.event e left join postseal.copy c on c.id = e.copy
    union all
    select decided_at, first_state, first_reason, recipient, message, id from postseal.copy
    union all
    select r.at, r.what, concat_ws(', ', r.part, 'from ' || r.network, coalesce('signed in as ' || r.reader, 'by link and code')),
           r.recipient, r.message, r.copy
    from postseal.readings r;
grant select on postseal.readings to postseal_auditor;

comment on view postseal.readings is 'each opening and download of a message behind the portal';
comment on column postseal.readings.at is 'when';
comment on column postseal.readings.message is 'identifier of the message';
comment on column postseal.readings.copy is 'identifier of the copy; null: its author''s own, among what they sent';
comment on column postseal.readings.recipient is 'whose copy; null: its author''s own';
comment on column postseal.readings.what is 'shown, or downloaded: what was asked for was about to leave';
comment on column postseal.readings.part is 'text, original, an attachment by its number, or all attachments';
comment on column postseal.readings.network is 'of the browser';
comment on column postseal.readings.reader is 'address of the account; null: link and code opened it';
