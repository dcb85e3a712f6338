-- Reviews that are done; audits and calibrations judge reviewers, not agents.
select
  uuid as evaluation_id,
  {{ agent_ref('agentconnect', "employee ->> 'custom_id'", "employee ->> 'email'") }} as agent_ref,
  {{ agent_ref('agentconnect', "reviewer ->> 'custom_id'", "reviewer ->> 'email'") }} as evaluator_ref,
  solicitation_id as interaction_id,
  scorecard ->> 'name' as scorecard,
  score,
  coalesce(count_toward_score, false) as counts_toward_score,
  autofailed as is_autofailed,
  {{ moment('completed_at') }} as evaluated_at
from {{ source('agentconnect', 'qa_reviews') }}
where completed_at is not null
