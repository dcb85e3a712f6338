{{ config(indexes=[{'columns': ['evaluation_key'], 'unique': true}, {'columns': ['agent_key']}]) }}
select
  things.vendor || ':' || evaluation_id as evaluation_key,
  things.vendor,
  evaluation_id,
  agent.agent_key,
  evaluator.agent_key as evaluator_key,
  things.vendor || ':' || interaction_id as interaction_key,
  scorecard,
  round(score, 2) as score,
  counts_toward_score,
  is_autofailed,
  evaluated_at,
  {{ week_of('evaluated_at') }} as evaluated_week
from ({{ union_vendors('evaluation') }}) as things
left join {{ ref('agent_identity') }} as agent on agent.agent_ref = things.agent_ref
left join {{ ref('agent_identity') }} as evaluator on evaluator.agent_ref = things.evaluator_ref
