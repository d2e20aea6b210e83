-- What has arrived of an upload that was cut off waits a day for the rest, as long as there is room. Where room lacks, it
-- goes first: its member sees it nowhere, and cannot delete it.
create function postseal.large_file_discard_cut_off(of_account uuid) returns void
language sql security definer set search_path = postseal, pg_temp as $$
    update large_file set doomed = true
    where account = of_account and not doomed and arrived < size and touched_at < now() - interval '10 minutes'
$$;
revoke execute on function postseal.large_file_discard_cut_off from public;

-- Is there room in the account for so many bytes more? The caller has locked the account.
create function postseal.mailbox_has_room(of_account uuid, bytes bigint, bytes_max bigint) returns boolean
language plpgsql security definer set search_path = postseal, pg_temp as $$
begin
    if bytes <= bytes_max - mailbox_bytes(of_account) then
        return true;
    end if;
    perform large_file_discard_cut_off(of_account);
    return bytes <= bytes_max - mailbox_bytes(of_account);
end
$$;
revoke execute on function postseal.mailbox_has_room from public;

create or replace function postseal.mailbox_room(of_account uuid, bytes_max bigint, drafts_max bigint) returns void
language plpgsql security definer set search_path = postseal, pg_temp as $$
declare
    drafts bigint;
begin
    perform from account where id = of_account for no key update;
    select count(*) into drafts from parcel_key where account = of_account and folder = 'drafts';
    if not mailbox_has_room(of_account, 0, bytes_max) or drafts > drafts_max then
        raise exception 'the mailbox is full: % bytes, % drafts', mailbox_bytes(of_account), drafts using errcode = 'PS003';
    end if;
end
$$;

create or replace function postseal.large_file_announce(which uuid, of_account uuid, at_place uuid, its_mark bytea,
                                                        key_wrapped bytea, its_about bytea, bytes bigint, place_max bigint,
                                                        account_max bigint)
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
    if of_account is not null and not mailbox_has_room(of_account, bytes, account_max) then
        return 'full';
    end if;
    insert into large_file (id, account, place, mark, wrapped, about, size)
    values (which, of_account, at_place, its_mark, key_wrapped, its_about, bytes);
    return null;
end
$$;

create or replace function postseal.large_file_take(which uuid, of_account uuid, at_place uuid, number integer,
                                                    piece_bytes bigint, from_byte bigint, bytes bigint, its_header bytea,
                                                    account_max bigint)
returns text language plpgsql security definer set search_path = postseal, pg_temp as $$
declare
    file large_file;
begin
    -- In the order in which others lock them: the account first.
    if of_account is not null then
        perform from account where id = of_account for no key update;
    end if;
    select * into file from large_file
    where id = which and account is not distinct from of_account and place = at_place and not doomed for update;
    if not found then
        return 'gone';
    elsif from_byte <> file.arrived or from_byte <> number * piece_bytes or file.arrived = file.size then
        return 'offset';
    elsif bytes <> least(piece_bytes, file.size - file.arrived) then
        return 'length';
    end if;
    -- It is not one that was cut off, whether or not there is room for it.
    update large_file set touched_at = now() where id = which;
    if of_account is not null and not mailbox_has_room(of_account, bytes, account_max) then
        return 'full';
    end if;
    update large_file set arrived = arrived + bytes where id = which;
    insert into large_file_piece (file, number, header) values (which, number, its_header);
    return null;
end
$$;

comment on column postseal.readings.part is 'text, original, an attachment by its number, all attachments, or a large or added file beside it by its number';
