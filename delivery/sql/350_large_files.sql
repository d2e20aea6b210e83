-- Files that travel beside a message, whoever adds them: they arrive in pieces, each sealed as it comes, and wait here.
-- The content key of a file is wrapped by whoever uploads it, and boxed to each parcel that the file belongs to, so that
-- whoever opens the parcel opens the file, and the database opens nothing.

-- X25519, made of the parcel's content key: what is boxed to it, its readers open. Null: parked by an earlier version.
alter table postseal.parcel add column public_key bytea;

create table postseal.large_file (
    id uuid primary key,
    account uuid,                         -- of the member who uploads it, even once it has ended; null: somebody else does
    place uuid,                           -- what it is added to: a draft, or the message of a sender's page; null: it is
                                          -- in parcels alone
    mark bytea not null,                  -- by which its uploader finds an upload again that was cut off
    wrapped bytea,                        -- the content key, by its uploader's key, as long as it has a place
    about bytea not null,                 -- name, type and size, sealed by the content key
    size bigint not null check (size > 0),
    arrived bigint not null default 0 check (arrived between 0 and size),
    made_at timestamptz not null default now(),
    touched_at timestamptz not null default now(),
    doomed boolean not null default false, -- deleted; the courier removes its pieces step by step
    check ((place is null) = (wrapped is null))
);
create index large_file_account on postseal.large_file (account) where account is not null;
create index large_file_place on postseal.large_file (place) where place is not null;
create index large_file_doomed on postseal.large_file (id) where doomed;

-- Each piece is sealed as a content of its own (core/seal/content.h): a piece that is sent twice never has the same key.
create table postseal.large_file_piece (
    file uuid not null references postseal.large_file,
    number integer not null,
    header bytea not null,
    primary key (file, number)
);
create table postseal.large_file_chunk (
    file uuid not null,
    piece integer not null,
    number integer not null,
    content bytea not null,
    primary key (file, piece, number),
    foreign key (file, piece) references postseal.large_file_piece on delete cascade
);
alter table postseal.large_file_chunk alter column content set storage external;

create table postseal.large_file_parcel (
    parcel uuid not null references postseal.parcel on delete cascade,
    file uuid not null references postseal.large_file on delete cascade,
    boxed bytea not null,                 -- the file's content key, to the parcel's public key
    primary key (parcel, file)
);
create index large_file_parcel_file on postseal.large_file_parcel (file);

-- For people who have no mailbox here: whoever has the link opens the file.
create table postseal.large_file_link (
    digest bytea primary key,             -- of the link's secret
    file uuid not null references postseal.large_file on delete cascade,
    message uuid not null,                -- in the log
    sender text not null,
    wrapped bytea not null,               -- the file's content key, by what the secret yields
    expires_at timestamptz not null,
    read_at timestamptz,                  -- the last download that is on record
    read_from text
);
create index large_file_link_file on postseal.large_file_link (file);
create index large_file_link_expires on postseal.large_file_link (expires_at);

grant select on postseal.large_file, postseal.large_file_piece, postseal.large_file_chunk, postseal.large_file_parcel,
    postseal.large_file_link to postseal_portal;

-- --- room ---

-- Bytes that a member's files take up: of what is being uploaded, what has arrived; what was sent counts until nobody can
-- fetch it any more, whether or not the member has deleted it, or they could fill the disk with it.
create function postseal.large_file_bytes(of_account uuid) returns bigint
language sql stable security definer set search_path = postseal, pg_temp as $$
    select coalesce(sum(f.arrived), 0)::bigint from large_file f
    where f.account = of_account and not f.doomed
$$;
revoke execute on function postseal.large_file_bytes from public;
grant execute on function postseal.large_file_bytes to postseal_portal;

create function postseal.mailbox_bytes(of_account uuid) returns bigint
language sql stable security definer set search_path = postseal, pg_temp as $$
    select (select coalesce(sum(p.size), 0) from parcel_key k join parcel p on p.id = k.parcel
            where k.account = of_account and k.folder in ('drafts', 'sent'))::bigint + large_file_bytes(of_account)
$$;
revoke execute on function postseal.mailbox_bytes from public;
grant execute on function postseal.mailbox_bytes to postseal_portal;

create or replace function postseal.mailbox_room(of_account uuid, bytes_max bigint, drafts_max bigint) returns void
language plpgsql security definer set search_path = postseal, pg_temp as $$
declare
    bytes bigint;
    drafts bigint;
