# A worker, and what schedules it: Airflow, Meltano, the taps and the loaders. See docs/scale.md.
FROM python:3.12-slim

# Without bytecode, every run would take twice the CPU.
ENV UV_COMPILE_BYTECODE=1 \
    UV_NO_CACHE=1 \
    UV_TOOL_DIR=/opt/tools \
    UV_TOOL_BIN_DIR=/usr/local/bin \
    MELTANO_SYS_DIR_ROOT=/opt/meltano \
    MELTANO_PROJECT_ROOT=/project \
    AIRFLOW_HOME=/home/taps/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/project/orchestrate/dags \
    AIRFLOW__CORE__LOAD_EXAMPLES=false

RUN python3 -m pip install --no-cache-dir uv
RUN python3 -m uv tool install "meltano[postgres]>=4.4,<5"
RUN python3 -m uv tool install --with-executables-from apache-airflow-core \
    --with apache-airflow-providers-postgres --with asyncpg "apache-airflow>=3.3,<4"

WORKDIR /project
COPY meltano.yml ./
COPY plugins plugins
COPY tap-agentconnect tap-agentconnect
COPY tap-caranalytics tap-caranalytics
COPY tap-execvision tap-execvision
COPY tap-maestroqa tap-maestroqa
COPY orchestrate orchestrate

# The project stays root's, so nobody else writes there; the system folder and a home are the user's.
RUN meltano install \
    && python3 -m compileall -q tap-* \
    && useradd --create-home taps \
    && rm -rf /opt/meltano/meltano.db /opt/meltano/run \
    && chown taps /opt/meltano
USER taps
CMD ["airflow", "standalone"]
