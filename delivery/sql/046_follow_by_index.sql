-- What the MTA's log says comes in rounds of thousands of lines, and is looked up by queue ID and by message. A plan made
-- while these tables were small would read them through for each line, for as long as the connection lives.
alter function postseal.mta_took(text[]) set enable_seqscan = off;
alter function postseal.mta_took_again(text[], uuid[]) set enable_seqscan = off;
alter function postseal.mta_said(text[], text[], text[], text[], text[]) set enable_seqscan = off;