begin
    perform from account where id = of_account for no key update;
    bytes := mailbox_bytes(of_account);
    select count(*) into drafts from parcel_key where account = of_account and folder = 'drafts';
    if bytes > bytes_max or drafts > drafts_max then
        raise exception 'the mailbox is full: % bytes, % drafts', bytes, drafts using errcode = 'PS003';
    end if;
end
$$;

-- --- uploading ---

-- Null: it is announced. Otherwise, why not: 'large': the files of this place would be too large together; 'full': there
-- is no room in the account.
create function postseal.large_file_announce(which uuid, of_account uuid, at_place uuid, its_mark bytea, key_wrapped bytea,
                                             its_about bytea, bytes bigint, place_max bigint, account_max bigint)
returns text language plpgsql security definer set search_path = postseal, pg_temp as $$
declare
    present bigint;
    files bigint;
begin
    -- One at a time for each account, and for each place.
    perform from account where id = of_account for no key update;
    if of_account is null then
        perform pg_advisory_xact_lock(hashtextextended(at_place::text, 350));
    end if;
    -- An upload that nobody goes on with does not count: no page shows it.
    select coalesce(sum(size), 0), count(*) into present, files from large_file
    where place = at_place and account is not distinct from of_account and not doomed
        and (arrived = size or touched_at > now() - interval '10 minutes');
    if bytes > place_max - present or files >= 50 then
        return 'large';
    end if;
    if of_account is not null and bytes > account_max - mailbox_bytes(of_account) then
        return 'full';
    end if;
    insert into large_file (id, account, place, mark, wrapped, about, size)
    values (which, of_account, at_place, its_mark, key_wrapped, its_about, bytes);
    return null;
end
$$;
revoke execute on function postseal.large_file_announce from public;
grant execute on function postseal.large_file_announce to postseal_portal;

-- Takes the next piece; its chunks follow in the same transaction. Null: it is taken. Otherwise, why not: 'gone',
-- 'offset' (something else is expected next), 'length', 'full'.
create function postseal.large_file_take(which uuid, of_account uuid, at_place uuid, number integer, piece_bytes bigint,
                                         from_byte bigint, bytes bigint, its_header bytea, account_max bigint)
returns text language plpgsql security definer set search_path = postseal, pg_temp as $$
declare
    file large_file;
begin
    select * into file from large_file
    where id = which and account is not distinct from of_account and place = at_place and not doomed for update;
    if not found then
        return 'gone';
    elsif from_byte <> file.arrived or from_byte <> number * piece_bytes or file.arrived = file.size then
        return 'offset';
    elsif bytes <> least(piece_bytes, file.size - file.arrived) then
        return 'length';
    end if;
    if of_account is not null then
        perform from account where id = of_account for no key update;
        if bytes > account_max - mailbox_bytes(of_account) then
            return 'full';
        end if;
    end if;
    update large_file set arrived = arrived + bytes, touched_at = now() where id = which;
    insert into large_file_piece (file, number, header) values (which, number, its_header);
    return null;
end
$$;
revoke execute on function postseal.large_file_take from public;
grant execute on function postseal.large_file_take to postseal_portal;

create function postseal.large_file_put_chunk(which uuid, of_piece integer, its_number integer, sealed bytea) returns void
language sql security definer set search_path = postseal, pg_temp as $$
    insert into large_file_chunk (file, piece, number, content) values (which, of_piece, its_number, sealed)
$$;
revoke execute on function postseal.large_file_put_chunk from public;
grant execute on function postseal.large_file_put_chunk to postseal_portal;

-- It is taken out of what it was added to.
create function postseal.large_file_drop(which uuid, of_account uuid, at_place uuid) returns void
language sql security definer set search_path = postseal, pg_temp as $$
    update large_file set doomed = true
    where id = which and account is not distinct from of_account and place = at_place
$$;
revoke execute on function postseal.large_file_drop from public;
grant execute on function postseal.large_file_drop to postseal_portal;

-- --- what it belongs to ---

create function postseal.large_file_attach(which uuid, of_account uuid, at_place uuid, to_parcel uuid, key_boxed bytea)
returns void language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    perform from large_file
    where id = which and account is not distinct from of_account and place = at_place and arrived = size and not doomed
    for update;
    if not found then
        raise exception 'the file % is gone, or not complete', which using errcode = 'PS290';
    end if;
    insert into large_file_parcel (parcel, file, boxed) values (to_parcel, which, key_boxed);
end
$$;
revoke execute on function postseal.large_file_attach from public;
grant execute on function postseal.large_file_attach to postseal_portal;

create function postseal.large_file_add_link(its_digest bytea, which uuid, of_account uuid, at_place uuid, of_message uuid,
                                             its_sender text, key_wrapped bytea, seconds bigint)
