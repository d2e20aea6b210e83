-- Notices and codes are put into the outbox by the courier, which looks there next: nobody needs to
-- be called for them.
drop trigger outbox_added on postseal.outbox;
create trigger outbox_added after insert on postseal.outbox
    for each row when (new.kind not in ('notice', 'code')) execute function postseal.outbox_added();
