-- Rules may be in files that postseal.conf includes: their lines are counted there.
alter table postseal.copy add column rule_file text;
create or replace view postseal.log as
    select m.offered_at, m.queue_id, m.sender, m.authenticated, c.recipient, c.method, c.state,
           c.state_at, c.reason, c.rule_line, c.rule, c.keys, c.signed_by, m.message_id, m.size,
           c.policy, m.id as message, c.id as copy, c.trace, c.offer, c.decided_at, c.state_detail, c.rule_name, c.rule_file
    from postseal.copy c join postseal.message m on m.id = c.message;
comment on column postseal.log.rule_file is 'the file that has the rule which decided; null: the configuration file itself';
