-- A draft keeps its identifier when it is saved again, though each time it becomes another parcel. Whoever saves it says
-- which version they had before them, so that two windows cannot overwrite each other's text.
alter table postseal.parcel_key add column draft uuid;
update postseal.parcel_key set draft = id where folder = 'drafts';
create unique index parcel_key_draft on postseal.parcel_key (account, draft) where draft is not null;

-- Removes the version that is saved again, or that was sent; null: there was none yet.
create function postseal.draft_replace(of_account uuid, which uuid, version uuid) returns void
language plpgsql security definer set search_path = postseal, pg_temp as $$
declare
    present uuid;
begin
    select id into present from parcel_key where account = of_account and draft = which for update;
    if present is distinct from version then
        raise exception 'the draft was changed meanwhile' using errcode = 'PS290';
    end if;
    delete from parcel_key where id = version;
end
$$;
revoke execute on function postseal.draft_replace from public;
grant execute on function postseal.draft_replace to postseal_portal;
