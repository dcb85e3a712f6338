{# The columns of each thing, which every vendor's staging model of it has; models/marts/marts.yml says what they mean. #}
{% macro shape(thing) %}
  {{ return({
    'agent': {
      'agent_ref': 'text', 'agent_id': 'text', 'agent_email': 'text', 'agent_name': 'text', 'shared_id': 'text',
      'team': 'text', 'is_listed': 'boolean', 'seen_at': 'timestamptz',
    },
    'coaching_session': {
      'session_id': 'text', 'agent_ref': 'text', 'coach_ref': 'text', 'subject': 'text', 'status': 'text',
      'created_at': 'timestamptz', 'planned_at': 'timestamptz', 'held_at': 'timestamptz', 'minutes': 'numeric',
    },
    'coaching_action': {
      'action_id': 'text', 'session_id': 'text', 'agent_ref': 'text', 'title': 'text', 'status': 'text',
      'created_at': 'timestamptz', 'due_at': 'timestamptz', 'completed_at': 'timestamptz',
    },
    'evaluation': {
      'evaluation_id': 'text', 'agent_ref': 'text', 'evaluator_ref': 'text', 'interaction_id': 'text',
      'scorecard': 'text', 'score': 'numeric', 'counts_toward_score': 'boolean', 'is_autofailed': 'boolean',
      'evaluated_at': 'timestamptz',
    },
    'evaluation_answer': {
      'evaluation_id': 'text', 'question_id': 'text', 'question': 'text', 'section': 'text', 'answer': 'text',
      'points': 'numeric', 'most_points': 'numeric',
    },
    'interaction': {
      'interaction_id': 'text', 'kind': 'text', 'channel': 'text', 'agent_ref': 'text', 'ticket': 'text',
      'started_at': 'timestamptz', 'handle_seconds': 'numeric', 'stars': 'numeric', 'recommendation': 'numeric',
      'is_resolved': 'boolean',
    },
  }[thing]) }}
{% endmacro %}
