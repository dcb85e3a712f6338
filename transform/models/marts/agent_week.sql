{{ config(indexes=[{'columns': ['agent_key', 'week_start'], 'unique': true}, {'columns': ['week_start']}]) }}
-- Every week from an agent's first trace to now, those without any too, or the weeks before and after would not be four.
with coached as (
  select agent_key, held_week as week_start, count(*) as sessions, sum(minutes) as minutes
  from {{ ref('fct_coaching_session') }}
  where status = 'held' and agent_key is not null
  group by 1, 2
), acted as (
  select agent_key, completed_week as week_start, count(*) as actions
  from {{ ref('fct_coaching_action') }}
  where completed_week is not null and agent_key is not null
  group by 1, 2
), evaluated as (
  select agent_key, evaluated_week as week_start, count(*) as evaluations, sum(score) as score
  from {{ ref('fct_evaluation') }}
  where counts_toward_score and score is not null and agent_key is not null
  group by 1, 2
), worked as (
  select
    agent_key, started_week as week_start, count(*) as interactions,
    count(stars) as ratings, sum(stars) as stars,
    count(handle_seconds) as timed, sum(handle_seconds) as seconds
  from {{ ref('fct_interaction') }}
  where started_week is not null and agent_key is not null
  group by 1, 2
), traces as (
  select agent_key, week_start from coached
  union select agent_key, week_start from acted
  union select agent_key, week_start from evaluated
  union select agent_key, week_start from worked
), agents as (
  select agent_key, min(week_start) as first_week from traces group by 1
), weeks as (
  select agent_key, first_week + 7 * ago as week_start, ago as week_number
  from agents, generate_series(0, ({{ week_of(var('as_of')) }} - first_week) / 7) as ago
), filled as (
  select
    weeks.*,
    coalesce(sessions, 0) as sessions, minutes, coalesce(actions, 0) as actions,
    coalesce(evaluations, 0) as evaluations, score,
    coalesce(interactions, 0) as interactions,
    coalesce(ratings, 0) as ratings, stars, coalesce(timed, 0) as timed, seconds
  from weeks
  left join coached using (agent_key, week_start)
  left join acted using (agent_key, week_start)
  left join evaluated using (agent_key, week_start)
  left join worked using (agent_key, week_start)
), framed as (
  select
    *,
    week_number >= 4 as has_prior,
    week_start + 35 <= {{ week_of(var('as_of')) }} as has_next
    {%- for frame in ('prior', 'next') %}
    {%- for column in ('sessions', 'evaluations', 'score', 'interactions', 'ratings', 'stars', 'timed', 'seconds') %},
    sum({{ column }}) over {{ frame }}_4w as {{ column }}_{{ frame }}
    {%- endfor %}
    {%- endfor %}
  from filled
  window
    prior_4w as (partition by agent_key order by week_start rows between 4 preceding and 1 preceding),
    next_4w as (partition by agent_key order by week_start rows between 1 following and 4 following)
)
select
  agent_key,
  week_start,
  sessions::int as coaching_sessions,
  minutes as coaching_minutes,
  actions::int as actions_completed,
  evaluations::int as evaluations,
  round(score / nullif(evaluations, 0), 2) as qa_score,
  interactions::int as interactions,
  ratings::int as ratings,
  round(stars / nullif(ratings, 0), 3) as stars,
  round(seconds / nullif(timed, 0), 1) as handle_seconds
  {%- for frame in ('prior', 'next') %},
  case when has_{{ frame }} then sessions_{{ frame }}::int end as coaching_sessions_{{ frame }}_4w,
  case when has_{{ frame }} then evaluations_{{ frame }}::int end as evaluations_{{ frame }}_4w,
  case when has_{{ frame }} then round(score_{{ frame }} / nullif(evaluations_{{ frame }}, 0), 2) end as qa_score_{{ frame }}_4w,
  case when has_{{ frame }} then interactions_{{ frame }}::int end as interactions_{{ frame }}_4w,
  case when has_{{ frame }} then round(stars_{{ frame }} / nullif(ratings_{{ frame }}, 0), 3) end as stars_{{ frame }}_4w,
  case when has_{{ frame }} then round(seconds_{{ frame }} / nullif(timed_{{ frame }}, 0), 1) end as handle_seconds_{{ frame }}_4w
  {%- endfor %},
  case when has_prior and has_next then
    round(score_next / nullif(evaluations_next, 0) - score_prior / nullif(evaluations_prior, 0), 2)
  end as qa_score_change
from framed
