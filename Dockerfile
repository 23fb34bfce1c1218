# The bot as an image: `docker build -t mlcompare .`; see docs/deploy/README.md.
FROM python:3.12-slim AS build
WORKDIR /build
RUN python -m venv /opt/mlcompare
# "runtime otel" has what traces need, too.
ARG LOCKS=runtime
COPY requirements/runtime.txt requirements/otel.txt requirements/
# The lock is complete: nothing is resolved anew. Compiled files stay, the start is quicker by them.
RUN for lock in $LOCKS; do \
      /opt/mlcompare/bin/pip install --no-cache-dir --no-deps --require-hashes -r requirements/$lock.txt || exit 1; \
    done \
 && /opt/mlcompare/bin/pip check
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY handlers handlers
COPY comparison comparison
RUN /opt/mlcompare/bin/pip install --no-cache-dir --no-deps --no-build-isolation .
# What only developers of the libraries need.
COPY requirements/trim.sh requirements/
RUN sh requirements/trim.sh /opt/mlcompare

FROM python:3.12-slim
RUN groupadd --gid 10001 mlcompare \
 && useradd --uid 10001 --gid 10001 --home-dir /var/lib/mlcompare --create-home --shell /usr/sbin/nologin mlcompare
COPY --from=build /opt/mlcompare /opt/mlcompare
ENV PATH=/opt/mlcompare/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    MPLCONFIGDIR=/tmp \
    MLFLOW_DISABLE_TELEMETRY=true \
    DATABASE_URL=sqlite:////var/lib/mlcompare/mlcompare.db \
    MLCOMPARE_HOST=0.0.0.0
USER 10001:10001
WORKDIR /var/lib/mlcompare
VOLUME /var/lib/mlcompare
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ.get('PORT', '3000') + '/healthz', timeout=4)"]
CMD ["mlcompare", "serve"]
