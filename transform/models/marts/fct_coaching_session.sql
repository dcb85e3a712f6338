{{ config(indexes=[{'columns': ['session_key'], 'unique': true}, {'columns': ['agent_key']}]) }}
select
  things.vendor || ':' || session_id as session_key,
  things.vendor,
  session_id,
  agent.agent_key,
  coach.agent_key as coach_key,
  subject,
  status,
  created_at,
  planned_at,
  held_at,
  {{ week_of('held_at') }} as held_week,
  round(minutes, 1) as minutes
from ({{ union_vendors('coaching_session') }}) as things
left join {{ ref('agent_identity') }} as agent on agent.agent_ref = things.agent_ref
left join {{ ref('agent_identity') }} as coach on coach.agent_ref = things.coach_ref
