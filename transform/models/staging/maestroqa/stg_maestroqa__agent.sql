-- MaestroQA sends no e-mail of an agent; of a coach, the log of what the coach did has it.
with sessions as (
  select *, {{ moment('_sdc_extracted_at') }} as seen_at from {{ source('maestroqa', 'coaching_sessions') }}
), people as (
  select "agentId" as agent_id, null::text as email, "agentName" as agent_name, seen_at from sessions
  union all
  select "coachId", null, "coachName", seen_at from sessions
  union all
  select "coachId", entry ->> 'userEmail', "coachName", seen_at
  from sessions, unnest("activityLog") as entry
  where entry ->> 'userId' = "coachId"
)
select
  {{ agent_ref('maestroqa', 'agent_id', 'email') }} as agent_ref,
  {{ identifier('agent_id') }} as agent_id,
  {{ email('email') }} as agent_email,
  agent_name,
  {{ identifier('agent_id') }} as shared_id,
  null::text as team,
  null::boolean as is_listed,
  max(seen_at) as seen_at
from people
group by agent_id, email, agent_name
