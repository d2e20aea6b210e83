-- What waits points to facts, which are never deleted: nothing needs to look whether they are still there.
alter table postseal.outbox drop constraint outbox_message_fkey;
alter table postseal.outbox_recipient drop constraint outbox_recipient_copy_fkey;
alter table postseal.parcel drop constraint parcel_message_fkey;
alter table postseal.parcel_key drop constraint parcel_key_copy_fkey;
alter table postseal.sender_page drop constraint sender_page_message_fkey;
alter table postseal.receipt drop constraint receipt_message_fkey;

-- As before, but the state of a copy moves through copy_move().
create or replace function postseal.account_end(gone text, because text) returns integer
language plpgsql set search_path = postseal, pg_temp as $$
declare
    lost integer;
begin
    update parcel_key k set account = null, folder = null, sealed = null, kept = null
    from account a where a.address = gone and k.account = a.id and k.wrapped is not null;
    with gone_keys as (
        delete from parcel_key k using account a, parcel p
        where a.address = gone and k.account = a.id and p.id = k.parcel
        returning k.copy, k.folder, k.read_at, p.message, p.sender),
    moved as (
        select copy_move(g.copy, 'lost', because) from gone_keys g
        where g.folder = 'inbox' and g.read_at is null)
    insert into receipt (message, sender, recipient, what, form, due_at)
        select g.message, g.sender, c.recipient, 'lost', 'mail', now()
        from gone_keys g join copy c on c.id = g.copy cross join (select count(*) from moved) as all_moved
        where g.folder = 'inbox';
    get diagnostics lost = row_count;
    update attestation set revoked_at = now(), revoked_because = because
    where kind = 'account' and address = gone and revoked_at is null;
    delete from account where address = gone;
    return lost;
end
$$;
