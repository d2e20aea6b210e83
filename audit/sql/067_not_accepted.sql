-- Messages that were not accepted, and not by a rule: a limit, a loop, something that did not work, a rule that could
-- not be answered. Each offer has a row.
create view postseal.not_accepted as
    select e.at, m.queue_id, m.sender, m.authenticated, m.message_id, m.size, e.detail as reason, e.message
    from postseal.event e join postseal.message m on m.id = e.message where e.what = 'not accepted';
grant select on postseal.not_accepted to postseal_auditor;
comment on view postseal.not_accepted is 'messages that were not accepted, and not by a rule';
comment on column postseal.not_accepted.at is 'when the MTA was told so';
comment on column postseal.not_accepted.queue_id is 'by which the MTA''s log names the message';
comment on column postseal.not_accepted.sender is 'of the envelope; empty: it was refused';
comment on column postseal.not_accepted.authenticated is 'who had signed in at the MTA; null: nobody';
comment on column postseal.not_accepted.message_id is 'the field Message-ID of the message';
comment on column postseal.not_accepted.size is 'of the message, in bytes';
comment on column postseal.not_accepted.reason is 'why';
comment on column postseal.not_accepted.message is 'identifier of the message';
