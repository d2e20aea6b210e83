-- The sender's page says which message it is about, as long as there is something to recall or to renew: until then, the
-- courier has the key of the message anyway. It is sealed with a key derived from the secret in the page's link, which the
-- courier has for longer; so it goes, whoever does it, with the box of the message's key.
alter table postseal.parcel_key
    add column subject bytea,
    add constraint parcel_key_subject_check check (subject is null or boxed is not null);
comment on column postseal.parcel_key.subject is 'the subject, sealed with the secret of the link to the sender''s page; null: there is none, or the courier no longer has the message''s key';
grant update (subject) on postseal.parcel_key to postseal_courier;

create function postseal.parcel_key_forget_subject() returns trigger language plpgsql
set search_path = postseal, pg_temp as $$
begin
    new.subject := null;
    return new;
end
$$;
create trigger parcel_key_forget_subject before update on postseal.parcel_key
    for each row when (new.boxed is null and new.subject is not null) execute function postseal.parcel_key_forget_subject();
