-- A scorecard's score is the mean of its answers, each from 0 to 5; one without any has none.
select
  "resultId" as evaluation_id,
  {{ agent_ref('execvision', 'null', 'min(caller)') }} as agent_ref,
  {{ agent_ref('execvision', 'null', 'min(reviewer)') }} as evaluator_ref,
  min("callId") as interaction_id,
  min("scorecardName") as scorecard,
  avg("rawAnswer") * 20 as score,
  true as counts_toward_score,
  null::boolean as is_autofailed,
  min({{ moment('"scoreTime"') }}) as evaluated_at
from {{ source('execvision', 'scores') }}
group by "resultId"
