{{ config(indexes=[{'columns': ['answer_key'], 'unique': true}, {'columns': ['evaluation_key']}]) }}
select
  vendor || ':' || evaluation_id || ':' || question_id as answer_key,
  vendor,
  vendor || ':' || evaluation_id as evaluation_key,
  question_id,
  question,
  section,
  answer,
  points,
  most_points
from ({{ union_vendors('evaluation_answer') }}) as things
