with answers as (select to_jsonb(row_of) as answer, _extracted_at from {{ source('caranalytics', 'response') }} as row_of)
, people as (
  select
    answer ->> 'responding_agent_display_id' as agent_id,
    answer ->> 'responding_agent_email' as email,
    answer ->> 'responding_agent_name' as agent_name,
    {{ moment('_extracted_at') }} as seen_at
  from answers
)
select
  {{ agent_ref('caranalytics', 'agent_id', 'email') }} as agent_ref,
  {{ identifier('agent_id') }} as agent_id,
  {{ email('email') }} as agent_email,
  agent_name,
  {{ identifier('agent_id') }} as shared_id,
  null::text as team,
  null::boolean as is_listed,
  max(seen_at) as seen_at
from people
group by agent_id, email, agent_name
