-- What was stated about an account is revoked with it: a fact of its own, under the lock that whoever states anything about
-- the address takes first, too.
create or replace function postseal.account_end(gone text, because text) returns integer
language plpgsql security definer set search_path = postseal, pg_temp as $$
declare
    lost integer;
begin
    perform attestations_revoke('account', gone, null, null, coalesce(nullif(current_setting('postseal.actor', true), ''), gone), because);
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
    delete from account where address = gone;
    return lost;
end
$$;
