-- The points of a question are those of all answers selected; which are the most there are, no field tells.
select
  uuid as evaluation_id,
  question ->> 'question_id' as question_id,
  question ->> 'question_text' as question,
  question ->> 'section' as section,
  (select string_agg(option ->> 'option_text', ', ') from {{ elements("question -> 'selected_options'") }} as option)
    as answer,
  (select sum((option ->> 'score')::numeric) from {{ elements("question -> 'selected_options'") }} as option) as points,
  null::numeric as most_points
from {{ source('agentconnect', 'qa_reviews') }}, unnest(questions) as question
where completed_at is not null
