{# Which things each vendor has a staging model for: stg_<vendor>__<thing>. A fifth vendor is a line here and a folder. #}
{% macro things() %}
  {{ return({
    'agentconnect': ['agent', 'coaching_action', 'coaching_session', 'evaluation', 'evaluation_answer', 'interaction'],
    'caranalytics': ['agent', 'interaction'],
    'execvision': ['agent', 'coaching_session', 'evaluation', 'evaluation_answer', 'interaction'],
    'maestroqa': ['agent', 'coaching_action', 'coaching_session'],
  }) }}
{% endmacro %}

{# The vendors that DBT_VENDORS names, all if it names none. Every mart asks, so what is missing is said here. #}
{% macro vendors() %}
  {% if not (target.host and target.user and target.dbname) %}
    {% do exceptions.raise_compiler_error(
      "dbt has no database: set TARGET_POSTGRES_HOST, _PORT, _USER, _PASSWORD and _DATABASE in .env or the environment"
    ) %}
  {% endif %}
  {% set named = env_var('DBT_VENDORS', '').replace(' ', '').split(',') | select | list %}
  {% for vendor in named if vendor not in things() %}
    {% do exceptions.raise_compiler_error(
      "DBT_VENDORS names '" ~ vendor ~ "', which is none of " ~ things().keys() | join(', ')
    ) %}
  {% endfor %}
  {{ return(named or things().keys() | list) }}
{% endmacro %}

{# One thing of every vendor that is there, in the columns of its shape; without any, no rows in the same columns. #}
{% macro union_vendors(thing) %}
  {% set columns, parts = shape(thing), [] %}
  {% for vendor in vendors() if thing in things()[vendor] %}
    {% set part %}
select
  '{{ vendor }}' as vendor
  {%- for name, type in columns.items() %},
  {{ name }}::{{ type }} as {{ name }}
  {%- endfor %}
from {{ ref('stg_' ~ vendor ~ '__' ~ thing) }}
    {% endset %}
    {% do parts.append(part) %}
  {% else %}
    {% set part %}
select null::text as vendor
  {%- for name, type in columns.items() %}, null::{{ type }} as {{ name }}{% endfor %}
where false
    {% endset %}
    {% do parts.append(part) %}
  {% endfor %}
  {{ return(parts | join('union all')) }}
{% endmacro %}