returns void language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    perform from large_file
    where id = which and account is not distinct from of_account and place = at_place and arrived = size and not doomed
    for update;
    if not found then
        raise exception 'the file % is gone, or not complete', which using errcode = 'PS290';
    end if;
    insert into large_file_link (digest, file, message, sender, wrapped, expires_at)
    values (its_digest, which, of_message, its_sender, key_wrapped, now() + seconds * interval '1 second');
end
$$;
revoke execute on function postseal.large_file_add_link from public;
grant execute on function postseal.large_file_add_link to postseal_portal;

-- Is this download to be put on record? A part of one that went on is not, for ten minutes.
create function postseal.large_file_link_read(its_digest bytea, network text) returns boolean
language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    update large_file_link set read_at = now(), read_from = network
    where digest = its_digest and (read_from is distinct from network or read_at < now() - interval '10 minutes');
    return found;
end
$$;
revoke execute on function postseal.large_file_link_read from public;
grant execute on function postseal.large_file_link_read to postseal_portal;

-- Files that were attached, to parcels or links, are theirs from now on.
create function postseal.large_files_leave(of_account uuid, at_place uuid) returns void
language sql security definer set search_path = postseal, pg_temp as $$
    update large_file f set place = null, wrapped = null
    where place = at_place and account is not distinct from of_account and not doomed
        and (exists (select from large_file_parcel l where l.file = f.id)
             or exists (select from large_file_link l where l.file = f.id))
$$;
revoke execute on function postseal.large_files_leave from public;
grant execute on function postseal.large_files_leave to postseal_portal;

-- --- the end of files ---

create function postseal.large_file_left() returns trigger language plpgsql security definer
set search_path = postseal, pg_temp as $$
begin
    update large_file f set doomed = true
    where id = old.file and place is null and not doomed
        and not exists (select from large_file_parcel l where l.file = f.id)
        and not exists (select from large_file_link l where l.file = f.id);
    return null;
end
$$;
create trigger large_file_left after delete on postseal.large_file_parcel
    for each row execute function postseal.large_file_left();
create trigger large_file_left after delete on postseal.large_file_link
    for each row execute function postseal.large_file_left();

-- A draft that is saved again is deleted and made anew in one transaction: only at its end is it known to be gone.
create function postseal.large_file_draft_gone() returns trigger language plpgsql security definer
set search_path = postseal, pg_temp as $$
begin
    update large_file set doomed = true
    where place = old.draft and account = old.account and not doomed
        and not exists (select from parcel_key where account = old.account and draft = old.draft);
    return null;
end
$$;
create constraint trigger large_file_draft_gone after delete on postseal.parcel_key deferrable initially deferred
    for each row when (old.draft is not null) execute function postseal.large_file_draft_gone();

create function postseal.large_file_account_gone() returns trigger language plpgsql security definer
set search_path = postseal, pg_temp as $$
begin
    update large_file set doomed = true where account = old.id and place is not null;
    return old;
end
$$;
create trigger large_file_account_gone before delete on postseal.account
    for each row execute function postseal.large_file_account_gone();

-- One step of what the courier does: dooms what was abandoned, and removes some pieces of what is doomed. True: there
-- is more to remove.
create function postseal.large_files_sweep(pieces_max integer) returns boolean
language plpgsql security definer set search_path = postseal, pg_temp as $$
declare
    removed bigint;
begin
    delete from large_file_link where expires_at <= now();
    update large_file f set doomed = true
    where place is not null and not doomed and touched_at < now() - interval '1 day'
        and (arrived < size or account is null
             or not exists (select from parcel_key k where k.account = f.account and k.draft = f.place));
    -- Two references that go at the same moment do not see each other go.
    update large_file f set doomed = true
    where place is null and not doomed and touched_at < now() - interval '1 minute'
        and not exists (select from large_file_parcel l where l.file = f.id)
        and not exists (select from large_file_link l where l.file = f.id);
    delete from large_file_piece p using (
        select file, number from large_file_piece where file in (select id from large_file where doomed)
        limit pieces_max for update skip locked) as gone
    where p.file = gone.file and p.number = gone.number;
    get diagnostics removed = row_count;
    delete from large_file f where doomed and not exists (select from large_file_piece p where p.file = f.id);
    return removed = pieces_max;
end
$$;
revoke execute on function postseal.large_files_sweep from public;
grant execute on function postseal.large_files_sweep to postseal_courier;

comment on column postseal.readings.part is 'text, original, an attachment by its number, all attachments, or a large file beside it';
