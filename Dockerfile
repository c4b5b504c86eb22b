# docker build -t pxgen . && docker run --rm -v "$PWD:/project" pxgen sample --label alien
FROM python:3.12-slim AS build
WORKDIR /source
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.12-slim
# The CPU build of torch is a tenth of the size of the one on pip's own index.
# A pin all the same, and another version is a matter of one build argument:
ARG TORCH="torch==2.13.0"
ARG TORCH_INDEX="https://download.pytorch.org/whl/cpu"
# hadolint ignore=DL3013
RUN pip install --no-cache-dir --index-url "${TORCH_INDEX}" "${TORCH}"
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir /wheels/*.whl && rm -r /wheels \
    && useradd --create-home --uid 1000 pxgen \
    && install --directory --owner=pxgen --group=pxgen /project
USER 1000
WORKDIR /project
ENTRYPOINT ["pxgen"]
CMD ["--help"]
