{{ config(indexes=[{'columns': ['interaction_key'], 'unique': true}, {'columns': ['agent_key']}]) }}
select
  things.vendor || ':' || interaction_id as interaction_key,
  things.vendor,
  interaction_id,
  kind,
  channel,
  agent.agent_key,
  ticket,
  started_at,
  {{ week_of('started_at') }} as started_week,
  round(handle_seconds, 3) as handle_seconds,
  stars,
  recommendation,
  is_resolved
from ({{ union_vendors('interaction') }}) as things
left join {{ ref('agent_identity') }} as agent on agent.agent_ref = things.agent_ref
