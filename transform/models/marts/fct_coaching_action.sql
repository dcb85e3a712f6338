{{ config(indexes=[{'columns': ['action_key'], 'unique': true}, {'columns': ['agent_key']}]) }}
select
  things.vendor || ':' || action_id as action_key,
  things.vendor,
  things.vendor || ':' || session_id as session_key,
  agent.agent_key,
  title,
  status,
  created_at,
  due_at,
  completed_at,
  {{ week_of('created_at') }} as created_week,
  {{ week_of('completed_at') }} as completed_week
from ({{ union_vendors('coaching_action') }}) as things
left join {{ ref('agent_identity') }} as agent on agent.agent_ref = things.agent_ref
