-- A member's own list may show a message as unread that was opened, or as read that was not. This says nothing about
-- the opening, which is read_at, and which the sender is told of.
alter table postseal.parcel_key add column shown_as_read boolean; -- null: as it is
grant update (shown_as_read) on postseal.parcel_key to postseal_portal;

-- What an owner thought of it goes with the owner.
create function postseal.parcel_key_left() returns trigger language plpgsql set search_path = postseal, pg_temp as $$
begin
    new.shown_as_read := null;
    return new;
end
$$;
create trigger parcel_key_left before update of account on postseal.parcel_key
    for each row when (new.account is null) execute function postseal.parcel_key_left();
