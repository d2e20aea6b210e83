-- Whoever adds to a mailbox has already locked its account as a foreign key does (for key share). Two who then asked
-- for update waited for each other, and what one of them wrote was lost; this lock only excludes its own kind.
create or replace function postseal.mailbox_room(of_account uuid, bytes_max bigint, drafts_max bigint) returns void
language plpgsql security definer set search_path = postseal, pg_temp as $$
declare
    bytes bigint;
    drafts bigint;
begin
    perform from account where id = of_account for no key update;
    select coalesce(sum(p.size), 0), count(*) filter (where k.folder = 'drafts') into bytes, drafts
    from parcel_key k join parcel p on p.id = k.parcel
    where k.account = of_account and k.folder in ('drafts', 'sent');
    if bytes > bytes_max or drafts > drafts_max then
        raise exception 'the mailbox is full: % bytes, % drafts', bytes, drafts using errcode = 'PS003';
    end if;
end
$$;
