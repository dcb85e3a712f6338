select
  "resultId" as evaluation_id,
  "questionId" as question_id,
  question,
  skill1 as section,
  answer,
  "rawAnswer" as points,
  5 as most_points
from {{ source('execvision', 'scores') }}
