# The application image: web, worker and beat are the same image with another command.
FROM python:3.11-slim AS build
WORKDIR /srv/chairtime
COPY locks locks
RUN python -m venv .venv \
    && .venv/bin/pip install --quiet --no-cache-dir --require-hashes -r locks/tools.txt \
    && .venv/bin/uv pip sync --quiet --no-cache --require-hashes \
        locks/app.txt locks/assets.txt locks/tools.txt
COPY . .
# Static files are built with the Node.js of the locked wheel, which then goes, as do its packages.
RUN .venv/bin/python -m config.assets \
    && SECRET_KEY=only-to-collect-static-files .venv/bin/python manage.py collectstatic --no-input --verbosity 0 \
    && .venv/bin/uv pip sync --quiet --no-cache --require-hashes locks/app.txt \
    && rm -rf node_modules var

FROM python:3.11-slim
RUN useradd --system --no-create-home chairtime
WORKDIR /srv/chairtime
COPY --from=build /srv/chairtime .
ENV PATH=/srv/chairtime/.venv/bin:$PATH PYTHONUNBUFFERED=1
USER chairtime
EXPOSE 8000
CMD ["gunicorn", "config.wsgi", "--bind", "0.0.0.0:8000", "--threads", "8", "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
