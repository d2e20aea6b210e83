-- What a member wrote and has kept, drafts and sent messages, has room for so much. Called at the end of the
-- transaction that adds to it; whoever writes at the same time waits, and is counted too.
create function postseal.mailbox_room(of_account uuid, bytes_max bigint, drafts_max bigint) returns void
language plpgsql security definer set search_path = postseal, pg_temp as $$
declare
    bytes bigint;
    drafts bigint;
begin
    perform from account where id = of_account for update;
    select coalesce(sum(p.size), 0), count(*) filter (where k.folder = 'drafts') into bytes, drafts
    from parcel_key k join parcel p on p.id = k.parcel
    where k.account = of_account and k.folder in ('drafts', 'sent');
    if bytes > bytes_max or drafts > drafts_max then
        raise exception 'the mailbox is full: % bytes, % drafts', bytes, drafts using errcode = 'PS003';
    end if;
end
$$;
revoke execute on function postseal.mailbox_room from public;
grant execute on function postseal.mailbox_room to postseal_portal;
